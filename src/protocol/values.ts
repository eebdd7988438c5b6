/**
 * Values of user code on the wire: JSON, in which `{"$": [kind, …]}` stands for what JSON has no word for. The
 * memory of typed arrays travels in attachments, as it is, and so does the JSON itself where it is long: who
 * passes a value on need not read it.
 */
import { asObject, CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { MAX_NAMED } from "./same.ts";
import { MAX_ATTACHMENTS } from "./envelope.ts";
import { decodePatched } from "./values-patched.ts";
import { ARRAYS, type ArrayKind, arrayOf, kindOfArray } from "./value-arrays.ts";

/** Objects and lists inside one another at most. */
export const MAX_DEPTH = 256;
/** JSON from so many bytes on travels as an attachment. */
const LONG = 16 * 1024;
/** Typed arrays of fewer bytes share one attachment. */
const SMALL = 64 * 1024;
/** Characters of a class's name that are told. */
const MAX_NAME = 100;
/** Attachments left for those that small arrays and JSON share. */
const SHARED = 2;
/** Bytes that every element of a Uint32Array and its like can begin at. */
const ALIGNED = 8;

/** A value in the form in which it travels. */
export interface PortableValue {
  head: JsonObject;
  attachments: Uint8Array[];
}

/** Why a value has no form on the wire. */
export interface Unportable {
  /** What it holds that cannot travel, in words: `a function`. */
  reason: string;
}

/** A value takes more bytes than it may. */
export class SizeError extends Error {
  override readonly name = "SizeError";
}

/** Thrown, and caught here, where a value has no form on the wire. */
class NoForm extends Error {}

/** A copy of part of a value as JSON can say it, and the bytes that it takes at least. */
interface Copy {
  json: unknown;
  size: number;
}

/** Bytes that a tag takes at least besides what it holds. */
const TAG = '{"$":["date"]}'.length;
/** Where a list has nothing, not even undefined. */
const HOLE: Copy = { json: { $: ["hole"] }, size: TAG };

/** What {@link encodePortable} does with a value. */
class Encoder {
  readonly #limit: number;
  /** Copies of objects; undefined while one is being made: met again then, it is a cycle. */
  readonly #copies = new Map<unknown, Copy | undefined>();
  readonly #own: Uint8Array[] = [];
  readonly #small: Uint8Array[] = [];
  #smallSize = 0;
  /** Tags that name the attachment of the small arrays, whose number is known at the end. */
  readonly #shared: unknown[][] = [];
  #isTagged = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  encode(value: unknown): PortableValue {
    const { json } = this.#copy(value, 0);
    const attachments = this.#own;
    if (this.#small.length > 0) {
      for (const tag of this.#shared) tag[1] = attachments.length;
      attachments.push(Buffer.concat(this.#small));
    }
    const text = JSON.stringify(json);
    const tagged = this.#isTagged ? { tagged: true } : {};
    if (text.length < LONG) return { head: { text, ...tagged }, attachments };
    attachments.push(Buffer.from(text));
    return { head: { at: attachments.length - 1, ...tagged }, attachments };
  }

  #tag(size: number, ...tag: unknown[]): Copy {
    this.#isTagged = true;
    return { json: { $: tag }, size: size + TAG };
  }

  #hole(): Copy {
    this.#isTagged = true;
    return HOLE;
  }

  #copy(item: unknown, depth: number): Copy {
    switch (typeof item) {
      case "string":
        return { json: item, size: item.length };
      case "boolean":
        return { json: item, size: 4 };
      case "undefined":
        return this.#tag(0, "undefined");
      case "number":
        if (Number.isFinite(item) && !Object.is(item, -0)) return { json: item, size: 1 };
        return this.#tag(0, "number", Object.is(item, -0) ? "-0" : String(item));
      case "bigint":
        return this.#tag(0, "bigint", `0x${(item < 0n ? -item : item).toString(16)}`, item < 0n);
      case "function":
        throw new NoForm("a function");
      case "symbol":
        throw new NoForm("a symbol");
      default:
        return item === null ? { json: null, size: 4 } : this.#object(item as object, depth);
    }
  }

  #object(item: object, depth: number): Copy {
    const known = this.#copies.get(item);
    if (known !== undefined) return known;
    if (this.#copies.has(item)) throw new NoForm("an object that holds itself");
    if (depth >= MAX_DEPTH) throw new NoForm(`more than ${MAX_DEPTH} objects inside one another`);
    this.#copies.set(item, undefined);
    const copy = this.#contents(item, depth + 1);
    this.#check(copy.size);
    this.#copies.set(item, copy);
    return copy;
  }

  #check(size: number): void {
    if (size + this.#smallSize > this.#limit) throw new SizeError();
  }

  #contents(item: object, depth: number): Copy {
    if (ArrayBuffer.isView(item)) return this.#array(item);
    if (Array.isArray(item)) return this.#list(item, depth);
    const prototype: unknown = Object.getPrototypeOf(item);
    if (prototype === Date.prototype)
      // An invalid date has no number that JSON could say.
      return this.#tag(0, "date", String(Date.prototype.getTime.call(item)));
    if (prototype !== Object.prototype && prototype !== null)
      throw new NoForm(`an object of class ${className(prototype)}`);
    const { json, size } = this.#fields(item, Object.keys(item), depth);
    // A key that means something here is said in another way.
    return Object.hasOwn(json, "$") ? this.#tag(size, "object", json) : { json, size };
  }

  #fields(
    item: object,
    names: readonly string[],
    depth: number,
  ): { json: Record<string, unknown>; size: number } {
    if (Object.getOwnPropertySymbols(item).length > 0) throw new NoForm("a symbol as a key");
    const json = Object.create(null) as Record<string, unknown>;
    let size = 2;
    for (const name of names) {
      const field = this.#copy((item as Record<string, unknown>)[name], depth);
      json[name] = field.json;
      size += name.length + 3 + field.size;
      this.#check(size);
    }
    return { json, size };
  }

  #list(item: readonly unknown[], depth: number): Copy {
    const { length } = item;
    this.#check(2 * length);
    const json: unknown[] = [];
    let size = 2;
    for (let i = 0; i < length; i++) {
      const element = item[i];
      // Most elements of long lists are numbers.
      if (typeof element === "number" && Number.isFinite(element) && element !== 0) {
        json.push(element);
        size += 2;
        continue;
      }
      const copy = element !== undefined || i in item ? this.#copy(element, depth) : this.#hole();
      json.push(copy.json);
      size += copy.size + 1;
      this.#check(size);
    }
    // Such as `index` of what a match gives. In a long list the look would take longer than the copy.
    if (length > MAX_NAMED) return { json, size };
    const others = Object.keys(item).filter((name) => !isIndex(name));
    if (others.length === 0) return { json, size };
    const fields = this.#fields(item, others, depth);
    return this.#tag(size + fields.size, "list", json, fields.json);
  }

  #array(item: ArrayBufferView): Copy {
    const kind = kindOfArray(item);
    if (kind === undefined) throw new NoForm("a DataView");
    const bytes = new Uint8Array(item.buffer, item.byteOffset, item.byteLength);
    this.#check(bytes.length);
    if (bytes.length >= SMALL && this.#own.length < MAX_ATTACHMENTS - SHARED) {
      this.#own.push(bytes);
      return this.#tag(bytes.length, kind, this.#own.length - 1, 0, bytes.length);
    }
    const copy = this.#tag(bytes.length, kind, 0, this.#smallSize, bytes.length);
    this.#shared.push((copy.json as { $: unknown[] }).$);
    const padding = (ALIGNED - (bytes.length % ALIGNED)) % ALIGNED;
    this.#small.push(bytes.slice(), new Uint8Array(padding));
    this.#smallSize += bytes.length + padding;
    return copy;
  }
}

