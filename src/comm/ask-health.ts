/** Asking a daemon for its health: one short connection. */
import { Admin, Request, Role } from "../protocol/codes.ts";
import {
  decodeHealth,
  decodeNodeHealth,
  type Health,
  type NodeHealth,
} from "../protocol/health.ts";
import { admin } from "../protocol/requests.ts";
import { Link, STREAM } from "./link.ts";
import { ask } from "./ask.ts";
import { type Identity, logIn } from "./log-in.ts";
import type { Secure } from "./transport.ts";

/** Whom to ask. */
export interface Daemon {
  host: string;
  port: number;
  /** How the connection is encrypted, if it is. */
  secure?: Secure | undefined;
}

/** Asks a daemon; the whole takes at most about `timeout` milliseconds. Throws what Link and logIn throw. */
export function askHealth(daemon: Daemon, identity: Identity, timeout: number): Promise<Health> {
  return withLink(daemon, identity, timeout, async (link, left) =>
    decodeHealth(await request(link, Admin.health, 0, left())),
  );
}

/** Asks a daemon for the health of every node of its inventory, besides its own. */
export function askNodes(
  daemon: Daemon,
  identity: Identity,
  timeout: number,
): Promise<{ health: Health; nodes: NodeHealth[] }> {
  return withLink(daemon, identity, timeout, async (link, left) => {
    const health = decodeHealth(await request(link, Admin.health, 0, left()));
    // The daemon's own deadline for the nodes leaves time for its answer to come back.
    const nodes = decodeNodeHealth(
      await request(link, Admin.nodeHealth, Math.round(left() * 0.8), left()),
    );
    return { health, nodes };
  });
}

async function withLink<T>(
  daemon: Daemon,
  identity: Identity,
  timeout: number,
  use: (link: Link, left: () => number) => Promise<T>,
): Promise<T> {
  const end = performance.now() + timeout;
  const left = (): number => Math.max(1, Math.round(end - performance.now()));
  const link = await Link.open(daemon, timeout, daemon.secure);
  try {
    await logIn(link, identity, { role: Role.admin, ordinal: "0", timeout: left(), heartbeat: 0 });
    return await use(link, left);
  } finally {
    link.end();
  }
}

function request(link: Link, code: number, deadline: number, timeout: number): Promise<Buffer> {
  return ask(link, "create", () =>
    link.call(STREAM.login, Request.admin, {
      what: "health",
      timeout,
      body: admin.encode(-1, code, deadline),
    }),
  );
}
