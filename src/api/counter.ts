/** Counts and sums that come out the same however the work was spread. */
import { need, needNumbers, show, State } from "./check.ts";
import { BLOCK, ExactSum } from "./exact-sum.ts";

/** A sum of numbers, exact until it is read. */
export class Sum {
  #sum = new ExactSum();
  readonly #waiting = new Float64Array(BLOCK);
  #waits = 0;
  /** How many values were added. */
  entries = 0;

  /** Adds a value. */
  fill(value: number): void {
    if (this.#waits === BLOCK) this.#fold();
    if (!(value <= Infinity)) needNumbers(value);
    this.#waiting[this.#waits++] = value;
    this.entries++;
  }

  /** The sum, correctly rounded. */
  get value(): number {
    this.#fold();
    return this.#sum.value;
  }

  /** Takes in what another has added up. */
  merge(other: Sum): void {
    need(other instanceof Sum, `a Sum cannot take in ${show(other)}`);
    this.#fold();
    other.#fold();
    this.#sum.merge(other.#sum);
    this.entries += other.entries;
  }

  /** As plain data. */
  save(): Record<string, unknown> {
    this.#fold();
    return { sum: String(this.#sum), entries: this.entries };
  }

  /** The sum that was saved; throws Error. */
  static load(saved: unknown): Sum {
    const state = new State(saved, "Sum");
    const loaded = new Sum();
    loaded.#sum = ExactSum.parse(state.text("sum")) ?? state.fail("sum", "an exact sum");
    loaded.entries = state.count("entries");
    return loaded;
  }

  #fold(): void {
    this.#sum.addBlock(this.#waiting, this.#waits);
    this.#waits = 0;
  }
}

/** A count of whole things. */
export class Counter {
  #value = 0;

  /** Counts `n` more, an integer. */
  fill(n = 1): void {
    this.#value += n;
    if (!Number.isSafeInteger(this.#value)) {
      need(Number.isInteger(n), `a counter counts whole things, not ${show(n)}; use sum()`);
      need(false, "a counter has passed 2^53; use sum()");
    }
  }

  get value(): number {
    return this.#value;
  }

  /** Takes in what another has counted. */
  merge(other: Counter): void {
    need(other instanceof Counter, `a Counter cannot take in ${show(other)}`);
    this.fill(other.#value);
  }

  /** As plain data. */
  save(): Record<string, unknown> {
    return { value: this.#value };
  }

  /** The counter that was saved; throws Error. */
  static load(saved: unknown): Counter {
    const loaded = new Counter();
    loaded.#value = new State(saved, "Counter").count("value", Number.MIN_SAFE_INTEGER);
    return loaded;
  }
}

/** Counts whole things: `out.passed = counter()`, then `out.passed.fill()`. */
export function counter(): Counter {
  return new Counter();
}

/** Adds numbers up without rounding: `out.energy = sum()`, then `out.energy.fill(event.E)`. */
export function sum(): Sum {
  return new Sum();
}
