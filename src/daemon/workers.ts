/** GetWorkers: what a master is told to open. */
import type { InventoryNode } from "../config/inventory.ts";
import { ProofError } from "../lib/errors.ts";
import { encodeWorkers, TLS_ID, type WorkerRecord } from "../protocol/workers.ts";
import type { Context } from "./context.ts";
import { assignWorkers } from "./scheduler.ts";
import type { Session } from "./session.ts";

/** An inventory node as it can be reached from here: "localhost" is where this daemon listens. */
export function reachable(context: Context, node: InventoryNode): InventoryNode {
  const tls = node.tls || context.config.tls.required;
  return { ...node, tls, host: node.host === "localhost" ? context.localHost : node.host };
}

/** The answer to a GetWorkers request of `session`'s master. Throws what reading the inventory throws. */
export function workersFor(context: Context, session: Session): Buffer {
  // ROOT's master asks again for every query, and gives up where the list has changed meanwhile.
  if (session.workerList !== undefined) return session.workerList;
  const { config } = context;
  const inventory = context.inventory();
  for (const warning of inventory.warnings) context.log.warn(warning);
  const assigned = assignWorkers({
    nodes: inventory.nodes,
    local: config.node.length === 0 && config.inventory.conf === "",
    wish: session.wish,
    limit: config.limits.workers,
  });
  if (assigned.length === 0) {
    throw new ProofError(
      "NO_WORKERS",
      `${context.host}: the inventory (${inventory.source}) names no worker`,
    );
  }
  const own = {
    role: "master",
    host: context.localHost,
    port: context.port,
    tls: false,
    user: "",
    perf: 100,
  } as const;
  const master = record(context, { ...own, image: "", workdir: "", msd: "" }, "");
  session.callOuts.allow(assigned.map((node) => reachable(context, node)));
  if (session.callOuts.isAllowed) context.sessions.keep(context, session);
  const list = encodeWorkers([
    master,
    ...assigned.map((node, position) => record(context, node, String(position))),
  ]);
  if (session.version !== undefined) {
    session.workerList = list;
    session.workers = assigned.length;
  }
  return list;
}

const LETTERS = { master: "M", submaster: "S", worker: "W" } as const;

function record(context: Context, node: InventoryNode, ordinal: string): WorkerRecord {
  const { role, host, port, tls, user, perf, image, workdir, msd } = reachable(context, node);
  const id = tls ? TLS_ID : "";
  return { type: LETTERS[role], user, host, port, ordinal, id, perf, image, workdir, msd };
}
