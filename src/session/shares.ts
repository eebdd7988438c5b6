/** How the workers that a client wants are divided among workers and submasters. Pure. */
import type { WorkerWish } from "../protocol/create.ts";

/**
 * The wish that goes to each record: a wish per node goes to every submaster as it is; of a number for
 * the whole session, each worker is one, and the submasters share the rest as evenly as it goes.
 */
export function shareWorkers(
  records: readonly { type: string }[],
  wish: WorkerWish | undefined,
): (WorkerWish | undefined)[] {
  if (wish === undefined || wish.perNode) return records.map(() => wish);
  const submasters = records.filter(({ type }) => type === "S").length;
  let rest = wish.count - (records.length - submasters);
  let left = submasters;
  return records.map(({ type }) => {
    if (type !== "S") return undefined;
    const share = Math.ceil(rest / left--);
    rest -= share;
    return { count: Math.max(1, share), perNode: false };
  });
}
