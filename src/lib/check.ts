/**
 * Checking JSON that a peer sent. Every function names the field it refuses, takes only what it was
 * asked for and never merges foreign keys into our objects.
 */

/** Thrown when a peer's value is not what the field must hold. */
export class CheckError extends Error {
  override readonly name = "CheckError";
}

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses text that must hold a JSON object. */
export function parseObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CheckError(`${what}: not valid JSON`);
  }
  return asObject(value, what);
}

/** `value` as a JSON object. */
export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new CheckError(`${what}: not an object`);
  return value as JsonObject;
}

/** Reads the fields of one JSON object. */
export class Fields {
  readonly #object: JsonObject;
  readonly #what: string;

  constructor(object: JsonObject, what: string) {
    // Without a prototype, whose members would be taken for fields.
    this.#object = Object.assign(Object.create(null) as object, object);
    this.#what = what;
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined;
  }

  #refuse(name: string, expected: string): never {
    throw new CheckError(`${this.#what}: field "${name}" is not ${expected}`);
  }

  /** A string of at most `max` UTF-16 units; `fallback` where the field is absent. */
  string(name: string, max = 4096, fallback?: string): string {
    const value = this.#object[name] ?? fallback;
    if (typeof value !== "string" || value.length > max)
      return this.#refuse(name, `a string of at most ${max} characters`);
    return value;
  }

  /** A string field that may be absent. */
  optionalString(name: string, max = 4096): string | undefined {
    return this.has(name) ? this.string(name, max) : undefined;
  }

  /** An integer within [min, max]; `fallback` where the field is absent. */
  integer(name: string, min: number, max: number, fallback?: number): number {
    const value = this.#object[name] ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      return this.#refuse(name, `an integer from ${min} to ${max}`);
    }
    return value;
  }

  /** A finite number; `fallback` where the field is absent. */
  number(name: string, fallback?: number): number {
    const value = this.#object[name] ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value))
      return this.#refuse(name, "a finite number");
    return value;
  }

  boolean(name: string, fallback = false): boolean {
    const value = this.#object[name] ?? fallback;
    if (typeof value !== "boolean") return this.#refuse(name, "true or false");
    return value;
  }

  /** One of `options`. */
  oneOf<T extends string>(name: string, options: readonly T[], fallback?: T): T {
    const value = this.#object[name] ?? fallback;
    for (const option of options) if (option === value) return option;
    return this.#refuse(name, `one of ${options.join(", ")}`);
  }

  /** The fields of an object. */
  fields(name: string): Fields {
    const what = `${this.#what}.${name}`;
    return new Fields(asObject(this.#object[name], what), what);
  }

  /** A list of at most `max` items, each read by `read`. */
  list<T>(name: string, max: number, read: (item: unknown, what: string) => T): T[] {
    const value = this.#object[name] ?? [];
    if (!Array.isArray(value) || value.length > max)
      return this.#refuse(name, `a list of at most ${max} items`);
    return value.map((item, i) => read(item, `${this.#what}.${name}[${i}]`));
  }

  /** An object whose values are strings: at most `max` of them, of at most `maxLength` characters each. */
  strings(name: string, max = 1024, maxLength = 32 * 1024): Record<string, string> {
    const object = asObject(this.#object[name] ?? {}, `${this.#what}.${name}`);
    const entries = Object.entries(object);
    if (entries.length > max) return this.#refuse(name, `an object of at most ${max} entries`);
    const result: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [key, value] of entries) {
      if (typeof value !== "string" || value.length > maxLength) {
        return this.#refuse(`${name}.${key}`, `a string of at most ${maxLength} characters`);
      }
      result[key] = value;
    }
    return result;
  }

  /** An object of finite numbers, such as phase timings. */
  numbers(name: string, max = 64): Record<string, number> {
    const object = asObject(this.#object[name] ?? {}, `${this.#what}.${name}`);
    const entries = Object.entries(object);
    if (entries.length > max) return this.#refuse(name, `an object of at most ${max} entries`);
    const result: Record<string, number> = Object.create(null) as Record<string, number>;
    for (const [key, value] of entries) {
      if (typeof value !== "number" || !Number.isFinite(value))
        return this.#refuse(`${name}.${key}`, "a finite number");
      result[key] = value;
    }
    return result;
  }
}
