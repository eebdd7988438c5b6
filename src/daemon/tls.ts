/** What a daemon does about TLS: its certificate, and who is refused for want of TLS or of a certificate. */
import type { ServerTls } from "../comm/tls/server.ts";
import type { Config } from "../config/schema.ts";
import { ProofError } from "../lib/errors.ts";
import { ErrorNumber } from "../protocol/codes.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";

/**
 * The daemon's certificate, checked; undefined where none is configured. All that TLS takes is loaded here.
 * Throws TLS_FILE, and CONFIG_VALUE where TLS is required without a certificate.
 */
export async function loadServerTls({ tls }: Config): Promise<ServerTls | undefined> {
  if (tls.cert === "") {
    if (!tls.required) return undefined;
    throw new ProofError("CONFIG_VALUE", "tls.required needs a certificate: tls.cert is empty", {
      hint: "set tls.cert and tls.key, or unset tls.required",
    });
  }
  const { serverTls } = await import("../comm/tls/server.ts");
  return serverTls(tls, tls.mutual);
}

/** Refuses a caller that has no TLS where it must, or no good certificate. Throws TLS_MISMATCH or TLS_CERTIFICATE. */
export function checkTls(context: Context, connection: Connection): void {
  const { required, mutual } = context.config.tls;
  const { tls } = connection.link;
  const details = { phase: "login", host: context.host, number: ErrorNumber.notAuthorized };
  if (tls === undefined) {
    if (!required) return;
    const where = `${context.host}:${context.port}`;
    const text = `${context.host}: this daemon requires TLS: use proofs://${where}`;
    const hint = "a master calls it with TLS if its [[node]] table has tls = true";
    throw new ProofError("TLS_MISMATCH", text, { hint, details });
  }
  if (!mutual || tls.problem === "") return;
  throw new ProofError(
    "TLS_CERTIFICATE",
    `${context.host}: this daemon asks for a certificate, the caller ${tls.problem}`,
    {
      hint: "set tls.cert and tls.key of the caller to a certificate that an authority in the daemon's tls.ca has signed",
      details,
    },
  );
}
