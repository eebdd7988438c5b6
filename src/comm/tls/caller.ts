/** The calling end of TLS: a client's, a master's, or a daemon's that asks others for their health. */
import { isIP } from "node:net";
import {
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type PeerCertificate,
  rootCertificates,
  type SecureContext,
} from "node:tls";
import { Deadline } from "../../lib/clock.ts";
import { ProofError, systemCode } from "../../lib/errors.ts";
import { recogniseWelcome } from "../../protocol/handshake.ts";
import type { TlsFiles } from "../secure.ts";
import type { Secure } from "../transport.ts";
import { readAuthorities, readCallerCertificate } from "./certificates.ts";
import { certificateProblem, isCertificateProblem, isUnknownAuthority } from "./problems.ts";
import { reasonOf, TlsTransport } from "./transport.ts";

const WRONG_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";

/** Reads the files and returns what secures connections with them. Throws TLS_FILE. */
export function callerTls(files: TlsFiles): Secure {
  const own = readCallerCertificate(files);
  const authorities = files.ca === "" ? systemAuthorities() : readAuthorities(files.ca);
  const context: SecureContext = createSecureContext({
    // Who shows our own certificate has our own key: that is us, or a node that shares it.
    // A certificate that is listed is believed, whether or not its authority is listed too.
    allowPartialTrustChain: true,
    ca: own === undefined ? [...authorities] : [...authorities, own.leaf.toString()],
    ...(own?.key === undefined ? {} : { cert: own.cert, key: own.key }),
  });
  return (below, { host, where }, limit) =>
    new Promise((resolve, reject) => {
      const deadline = Deadline.of(limit);
      const timer = setTimeout(() => {
        const text = `${where}: no TLS handshake ${deadline.within}`;
        const hint =
          "something accepts connections there but does not speak TLS; check host and port";
        reject(new ProofError("TIMEOUT", text, { hint, details: { phase: "login", host } }));
        below.abort();
      }, deadline.left);
      let names = "";
      const options = {
        secureContext: context,
        // Addresses are no server names in TLS.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        checkServerIdentity(_name: string, certificate: PeerCertificate): Error | undefined {
          names = certificate.subjectaltname ?? String(certificate.subject.CN ?? "");
          if (own?.leaf.raw.equals(certificate.raw) === true) return undefined;
          return checkServerIdentity(host, certificate);
        },
      };
      const transport = new TlsTransport(
        below,
        Buffer.alloc(0),
        { side: "caller", options },
        {
          agreed() {
            clearTimeout(timer);
            resolve(transport);
            return { problem: "" };
          },
          failed(error) {
            clearTimeout(timer);
            reject(explain(error, { files, host, where, names, head: transport.head }));
          },
        },
      );
    });
}

function systemAuthorities(): readonly string[] {
  const system = getCACertificates("system");
  return system.length > 0 ? system : rootCertificates;
}

/** Why there is no TLS with `where`, whose first bytes on the wire were `head`. */
function explain(
  error: Error,
  {
    files,
    host,
    where,
    names,
    head,
  }: { files: TlsFiles; host: string; where: string; names: string; head: Buffer },
): ProofError {
  const fail = (
    code: "TLS_CERTIFICATE" | "TLS_MISMATCH" | "NOT_PROOF",
    text: string,
    hint: string,
  ): ProofError =>
    new ProofError(code, `${where}: ${text}`, {
      hint,
      cause: error,
      details: { phase: "login", host },
    });

  const first = head[0];
  if (first === undefined)
    return fail("NOT_PROOF", "closed during the TLS handshake", "check host and port");
  // An alert before anything else is how a daemon without a certificate answers.
  if (first === 0x15)
    return fail("TLS_MISMATCH", "speaks no TLS", `use proof://${where}, or configure [tls] there`);
  if (first !== 0x16) {
    const seen = recogniseWelcome(head);
    const [code, what] =
      seen.kind === "foreign"
        ? (["NOT_PROOF", seen.what] as const)
        : (["TLS_MISMATCH", "a daemon without TLS"] as const);
    return fail(code, `${what} answered, without TLS`, "check host, port and proofs://");
  }
  if (systemCode(error) === WRONG_NAME) {
    return fail(
      "TLS_CERTIFICATE",
      `the daemon's certificate is for ${names || "nobody"}, not for ${host}`,
      `call the daemon by a name of its certificate, or have ${host} put into the certificate there (tls.cert)`,
    );
  }
  if (!isCertificateProblem(error))
    return fail("TLS_MISMATCH", `TLS failed: ${reasonOf(error)}`, "see the log of the daemon");
  const problem = `the daemon's certificate ${certificateProblem(error)}`;
  if (!isUnknownAuthority(error))
    return fail("TLS_CERTIFICATE", problem, "renew tls.cert there and send that daemon SIGHUP");
  const hint =
    files.ca === ""
      ? "set tls.ca in proof.toml to the file with the certificate of the authority that signed it"
      : `tls.ca is ${files.ca}; it must hold the certificate of the authority that signed it`;
  return fail("TLS_CERTIFICATE", problem, hint);
}
