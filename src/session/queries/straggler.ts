/**
 * Who keeps a query waiting: workers that hold the last of it while others have nothing to do, and are so
 * much slower, or so silent, that the others would sooner do it again. Pure.
 */
import { holdingsOf, type QueryMember } from "./query-member.ts";

/** Milliseconds for which others may have nothing to do before anybody is called late. */
export const GRACE = 1_000;
/** A worker at work reports four times a second; one that has said nothing for so long may be stopped. */
const SILENT = 2_000;
/** Unless workers have been silent for long before, as where one entry takes minutes. */
const LONGER = 3;
/** By how much doing it again must be faster than waiting. */
const FACTOR = 2;

/**
 * Whether waiting for `member` is worse than having `free` do again what it holds. `now` in milliseconds;
 * `longest` is how long a worker of this query has been silent and was heard of again.
 */
export function isLate(
  member: QueryMember,
  free: readonly QueryMember[],
  now: number,
  longest: number,
): boolean {
  const held = holdingsOf(member);
  const silence = now - member.heard;
  if (held.length === 0) return silence > GRACE;
  if (!canBeDoneBy(held, free)) return false;
  if (silence > Math.max(SILENT, LONGER * longest)) return true;
  const speed = free.reduce((sum, { rate }) => sum + rate, 0);
  if (speed === 0) return false;
  const units = held.reduce((sum, { packet }) => sum + packet.count, 0);
  return timeLeft(member, now, speed / free.length) > GRACE + (FACTOR * units) / speed;
}

function canBeDoneBy(held: ReturnType<typeof holdingsOf>, free: readonly QueryMember[]): boolean {
  return held.every(
    ({ source: { hosts } }) => hosts === undefined || free.some(({ host }) => hosts.has(host)),
  );
}

/**
 * Milliseconds that a worker's packet will still take, by how far it has come. Where that is not known, by how
 * fast it was before, or else others were; if it has taken much longer than that, for ever.
 */
function timeLeft(
  { current, partial, rate, since }: QueryMember,
  now: number,
  usual: number,
): number {
  if (current === undefined) return 0;
  const { count } = current.packet;
  if (partial !== undefined && partial.units > 0)
    return ((count - partial.units) * partial.elapsed) / partial.units;
  const expected = count / (rate > 0 ? rate : usual);
  const elapsed = now - since;
  return elapsed > GRACE + 2 * FACTOR * expected ? Infinity : Math.max(0, expected - elapsed);
}
