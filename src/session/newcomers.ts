/** Which workers of an inventory a session does not have yet. Pure. */
import type { WorkerRecord } from "../protocol/workers.ts";

/** The same for records of the same node. */
function keyOf({ type, host, port, id }: WorkerRecord): string {
  return `${type}|${host}|${port}|${id}`;
}

/**
 * Those of `records` that are beyond what is `known` of the same node, at most `most` of them, in the order
 * of the inventory.
 */
export function newcomers(
  known: readonly WorkerRecord[],
  records: readonly WorkerRecord[],
  most: number,
): WorkerRecord[] {
  const counts = new Map<string, number>();
  for (const record of known) counts.set(keyOf(record), (counts.get(keyOf(record)) ?? 0) + 1);
  const fresh = records.filter((record) => {
    const left = counts.get(keyOf(record)) ?? 0;
    counts.set(keyOf(record), left - 1);
    return left <= 0;
  });
  return fresh.slice(0, Math.max(0, most));
}

/** Whether the node of `record` is still among `records`. */
export function isListed(record: WorkerRecord, records: readonly WorkerRecord[]): boolean {
  return records.some((other) => keyOf(other) === keyOf(record));
}
