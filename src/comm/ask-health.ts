/** Asking a daemon for its health: one short connection. */
import { Deadline, type Limit } from "../lib/clock.ts";
import { type ProofError, toProofError } from "../lib/errors.ts";
import { Admin, Request, Role } from "../protocol/codes.ts";
import {
  decodeHealth,
  decodeNodeHealth,
  type Health,
  MAX_TIERS,
  type NodeHealth,
  nodesRequest,
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

/** What a daemon says of itself and of what is below it. */
export interface Cluster {
  health: Health;
  nodes: NodeHealth[];
  /** Why what is below it is not known. */
  failure?: ProofError | undefined;
}

/** The part of the time that the daemons below get; the rest is for their answer to come back. */
const SHARE = 0.8;

/** Asks a daemon within `limit`. Throws what Link and logIn throw. */
export function askHealth(daemon: Daemon, identity: Identity, limit: Limit): Promise<Health> {
  return withLink(daemon, identity, Deadline.of(limit), async (link, deadline) =>
    decodeHealth(await request(link, Admin.health, deadline)),
  );
}

/**
 * Asks a daemon for its own health, and for that of every node of its inventory and below, within `limit`. `below` says
 * how many tiers, and which daemons have been asked on the way.
 */
export function askNodes(
  daemon: Daemon,
  identity: Identity,
  limit: Limit,
  below: { hops: number; way: string[] } = { hops: MAX_TIERS, way: [] },
): Promise<Cluster> {
  return withLink(daemon, identity, Deadline.of(limit), async (link, deadline) => {
    const health = decodeHealth(await request(link, Admin.health, deadline));
    try {
      const payload = nodesRequest.encode({
        ...below,
        allowed: Math.max(1, Math.round(deadline.allowed)),
        deadline: Math.max(1, Math.round(deadline.left * SHARE)),
      });
      return {
        health,
        nodes: decodeNodeHealth(await request(link, Admin.nodeHealth, deadline, payload)),
      };
    } catch (error) {
      return { health, nodes: [], failure: toProofError(error, "PROTOCOL") };
    }
  });
}

async function withLink<T>(
  daemon: Daemon,
  identity: Identity,
  deadline: Deadline,
  use: (link: Link, deadline: Deadline) => Promise<T>,
): Promise<T> {
  const link = await Link.open(daemon, deadline, daemon.secure);
  try {
    await logIn(link, identity, {
      role: Role.admin,
      ordinal: "0",
      timeout: deadline,
      heartbeat: 0,
    });
    return await use(link, deadline);
  } finally {
    link.end();
  }
}

function request(
  link: Link,
  code: number,
  timeout: Deadline,
  payload: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  return ask(link, "create", () =>
    link.call(STREAM.login, Request.admin, {
      what: "health",
      timeout,
      body: admin.encode(-1, code),
      payload,
    }),
  );
}
