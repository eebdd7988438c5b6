/**
 * What jsroot skips. Of an object of a class that it does not know it reads nothing, says so on the
 * console, and gives null: noted here, so that nobody takes that for a value.
 */
import type { TBuffer } from "jsroot/io";

/** Thrown for a branch of which jsroot has skipped something. */
export class SkippedError extends Error {
  override readonly name = "SkippedError";
}

/** What was skipped last, by jsroot's file. */
const skipped = new WeakMap<object, string>();
const watched = new WeakSet<object>();

/** Makes jsroot's buffers note what they skip. */
export function watchSkipping({ prototype }: { prototype: TBuffer }): void {
  if (watched.has(prototype)) return;
  watched.add(prototype);
  const original = prototype.checkByteCount;
  prototype.checkByteCount = function (this: TBuffer, version, where) {
    const isWhole = original.call(this, version, where);
    if (!isWhole && this.fFile !== undefined) skipped.set(this.fFile, where ?? "something");
    return isWhole;
  };
}

/** Forgets what was skipped in `file`: describing a tree needs not all of it. */
export function forgetSkipped(file: object): void {
  skipped.delete(file);
}

/** Throws SkippedError if something was skipped in `file` since. */
export function refuseSkipped(file: object): void {
  const what = skipped.get(file);
  if (what !== undefined) throw new SkippedError(`jsroot cannot read ${what}`);
}
