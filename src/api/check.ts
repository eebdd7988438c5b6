/** Checks of what users pass and of what comes back over the wire. */

/** Refuses an argument of the wrong kind, naming it. */
export function need(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** A value in an error message: short, and its kind where the text would not tell. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (typeof value === "object" && value !== null) {
    const name: unknown = value.constructor?.name;
    return typeof name === "string" && name !== "" && name !== "Object"
      ? withArticle(name)
      : "an object";
  }
  return typeof value === "function" ? "a function" : String(value);
}

/** `a` or `an` in front of the name of a class. */
export function withArticle(name: string): string {
  return `${/^(?:[AEIO]|H\d)/.test(name) ? "an" : "a"} ${name}`;
}

/** Whether `value` is an object made by `{}` or JSON. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Refuses texts and objects among the values of a fill that has a NaN; nothing at all is as good as NaN. */
export function needNumbers(...values: unknown[]): void {
  for (const value of values) {
    const isFit = typeof value === "number" || value === undefined || Number(value) <= Infinity;
    need(isFit, `fill: ${show(value)} is no number`);
  }
}

/** Refuses arrays with fewer than `n` values. */
export function checkLengths(n: number, ...arrays: (ArrayLike<number> | undefined)[]): void {
  for (const array of arrays) {
    need(
      array === undefined || array.length >= n,
      `fillN: ${n} values asked for, but an array has ${array?.length}`,
    );
  }
}

/** Reads the fields of a saved state; every refusal names the kind of object and the field. */
export class State {
  readonly #fields: Record<string, unknown>;
  readonly #kind: string;

  constructor(saved: unknown, kind: string) {
    need(isPlain(saved), `saved ${kind}: not an object`);
    this.#fields = saved;
    this.#kind = kind;
  }

  /** The field as it is; undefined where it is absent. */
  get(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  fail(name: string, expected: string): never {
    throw new Error(`saved ${this.#kind}: field "${name}" is not ${expected}`);
  }

  text(name: string): string {
    const value = this.get(name);
    return typeof value === "string" ? value : this.fail(name, "a string");
  }

  finite(name: string): number {
    const value = this.get(name);
    return typeof value === "number" && Number.isFinite(value)
      ? value
      : this.fail(name, "a finite number");
  }

  /** An integer from `least` on. */
  count(name: string, least = 0): number {
    const value = this.get(name);
    return typeof value === "number" && Number.isSafeInteger(value) && value >= least
      ? value
      : this.fail(name, `an integer of at least ${least}`);
  }

  list(name: string): readonly unknown[] {
    const value = this.get(name);
    return Array.isArray(value) ? (value as unknown[]) : this.fail(name, "a list");
  }

  /** A list of strings, of `length` if that is given. */
  texts(name: string, length?: number): readonly string[] {
    const list = this.list(name);
    if (!list.every((item) => typeof item === "string")) this.fail(name, "a list of strings");
    if (length !== undefined && list.length !== length) this.fail(name, `a list of ${length}`);
    return list;
  }

  /** Doubles, of one of the given lengths if there are any. */
  doubles(name: string, ...lengths: readonly number[]): Float64Array {
    const value = this.get(name);
    if (!(value instanceof Float64Array)) return this.fail(name, "a Float64Array");
    if (lengths.length > 0 && !lengths.includes(value.length))
      this.fail(name, `of length ${lengths.join(" or ")}`);
    return value;
  }
}
