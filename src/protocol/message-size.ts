/** Whether a message that is about to be sent will be taken at the other end. */
import { formatBytes } from "../lib/units.ts";
import { ProofError } from "../lib/errors.ts";
import { MAX_HEAD } from "./envelope.ts";

/** Bytes of a message. */
export function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** That something takes more than a message may have. */
export function tooLarge(what: string, limit: number): ProofError {
  return new ProofError(
    "TOO_LARGE",
    `${what} than a message may have: ${formatBytes(limit)} (limits.message)`,
  );
}

/** The pieces of a message of ours, which hold `what`; throws TOO_LARGE where they are more than `limit` bytes. */
export function within(
  pieces: readonly Uint8Array[],
  limit: number,
  what: string,
): readonly Uint8Array[] {
  const size = sizeOf(pieces);
  if (size > limit) throw tooLarge(`${what} takes more (${formatBytes(size)})`, limit);
  const head = pieces[0]?.length ?? 0;
  if (head <= MAX_HEAD) return pieces;
  throw new ProofError(
    "TOO_LARGE",
    `${what} takes more (${formatBytes(head)}) than the head of a message may have: ${formatBytes(MAX_HEAD)}`,
  );
}
