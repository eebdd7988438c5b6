/** Asking a daemon to end sessions: one short connection. */
import { Admin } from "../protocol/codes.ts";
import { type CloseRequest, decodeClosed, encodeClose } from "../protocol/close.ts";
import { type DaemonAddress, withAdmin } from "./admin-call.ts";
import type { Identity } from "./log-in.ts";

/** Milliseconds for connecting, for logging in, and for the end of the sessions. */
export interface CloseLimits {
  tcp: number;
  login: number;
  create: number;
}

/** Asks a daemon, and resolves with the tags of the sessions that have ended. Throws what Link and logIn throw. */
export function askToClose(
  daemon: DaemonAddress,
  identity: Identity,
  request: CloseRequest,
  limits: CloseLimits,
): Promise<string[]> {
  return withAdmin(daemon, identity, limits, async (call) =>
    decodeClosed(await call(Admin.closeSessions, "close", limits.create, encodeClose(request))),
  );
}
