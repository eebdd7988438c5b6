/** Asking a daemon about things other than a session: one short connection. */
import type { Limit } from "../lib/clock.ts";
import { Request, Role } from "../protocol/codes.ts";
import { admin } from "../protocol/requests.ts";
import { Link, STREAM } from "./link.ts";
import { ask } from "./ask.ts";
import { type Identity, logIn } from "./log-in.ts";
import type { Secure } from "./transport.ts";

/** Whom to ask. */
export interface DaemonAddress {
  host: string;
  port: number;
  /** How the connection is encrypted, if it is. */
  secure?: Secure | undefined;
}

/** Makes one admin request, `what` for messages, and resolves with its answer within `timeout`. */
export type AdminCall = (
  code: number,
  what: string,
  timeout: Limit,
  payload?: Buffer,
) => Promise<Buffer>;

/** A daemon that is asked. */
export interface AdminLink {
  call: AdminCall;
  end(): void;
}

/** Connects and logs in; `limits` in milliseconds, or one deadline. Throws what Link and logIn throw. */
export async function openAdmin(
  daemon: DaemonAddress,
  identity: Identity,
  limits: { tcp: Limit; login: Limit },
): Promise<AdminLink> {
  const link = await Link.open(daemon, limits.tcp, daemon.secure);
  try {
    const terms = { role: Role.admin, ordinal: "0", timeout: limits.login, heartbeat: 0 } as const;
    await logIn(link, identity, terms);
  } catch (error) {
    link.end();
    throw error;
  }
  return {
    call: (code, what, timeout, payload = Buffer.alloc(0)) =>
      ask(link, "running", () =>
        link.call(STREAM.login, Request.admin, {
          what,
          timeout,
          body: admin.encode(-1, code),
          payload,
        }),
      ),
    end: () => link.end(),
  };
}

/** The same for as long as `use` takes. */
export async function withAdmin<T>(
  daemon: DaemonAddress,
  identity: Identity,
  limits: { tcp: Limit; login: Limit },
  use: (call: AdminCall) => Promise<T>,
): Promise<T> {
  const link = await openAdmin(daemon, identity, limits);
  try {
    return await use(link.call);
  } finally {
    link.end();
  }
}