/** Whether a property of a list is one of its elements. */
function isIndex(name: string): boolean {
  const index = Number(name) >>> 0;
  return String(index) === name && index < 2 ** 32 - 1;
}

function className(prototype: unknown): string {
  const maker: unknown = (prototype as { constructor?: unknown }).constructor;
  if (typeof maker !== "function" || typeof maker.name !== "string") return "unknown";
  return maker.name.slice(0, MAX_NAME) || "unknown";
}

/**
 * A value as it travels, or why it has no such form. Throws SizeError where it would take more than `limit`
 * bytes, and what user code throws (getters, traps of a proxy).
 */
export function encodePortable(value: unknown, limit = Infinity): PortableValue | Unportable {
  try {
    return new Encoder(limit).encode(value);
  } catch (error) {
    if (error instanceof NoForm) return { reason: error.message };
    // JSON that is longer than a string can be.
    if (error instanceof RangeError && /memory|length/i.test(error.message)) throw new SizeError();
    throw error;
  }
}

/** The same without the reason. */
export function encodeValue(value: unknown, limit = Infinity): PortableValue | undefined {
  const encoded = encodePortable(value, limit);
  return "reason" in encoded ? undefined : encoded;
}

/** The value again; throws CheckError. */
export function decodeValue(head: JsonObject, attachments: readonly Buffer[]): unknown {
  // As results of version 0.1 are kept on disk.
  if ("json" in head || Object.keys(head).length === 0) return decodePatched(head, attachments);
  const fields = new Fields(head, "value");
  const value = parse(
    fields.has("at")
      ? partOf(attachments, head["at"]).toString()
      : fields.string("text", Number.MAX_SAFE_INTEGER),
  );
  return fields.boolean("tagged") ? restore(value, attachments, 0) : value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CheckError("value: not valid JSON");
  }
}

