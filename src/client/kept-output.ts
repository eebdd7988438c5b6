/** What a command has written on one worker, as far as it is kept for the caller. */
import type { Dropped } from "../protocol/messages.ts";

/** Characters kept of each worker; `onOutput` gets everything. */
export const MAX_KEPT_OUTPUT: number = 16 * 1024 * 1024;

export class KeptOutput {
  text = "";
  /** What came behind it. */
  cut: Dropped | undefined;

  /** Takes what comes next. */
  add(piece: string): void {
    const room = this.cut === undefined ? MAX_KEPT_OUTPUT - this.text.length : 0;
    this.text += piece.slice(0, room);
    if (piece.length > room) this.lose(lossOf(piece.slice(room)));
  }

  /** Takes note of what never came. */
  lose({ lines, bytes }: Dropped): void {
    this.cut ??= { lines: 0, bytes: 0 };
    this.cut.lines += lines;
    this.cut.bytes += bytes;
  }
}

function lossOf(text: string): Dropped {
  return { lines: text.split("\n").length - 1, bytes: Buffer.byteLength(text) };
}
