/**
 * Output of many workers while it comes: whole lines, each with the ordinal of its worker. A very long line is shown
 * in parts, with ` …` at the end of each but the last and `… ` before the next.
 */
import { sanitize } from "../lib/sanitize.ts";
import type { Output } from "./output.ts";

/** A line longer than this is shown in parts, in characters; so is what has no end of line yet. */
const MAX_LINE = 64 * 1024;

/** A piece of what a command writes. */
export interface Piece {
  ordinal: string;
  stream: "out" | "err";
  text: string;
}

/** The last line of a worker as far as it has come; whether parts of it were shown already. */
interface Begun {
  text: string;
  isRest: boolean;
}

export class LiveOutput {
  readonly #output: Output;
  readonly #begun = new Map<string, Begun>();

  constructor(output: Output) {
    this.#output = output;
  }

  /** Takes a piece of text and shows the lines that are complete; whether there were any. */
  add({ ordinal, text }: Omit<Piece, "stream">): boolean {
    const begun = this.#begun.get(ordinal) ?? { text: "", isRest: false };
    this.#begun.set(ordinal, begun);
    let shown = "";
    // A part is marked once it is known that the line goes on.
    if (begun.text.length > MAX_LINE && text !== "" && !/^\r?\n/.test(text)) {
      // Others may write before its end comes.
      shown += lineOf(ordinal, begun.isRest, begun.text, " …");
      begun.text = "";
      begun.isRest = true;
    }
    const lines = (begun.text + text).split("\n");
    begun.text = lines.pop() ?? "";
    for (const line of lines) {
      shown += lineOf(ordinal, begun.isRest, line.replace(/\r$/, ""));
      begun.isRest = false;
    }
    if (shown !== "") this.#output.write(shown);
    return shown !== "";
  }

  /** Shows what has no newline at its end. */
  end(): void {
    for (const [ordinal, { text, isRest }] of this.#begun)
      if (text !== "") this.#output.write(lineOf(ordinal, isRest, text));
    this.#begun.clear();
  }
}

/** A line, or a part of one: it goes on behind the mark, and begins with one where something went before. */
function lineOf(ordinal: string, isRest: boolean, text: string, mark = ""): string {
  return `${ordinal}: ${isRest ? "… " : ""}${sanitize(text)}${mark}\n`;
}
