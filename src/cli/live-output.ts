/** Output of many workers while it comes: whole lines, each with the ordinal of its worker. */
import { sanitize } from "../lib/sanitize.ts";
import type { Output } from "./output.ts";

/** A line longer than this is shown in pieces, in characters. */
const MAX_LINE = 64 * 1024;

export class LiveOutput {
  readonly #output: Output;
  readonly #partial = new Map<string, string>();

  constructor(output: Output) {
    this.#output = output;
  }

  /** Takes a piece of text and shows the lines that are complete. */
  add({ ordinal, text }: { ordinal: string; text: string }): void {
    const lines = ((this.#partial.get(ordinal) ?? "") + text).split("\n");
    let rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE) {
      lines.push(rest);
      rest = "";
    }
    this.#partial.set(ordinal, rest);
    if (lines.length === 0) return;
    this.#output.write(
      lines.map((line) => `${ordinal}: ${sanitize(line.replace(/\r$/, ""))}\n`).join(""),
    );
  }

  /** Shows what has no newline at its end. */
  end(): void {
    for (const [ordinal, rest] of this.#partial)
      if (rest !== "") this.#output.write(`${ordinal}: ${sanitize(rest)}\n`);
    this.#partial.clear();
  }
}
