/** What a query has to tell its user about data that were read all the same. Pure. */
import type { Note } from "../../protocol/query.ts";

/** Notes that are told; more of them would be read by nobody. */
const MOST = 20;

export class Notes {
  readonly #about = new Set<string>();
  /** Those that are told, one line each. */
  readonly lines: string[] = [];

  /** The line to be told, if this is about something new. */
  add({ about, text }: Note): string | undefined {
    if (this.#about.has(about) || this.lines.length > MOST) return undefined;
    this.#about.add(about);
    const line = this.lines.length < MOST ? text : "there are more notes than are shown";
    this.lines.push(line);
    return line;
  }
}
