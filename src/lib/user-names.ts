/**
 * The names of user code. What the process itself needs, `JSON` or `performance`, stays as it is; a user's variable
 * of such a name is kept here, and code that may see it or make it runs in a scope made of what is here, in
 * front of the global object. All other names of user code are properties of the global object itself: only these are
 * as fast as variables should be.
 */

const { defineProperty, deleteProperty, get, getOwnPropertyDescriptor, has, ownKeys, set } =
  Reflect;

/** Names by which programs ask where they are; a user's `window` is no browser. */
const ASKED_FOR = [
  "window",
  "document",
  "location",
  "self",
  "global",
  "module",
  "exports",
  "require",
  "define",
  "Deno",
  "XMLHttpRequest",
  "importScripts",
  "WorkerGlobalScope",
  "localStorage",
  "sessionStorage",
  "EventSource",
  "PROOF_VERSION",
  "__dirname",
  "__filename",
];

/** Globals whose values are remembered; others would take milliseconds to be made. */
const REMEMBERED = [
  ..."AbortController AbortSignal AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array".split(
    " ",
  ),
  ..."BigUint64Array Boolean Buffer Bun DataView Date Error FinalizationRegistry Float32Array".split(
    " ",
  ),
  ..."Float64Array Function Int16Array Int32Array Int8Array Iterator JSON Map Math Number".split(
    " ",
  ),
  ..."Object Promise Proxy RangeError Reflect RegExp Set SharedArrayBuffer String Symbol".split(
    " ",
  ),
  ..."SyntaxError TextDecoder TextEncoder TypeError URL URLSearchParams Uint16Array Uint32Array".split(
    " ",
  ),
  ..."Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet clearImmediate clearInterval".split(" "),
  ..."clearTimeout decodeURIComponent encodeURIComponent isFinite isNaN parseFloat parseInt".split(
    " ",
  ),
  ..."globalThis performance process queueMicrotask setImmediate setInterval setTimeout structuredClone".split(
    " ",
  ),
  ...ASKED_FOR,
];

/** Names under which code of this process finds what it is to run with or to call. */
export const SCOPE = "__proof_scope__";
export const ACTION = "__proof_breakable__";

/** Other names of the global object. */
const ITSELF = ["globalThis", "self", "global"];

/** The global object itself, whatever user code makes of its name. */
export const outer = globalThis as unknown as object;
const remembered: [name: string, descriptor: PropertyDescriptor | undefined][] = [];
/** Names that are not the user's. */
const kept = Object.create(null) as Record<string, true>;
/** The user's variables of such names. */
const values = Object.create(null) as Record<PropertyKey, unknown>;
/** Those that the user has deleted. */
const deleted = Object.create(null) as Record<PropertyKey, true>;

const isKept = (name: PropertyKey): boolean => kept[name as string] === true;
const isOwn = (name: PropertyKey): boolean => has(values, name) || deleted[name] === true;

/** Takes note of the global object as it is; once, before the first user code. */
export function rememberGlobals(): void {
  if (remembered.length > 0) return;
  for (const name of REMEMBERED) {
    const descriptor = getOwnPropertyDescriptor(outer, name);
    if (descriptor !== undefined) Object.setPrototypeOf(descriptor, null);
    remembered.push([name, descriptor]);
  }
  const names = [...Object.getOwnPropertyNames(outer), ...ASKED_FOR, SCOPE, ACTION];
  for (const name of names) kept[name] = true;
}

/** Gives back to the global object what user code has overwritten there; what it wrote is kept as the user's. */
export function restoreGlobals(): void {
  for (let i = 0; i < remembered.length; i++) {
    const entry = remembered[i] as (typeof remembered)[number];
    const name = entry[0];
    const wanted = entry[1];
    const found = getOwnPropertyDescriptor(outer, name);
    if (found?.value === wanted?.value && found?.get === wanted?.get) continue;
    if (found === undefined) deleted[name] = true;
    else take(name, found);
    if (wanted !== undefined) defineProperty(outer, name, wanted);
    // A variable that was declared cannot be deleted.
    else if (!deleteProperty(outer, name)) set(outer, name, undefined);
  }
}

