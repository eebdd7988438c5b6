/** Asking a daemon to end sessions: one short connection. */
import { Admin } from "../protocol/codes.ts";
import {
  type CloseAnswer,
  closeAnswer,
  closeRequest,
  type CloseRequest,
} from "../protocol/close.ts";
import { type DaemonAddress, withAdmin } from "./admin-call.ts";
import type { Identity } from "./log-in.ts";

/** Milliseconds for connecting, for logging in, and for the end of the sessions. */
export interface CloseLimits {
  tcp: number;
  login: number;
  create: number;
}

/** Asks a daemon, and resolves when the sessions have ended. Throws what Link and logIn throw. */
export function askToClose(
  daemon: DaemonAddress,
  identity: Identity,
  request: CloseRequest,
  limits: CloseLimits,
): Promise<CloseAnswer> {
  return withAdmin(daemon, identity, limits, async (call) =>
    closeAnswer.decode(
      await call(Admin.closeSessions, "close", limits.create, closeRequest.encode(request)),
    ),
  );
}
