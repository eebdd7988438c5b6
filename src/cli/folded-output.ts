/**
 * Output of a shell command on many workers. What comes within a second is collected, and equal ones are shown once;
 * what comes later, or becomes long, is shown as it comes, each line with the ordinal of its worker.
 */
import { sanitize } from "../lib/sanitize.ts";
import { compareOrdinals } from "../protocol/ordinals.ts";
import { foldOrdinals } from "./fold.ts";
import type { LiveOutput, Piece } from "./live-output.ts";
import type { Output } from "./output.ts";

/** Milliseconds from the first output on for which all of it is collected. */
const WINDOW = 1_000;
/** Characters collected; each piece counts for some more. */
const MAX_COLLECTED = 1024 * 1024;
const PER_PIECE = 64;

/** What one worker has written. */
interface Written {
  /** All of it as it came. */
  text: string;
  out: string;
  err: string;
  /** How these two mix, where that matters. */
  mix: string;
}

export class FoldedOutput {
  readonly #output: Output;
  readonly #live: LiveOutput;
  /** What came so far; undefined once it is shown as it comes. */
  #collected: Piece[] | undefined = [];
  #size = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(output: Output, live: LiveOutput) {
    this.#output = output;
    this.#live = live;
  }

  /** Takes a piece of output; whether anything was shown. */
  add(piece: Piece): boolean {
    const collected = this.#collected;
    if (collected === undefined) return this.#live.add(piece);
    this.#timer ??= setTimeout(() => this.#show(), WINDOW);
    collected.push(piece);
    this.#size += piece.text.length + PER_PIECE;
    if (this.#size <= MAX_COLLECTED) return false;
    this.#goLive(collected);
    return true;
  }

  #goLive(pieces: readonly Piece[]): void {
    clearTimeout(this.#timer);
    this.#collected = undefined;
    for (const piece of pieces) this.#live.add(piece);
  }

  /** Shows what has been collected; the lines that have no end yet go on with what comes. */
  #show(): void {
    const written = byWorker(this.#collected ?? []);
    const rests = [...written].map(([ordinal, all]): Piece => {
      const end = all.text.lastIndexOf("\n") + 1;
      const rest = all.text.slice(end);
      all.text = all.text.slice(0, end);
      // Where it is cut depends on how the two mix.
      all.mix = all.text;
      return { ordinal, stream: "out", text: rest };
    });
    this.#showFolded(written);
    this.#goLive(rests);
  }

  /** All output has come. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#collected === undefined) return this.#live.end();
    this.#showFolded(byWorker(this.#collected));
    this.#collected = [];
  }

  #showFolded(written: ReadonlyMap<string, Written>): void {
    for (const [ordinals, text] of fold(written)) {
      const lines = text.replace(/\n$/, "").split("\n");
      this.#output.write(
        lines.map((line) => `${ordinals}: ${sanitize(line.replace(/\r$/, ""))}\n`).join(""),
      );
    }
  }
}

function byWorker(pieces: readonly Piece[]): Map<string, Written> {
  const written = new Map<string, Written>();
  for (const { ordinal, stream, text } of pieces) {
    const all = written.get(ordinal) ?? { text: "", out: "", err: "", mix: "" };
    written.set(ordinal, all);
    all.text += text;
    all[stream] += text;
  }
  return written;
}

/** The outputs by the workers that have written the same on each of the two streams, in the order of ordinals. */
function fold(written: ReadonlyMap<string, Written>): [ordinals: string, text: string][] {
  const sorted = [...written]
    .filter(([, { text }]) => text !== "")
    .sort(([a], [b]) => compareOrdinals(a, b));
  // How output and errors mix is by chance.
  const groups = Map.groupBy(
    sorted,
    ([, { out, err, mix }]) => `${out.length} ${err.length} ${out}${err}${mix}`,
  );
  return [...groups.values()].map((group) => [
    foldOrdinals(group.map(([ordinal]) => ordinal)),
    group[0]?.[1].text ?? "",
  ]);
}
