/**
 * Digests of values that cannot travel, so that those of several workers can be compared: the same digest for
 * the same content, of everything that can be looked into. What cannot (functions, classes of the user's own
 * with their private fields, proxies) has none.
 */
import { types } from "node:util";

const MAX_DEPTH = 1_000;
/** Objects, elements and fields looked at. */
const MAX_PARTS = 1_000_000;
/** Characters that are collected before they are hashed. */
const CHUNK = 64 * 1024;

/** Thrown, and caught here, where there is no digest. */
class Opaque extends Error {}

/** Classes of errors whose content is their text and their fields. */
const ERRORS: ReadonlySet<unknown> = new Set(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    ({ prototype }) => prototype as unknown,
  ),
);

/** A digest of all of `value`; undefined where it holds something that cannot be compared. */
export function digestOf(value: unknown): string | undefined {
  const walk = new Walk();
  try {
    walk.value(value, 0);
  } catch (error) {
    if (error instanceof Opaque || error instanceof RangeError) return undefined;
    throw error;
  }
  return walk.digest();
}

class Walk {
  readonly #hasher = new Bun.CryptoHasher("sha256");
  /** Objects met, with their numbers: whatever is met again is named by its number, cycles too. */
  readonly #met = new Map<object, number>();
  #text = "";
  #parts = 0;

  digest(): string {
    this.#flush();
    return this.#hasher.digest("hex");
  }

  value(item: unknown, depth: number): void {
    if (depth > MAX_DEPTH || ++this.#parts > MAX_PARTS) throw new Opaque();
    if (typeof item === "function") throw new Opaque();
    if (typeof item === "symbol") return this.#symbol(item);
    if (typeof item !== "object" || item === null)
      return this.#write(typeof item, Object.is(item, -0) ? "-0" : String(item));
    const number = this.#met.get(item);
    if (number !== undefined) return this.#write("again", String(number));
    this.#met.set(item, this.#met.size);
    this.#object(item, depth + 1);
  }

  #object(item: object, depth: number): void {
    // What its traps say need not be what is there.
    if (types.isProxy(item)) throw new Opaque();
    const prototype: unknown = Object.getPrototypeOf(item);
    if (Array.isArray(item)) this.#write("list", String(item.length));
    else if (prototype === Object.prototype) this.#write("object", "");
    else if (prototype === null) this.#write("bare object", "");
    else if (prototype === Map.prototype)
      this.#entries("map", [...(item as Map<unknown, unknown>)], depth);
    else if (prototype === Set.prototype) this.#entries("set", [...(item as Set<unknown>)], depth);
    else if (prototype === Date.prototype) this.#write("date", String((item as Date).getTime()));
    else if (prototype === RegExp.prototype)
      this.#write(
        "regexp",
        `${(item as RegExp).source} ${(item as RegExp).flags} ${(item as RegExp).lastIndex}`,
      );
    else if (prototype === URL.prototype) this.#write("url", (item as URL).href);
    else if (ERRORS.has(prototype)) this.#error(item as Error, depth);
    else if (types.isBoxedPrimitive(item) && !types.isSymbolObject(item))
      this.#write("boxed", `${typeof item.valueOf()} ${String(item)}`);
    else if (ArrayBuffer.isView(item)) return this.#bytes(item);
    else if (item instanceof ArrayBuffer) return this.#bytes(new Uint8Array(item));
    else throw new Opaque();
    this.#fields(item, depth);
  }

  #entries(kind: string, entries: readonly unknown[], depth: number): void {
    this.#write(kind, String(entries.length));
    for (const entry of entries) this.value(entry, depth);
  }

  #error(error: Error, depth: number): void {
    this.#write("error", error.name);
    this.#write("message", error.message);
    this.#write("stack", error.stack ?? "");
    if (Object.hasOwn(error, "cause")) this.value(error.cause, depth);
  }

  #bytes(view: ArrayBufferView): void {
    this.#write(Object.prototype.toString.call(view), String(view.byteLength));
    this.#flush();
    this.#hasher.update(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }

  #fields(item: object, depth: number): void {
    for (const key of Reflect.ownKeys(item)) {
      const field = Object.getOwnPropertyDescriptor(item, key);
      if (field?.enumerable !== true) continue;
      // What a getter says now need not be what it says later.
      if (field.get !== undefined || field.set !== undefined) throw new Opaque();
      if (typeof key === "symbol") this.#symbol(key);
      else this.#write("key", key);
      this.value(field.value, depth);
    }
    this.#write("end", "");
  }

  /** Only those that the whole of a process shares are the same elsewhere. */
  #symbol(symbol: symbol): void {
    const key = Symbol.keyFor(symbol);
    const known = Object.entries(Object.getOwnPropertyDescriptors(Symbol)).find(
      ([, { value }]) => value === symbol,
    );
    if (key === undefined && known === undefined) throw new Opaque();
    this.#write("symbol", key ?? `Symbol.${known?.[0]}`);
  }

  /** Lengths stand before texts, so that two never read as one. */
  #write(kind: string, text: string): void {
    this.#text += `${kind} ${text.length} ${text}\n`;
    if (this.#text.length > CHUNK) this.#flush();
  }

  #flush(): void {
    this.#hasher.update(this.#text.isWellFormed() ? this.#text : JSON.stringify(this.#text));
    this.#text = "";
  }
}
