/**
 * Looking for accounts on behalf of strangers. What is not in this machine's own files takes a question to the
 * system that the daemon waits for: so many a second, or whoever makes up names would keep it waiting.
 * Names that were found before are always looked for.
 */

/** Questions in one second about names that were not found before. */
const PER_SECOND = 5;
/** Names that are remembered. */
const REMEMBERED = 10_000;

export class LookUps<T> {
  readonly #own: (name: string) => T | undefined;
  readonly #everywhere: (name: string) => T | undefined;
  readonly #now: () => number;
  readonly #found = new Set<string>();
  #second = 0;
  #asked = 0;

  /** `own` looks in files, `everywhere` asks the system. `now` is in milliseconds. */
  constructor(
    own: (name: string) => T | undefined,
    everywhere: (name: string) => T | undefined,
    now: () => number = () => performance.now(),
  ) {
    this.#own = own;
    this.#everywhere = everywhere;
    this.#now = now;
  }

  /** What is known about `name`; "later" where too many have asked within this second. */
  find(name: string): T | undefined | "later" {
    const local = this.#own(name);
    if (local !== undefined) return local;
    if (!this.#found.has(name) && !this.#mayAsk()) return "later";
    const found = this.#everywhere(name);
    if (found === undefined) this.#found.delete(name);
    else if (this.#found.size < REMEMBERED) this.#found.add(name);
    return found;
  }

  #mayAsk(): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) this.#asked = 0;
    this.#second = second;
    return ++this.#asked <= PER_SECOND;
  }
}
