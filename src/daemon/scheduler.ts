/** Which workers a session gets: inventory, the client's wish and the limits. Pure. */
import type { InventoryNode } from "../config/inventory.ts";
import type { WorkerWish } from "../protocol/create.ts";

/** What the scheduler goes by. */
export interface Demand {
  nodes: readonly InventoryNode[];
  /** Whether `nodes` is the built-in list of local workers, which may be longer or shorter at will. */
  local: boolean;
  wish: WorkerWish | undefined;
  /** Workers that a session may have at most; 0 for no limit. */
  limit: number;
}

/** The workers and submasters to open, in inventory order; their ordinals are their positions. */
export function assignWorkers({ nodes, local, wish, limit }: Demand): InventoryNode[] {
  const listed = nodes.filter((node) => node.role !== "master");
  const wanted =
    wish === undefined
      ? listed
      : wish.perNode
        ? perNode(listed, wish.count)
        : total(listed, wish.count, local);
  return limit > 0 ? wanted.slice(0, limit) : wanted;
}

/** Exactly `count` workers on each node, whatever number the inventory gives it; submasters as they are. */
function perNode(listed: readonly InventoryNode[], count: number): InventoryNode[] {
  const seen = new Set<string>();
  return listed.flatMap((node) => {
    if (node.role === "submaster") return [node];
    const place = `${node.host}:${node.port}`;
    if (seen.has(place)) return [];
    seen.add(place);
    return Array.from({ length: count }, () => node);
  });
}

/** The first `count` of the list; the local list is as long as asked for. */
function total(listed: readonly InventoryNode[], count: number, local: boolean): InventoryNode[] {
  const first = listed[0];
  if (!local || first === undefined) return listed.slice(0, count);
  return Array.from({ length: count }, () => first);
}
