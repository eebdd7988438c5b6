/** Asking a daemon to end sessions: one short connection. */
import type { Secure } from "./transport.ts";
import { Admin, Request, Role } from "../protocol/codes.ts";
import { type CloseRequest, decodeClosed, encodeClose } from "../protocol/close.ts";
import { admin } from "../protocol/requests.ts";
import { Link, STREAM } from "./link.ts";
import { ask, type Identity, logIn } from "./log-in.ts";

/** Milliseconds for connecting, for logging in, and for the end of the sessions. */
export interface CloseLimits {
  tcp: number;
  login: number;
  create: number;
}

/** Asks `address`, and resolves with the tags of the sessions that have ended. Throws what Link and logIn throw. */
export async function askToClose(
  address: { host: string; port: number; secure?: Secure | undefined },
  identity: Identity,
  request: CloseRequest,
  limits: CloseLimits,
): Promise<string[]> {
  const link = await Link.open(address, limits.tcp, address.secure);
  try {
    const terms = { role: Role.admin, ordinal: "0", timeout: limits.login, heartbeat: 0 } as const;
    await logIn(link, identity, terms);
    const answer = await ask(link, "running", () =>
      link.call(STREAM.login, Request.admin, {
        what: "close",
        timeout: limits.create,
        body: admin.encode(-1, Admin.closeSessions),
        payload: encodeClose(request),
      }),
    );
    return decodeClosed(answer);
  } finally {
    link.end();
  }
}
