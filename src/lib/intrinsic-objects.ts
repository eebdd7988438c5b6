/** The objects of the language and its library that the rest of this process relies on. */

/** One of them. */
export interface Intrinsic {
  /** As users write it. */
  name: string;
  object: object;
  /** The only names that matter. */
  only: readonly string[] | undefined;
  /** Whether anything may be added. */
  isOpen: boolean;
}

/** Functions of the system that this process needs, its own or inherited. Others are made when they are looked at: 25 ms for all. */
const OF_PROCESS = [
  "emit",
  "on",
  "off",
  "once",
  "addListener",
  "removeListener",
  "kill",
  "exit",
  "cwd",
  "hrtime",
  "memoryUsage",
];
const OF_PERFORMANCE = ["now", "timeOrigin"];
const OF_BUN = ["inspect", "connect", "spawn", "sleep", "file", "Transpiler", "plugin", "hash"];
/** Of RegExp itself: what was matched last is there, too. */
const OF_REGEXP = ["prototype", "escape"];

/** All of them: what is used most comes first, and Object.prototype before everything, being seen in all the others. */
export function INTRINSICS(): Intrinsic[] {
  const { getPrototypeOf } = Object;
  const list: Intrinsic[] = [];
  const add = (name: string, object: unknown, isOpen = true, only?: readonly string[]): void => {
    list.push({ name, object: object as object, isOpen, only });
  };
  const addAll = (all: readonly { name: string; prototype: unknown }[], isOpen: boolean): void => {
    for (const made of all) {
      add(made.name, made);
      add(`${made.name}.prototype`, made.prototype, isOpen);
    }
  };
  add("Object.prototype", Object.prototype, false);
  addAll([Array, Promise, Map, Set, Function, String, Number, Boolean, Symbol, Error, Date], false);
  add("RegExp", RegExp, true, OF_REGEXP);
  add("RegExp.prototype", RegExp.prototype);
  add("Object", Object);
  // Something may be added to BigInt, so that JSON.stringify can show one.
  addAll([BigInt, AggregateError, TypeError, RangeError, WeakMap, WeakSet, WeakRef], true);
  const typedArray = getPrototypeOf(Uint8Array) as { name: string; prototype: unknown };
  addAll([typedArray, Uint8Array, Float64Array, ArrayBuffer, DataView, Buffer], true);
  addAll([Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array], true);
  addAll([Float32Array, BigInt64Array, BigUint64Array], true);
  addAll([TextDecoder, TextEncoder, URL], true);
  add("JSON", JSON);
  add("Math", Math);
  add("Reflect", Reflect);
  add("Iterator.prototype", Iterator.prototype);
  add("Array Iterator", getPrototypeOf([][Symbol.iterator]()));
  add("Map Iterator", getPrototypeOf(new Map().entries()));
  add("Set Iterator", getPrototypeOf(new Set().entries()));
  add("String Iterator", getPrototypeOf(""[Symbol.iterator]()));
  add("RegExp String Iterator", getPrototypeOf("".matchAll(/x/g)));
  const generator = getPrototypeOf(function* () {}) as { prototype: object };
  add("Generator.prototype", generator.prototype);
  const asyncGenerator = getPrototypeOf(async function* () {}) as { prototype: object };
  add("AsyncGenerator.prototype", asyncGenerator.prototype);
  add("AsyncIterator.prototype", getPrototypeOf(asyncGenerator.prototype));
  add("Performance.prototype", getPrototypeOf(performance));
  add("performance", performance, true, OF_PERFORMANCE);
  add("process", process, true, OF_PROCESS);
  add("Bun", Bun, true, OF_BUN);
  return list;
}