function take(name: PropertyKey, descriptor: PropertyDescriptor): boolean {
  delete deleted[name];
  descriptor.configurable = true;
  return defineProperty(values, name, descriptor);
}

/** The global object as user code sees it. */
const view: object = new Proxy(Object.create(null) as object, {
  has: (_, name) => has(values, name) || (deleted[name] !== true && has(outer, name)),
  get: (_, name) => lookUp(name),
  set: (_, name, value) => assign(name, value),
  deleteProperty(_, name) {
    delete values[name];
    if (!isKept(name)) return deleteProperty(outer, name);
    deleted[name] = true;
    return true;
  },
  defineProperty(target, name, descriptor) {
    if (!isKept(name)) {
      // What cannot be deleted a proxy must have itself.
      if (descriptor.configurable === false) defineProperty(target, name, descriptor);
      return defineProperty(outer, name, descriptor);
    }
    if (descriptor.configurable === false) defineProperty(target, name, descriptor);
    return take(name, descriptor);
  },
  getOwnPropertyDescriptor(target, name) {
    const fixed = getOwnPropertyDescriptor(target, name);
    if (fixed !== undefined) return fixed;
    const from = has(values, name) ? values : deleted[name] === true ? {} : outer;
    const found = getOwnPropertyDescriptor(from, name);
    if (found !== undefined) found.configurable = true;
    return found;
  },
  ownKeys: (target) =>
    [...new Set([...ownKeys(target), ...ownKeys(outer), ...ownKeys(values)])].filter(
      (name) => has(target, name) || deleted[name] !== true,
    ),
  getPrototypeOf: () => Object.prototype,
});

function lookUp(name: PropertyKey): unknown {
  if (has(values, name)) return values[name];
  if (deleted[name] === true) return undefined;
  for (let i = 0; i < ITSELF.length; i++) if (ITSELF[i] === name) return view;
  return get(outer, name);
}

function assign(name: PropertyKey, value: unknown): boolean {
  if (!isKept(name)) return set(outer, name, value);
  delete deleted[name];
  if (has(values, name)) return set(values, name, value);
  return take(name, { value, writable: true, enumerable: true });
}

/** What stands before the global object for code that runs in it. */
export const scope: object = new Proxy(Object.create(null) as object, {
  has: (_, name) => typeof name === "string" && (isKept(name) || isOwn(name)),
  get: (_, name) => (name === Symbol.unscopables ? undefined : lookUp(name)),
  set: (_, name, value) => assign(name, value),
  deleteProperty(_, name) {
    delete values[name];
    deleted[name] = true;
    return true;
  },
});

/** Makes a variable of that name the user's. */
export function declare(name: string): void {
  delete deleted[name];
  if (!has(values, name)) take(name, { value: undefined, writable: true, enumerable: true });
}

/** Whether the name belongs to the process, so that a user's variable of that name must be kept apart. */
export function isReserved(name: string): boolean {
  return isKept(name);
}

/** A name that is written to: assigned, counted up or down, deleted, or the variable of a loop. Those kept are ASCII. */
const WRITTEN =
  /(?<![.\w$])([A-Za-z_$][\w$]*)\s*(?:=(?![=>])|[-+*/%&|^]=|\*\*=|<<=|>>>?=|&&=|\|\|=|\?\?=|\+\+|--)|(?:\+\+|--|\bdelete\s|\bfor\s*(?:await\s*)?\(\s*)\s*([A-Za-z_$][\w$]*)/g;
const NAME = /[A-Za-z_$][\w$]*/g;
/** An assignment to several names at once. */
const DESTRUCTURES = /[\]}]\s*=(?![=>])/;

/**
 * Whether code needs the scope: because it sees a variable of the user's with such a name, or may make one. Where
 * this says no, and code makes one in a way that is not seen here, that is noticed afterwards.
 */
export function needsScope(code: string): boolean {
  for (const [, written = "", other = ""] of code.matchAll(WRITTEN))
    if (isKept(written || other)) return true;
  const destructures = DESTRUCTURES.test(code);
  for (const [name] of code.matchAll(NAME)) {
    if (isOwn(name) || ITSELF.includes(name)) return true;
    if (destructures && isKept(name)) return true;
  }
  return false;
}
