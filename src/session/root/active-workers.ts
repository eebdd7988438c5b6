/**
 * Which workers of a session ROOT's clients use: all, until one says otherwise (SetParallel,
 * ActivateWorker, DeactivateWorker). Pure.
 */

/** What became of a change: 0, or −2 where a worker is not known, as PROOF tells it. */
export type ChangeStatus = 0 | -2;

export class ActiveWorkers {
  #known: string[] = [];
  readonly #inactive = new Set<string>();
  #saved: readonly string[] = [];

  /** The ordinals of all workers, in the session's order. */
  get known(): readonly string[] {
    return this.#known;
  }

  /** The ordinals in use, in the session's order. */
  get ordinals(): string[] {
    return this.#known.filter((ordinal) => !this.#inactive.has(ordinal));
  }

  get areAllActive(): boolean {
    return this.ordinals.length === this.#known.length;
  }

  /** Who is there now; those that are new are active. */
  update(ordinals: readonly string[]): void {
    this.#known = [...ordinals];
    for (const ordinal of this.#inactive)
      if (!this.#known.includes(ordinal)) this.#inactive.delete(ordinal);
  }

  remove(ordinal: string): void {
    this.update(this.#known.filter((known) => known !== ordinal && !isBelow(known, ordinal)));
  }

  add(ordinal: string): void {
    if (!this.#known.includes(ordinal)) this.#known.push(ordinal);
  }

  /** Uses `count` workers, all for a negative one: the first, or some drawn by `random` from [0, 1). */
  use(count: number, random: (() => number) | undefined): void {
    const left = [...this.#known];
    this.#inactive.clear();
    if (count < 0 || count >= left.length) return;
    for (let i = 0; i < count; i++)
      left.splice(random === undefined ? 0 : Math.floor(random() * left.length), 1);
    for (const ordinal of left) this.#inactive.add(ordinal);
  }

  /** Activates or deactivates `ordinals`, written as PROOF writes them: with commas, `*` or `restore`. */
  change(activate: boolean, ordinals: string): ChangeStatus {
    if (ordinals === "restore") {
      const kept = new Set(this.#saved);
      this.#inactive.clear();
      for (const ordinal of this.#known) if (!kept.has(ordinal)) this.#inactive.add(ordinal);
      return 0;
    }
    // What is for one worker alone deactivates all first: "restore" means what was before both.
    if (this.ordinals.length > 0) this.#saved = this.ordinals;
    const wanted = ordinals === "*" ? this.#known : ordinals.split(",");
    let status: ChangeStatus = 0;
    for (const name of wanted) {
      const meant = this.#known.filter((known) => known === name || isBelow(known, name));
      if (meant.length === 0) status = -2;
      for (const ordinal of meant) {
        if (activate) this.#inactive.delete(ordinal);
        else this.#inactive.add(ordinal);
      }
    }
    return status;
  }
}

function isBelow(ordinal: string, other: string): boolean {
  return ordinal.startsWith(`${other}.`);
}
