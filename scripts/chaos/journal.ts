/** Everything that was said during a run, by whom and when. */
import { appendFileSync } from "node:fs";

export interface Said {
  /** Value of Date.now(). */
  at: number;
  /** `daemon n3`, `client a`, … */
  source: string;
  text: string;
}

/** The source of what the script itself says. */
export const OURSELVES = "chaos";

export class Journal {
  readonly #said: Said[] = [];
  readonly #file: string | undefined;

  /** With a file, everything is written there, too. */
  constructor(file?: string) {
    this.#file = file;
  }

  add(source: string, text: string, at: number = Date.now()): void {
    this.#said.push({ at, source, text });
    if (this.#file !== undefined)
      appendFileSync(this.#file, `${new Date(at).toISOString()} ${source}: ${text}\n`);
  }

  /**
   * The first since `from`, of daemons, proofservs and clients, that one of the patterns fits: of the
   * earliest, `source: text`.
   */
  find(from: number, patterns: readonly RegExp[]): Said | undefined {
    return this.since(from).find(
      ({ source, text }) =>
        source !== OURSELVES && patterns.some((pattern) => pattern.test(`${source}: ${text}`)),
    );
  }

  since(from: number): Said[] {
    return this.#said.filter(({ at }) => at >= from).toSorted((a, b) => a.at - b.at);
  }
}