function partOf(attachments: readonly Buffer[], at: unknown): Buffer {
  const part = typeof at === "number" ? attachments[at] : undefined;
  if (part === undefined) throw new CheckError("value: an attachment is missing");
  return part;
}

/** Puts right what tags stand for; objects and lists are changed where they are. */
function restore(item: unknown, attachments: readonly Buffer[], depth: number): unknown {
  if (typeof item !== "object" || item === null) return item;
  // A tag puts two levels around what it holds.
  if (depth > 3 * MAX_DEPTH) throw new CheckError("value: nested too deeply");
  if (Array.isArray(item)) return restoreList(item, attachments, depth);
  if (Object.hasOwn(item, "$")) return untag((item as { $: unknown }).$, attachments, depth);
  return restoreFields(item, attachments, depth);
}

function restoreList(
  list: unknown[],
  attachments: readonly Buffer[],
  depth: number,
): readonly unknown[] {
  for (let i = 0; i < list.length; i++) {
    const element = list[i];
    if (typeof element !== "object" || element === null) continue;
    if (isHole(element)) Reflect.deleteProperty(list, i);
    else list[i] = restore(element, attachments, depth + 1);
  }
  return list;
}

function isHole(element: object): boolean {
  const tag: unknown = Object.hasOwn(element, "$") ? (element as { $: unknown }).$ : undefined;
  return Array.isArray(tag) && tag[0] === "hole";
}

function restoreFields(item: object, attachments: readonly Buffer[], depth: number): object {
  for (const [name, field] of Object.entries(item)) {
    if (typeof field !== "object" || field === null) continue;
    // An assignment to "__proto__" would mean something else.
    Object.defineProperty(item, name, { value: restore(field, attachments, depth + 1) });
  }
  return item;
}

/** A list with fields besides, which are neither elements nor its length. */
function named(list: readonly unknown[], fields: object): readonly unknown[] {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "length" || isIndex(name)) throw new CheckError("value: malformed list");
    Object.defineProperty(list, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return list;
}

function untag(tag: unknown, attachments: readonly Buffer[], depth: number): unknown {
  const [kind, ...data] = Array.isArray(tag) ? (tag as unknown[]) : [];
  const [first, second] = data;
  switch (kind) {
    case "undefined":
      return undefined;
    case "number":
      return Number(first);
    case "date":
      return new Date(Number(first));
    case "bigint":
      if (typeof first !== "string" || !/^0x[0-9a-f]+$/.test(first)) break;
      return second === true ? -BigInt(first) : BigInt(first);
    case "object":
      return restoreFields(asObject(first, "value"), attachments, depth + 1);
    case "list":
      if (!Array.isArray(first)) break;
      return named(
        restoreList(first, attachments, depth + 1),
        restoreFields(asObject(second, "value"), attachments, depth + 1),
      );
    default: {
      if (typeof kind !== "string" || !Object.hasOwn(ARRAYS, kind)) break;
      const part = partOf(attachments, first);
      const [, offset, size] = new Fields({ data }, "value").list("data", 3, (number) => {
        if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0)
          return number;
        throw new CheckError("value: malformed array");
      });
      if (offset === undefined || size === undefined || offset + size > part.length) break;
      return arrayOf(kind as ArrayKind, part.subarray(offset, offset + size));
    }
  }
  throw new CheckError("value: malformed tag");
}
