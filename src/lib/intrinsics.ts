/**
 * The language and its library as the rest of this process needs them. User code lives in the same realm and may
 * overwrite `Array.prototype.map` or `Object.keys`: everything that was there is remembered before the first user
 * code runs, and put back before anything else runs behind it. Adding to them is allowed, but for names that
 * would be seen in every object or hide what is inherited.
 *
 * What looks after them must not need them: no iterators, no methods, only what is taken here.
 */
import { type Intrinsic, INTRINSICS } from "./intrinsic-objects.ts";

const {
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  has,
  ownKeys,
  setPrototypeOf,
} = Reflect;
const now = performance.now.bind(performance);

/** What may be changed: nothing here relies on it. */
const FREE: Readonly<Record<string, string>> = {
  Math: "random",
  Error: "stackTraceLimit",
  Buffer: "poolSize",
};

/** Names that mean something to the language, in whatever object they are. */
const TELLING: PropertyKey[] = ["then", "toJSON"];
const TELLING_NAMES = ["then", "toJSON"];
for (const name of Object.getOwnPropertyNames(Symbol)) {
  const symbol: unknown = Reflect.get(Symbol, name);
  if (typeof symbol !== "symbol") continue;
  TELLING.push(symbol);
  TELLING_NAMES.push(`Symbol.${name}`);
}

/** Milliseconds between two looks at everything while user code may still run; the most used are looked at always. */
const THOROUGH = 20;
/** The last object of those that hold what is used most. */
const MOST_USED = 10;

interface Holder {
  name: string;
  object: object;
  /** Undefined where it may change. */
  parent: object | null | undefined;
  keys: readonly PropertyKey[];
  /** Undefined where there was none. */
  descriptors: (PropertyDescriptor | undefined)[];
  /** Number of all names that were there; -1 where only some matter. */
  count: number;
  isOpen: boolean;
}

interface Change {
  holder: Holder;
  /** Undefined where it is the prototype that was changed. */
  key: PropertyKey | undefined;
  isBack: boolean;
}

/** What user code has changed. */
export interface Tampering {
  /** Everything, as users write it: `Array.prototype.map`. */
  names: readonly string[];
  /** What could not be put back. */
  lost: readonly string[];
}

const holders: Holder[] = [];
/** All functions, side by side: the fast look. */
const objects: Record<PropertyKey, unknown>[] = [];
const keysOf: PropertyKey[] = [];
const values: unknown[] = [];
/** How many of them are used most. */
let most = 0;
/** What the fast look does not see, accessors and what must not be there: holder and index. */
const accessors: [Holder, number][] = [];
let lastLook = 0;

/** Takes note of everything; once, before the first user code, whose start waits for it. */
export function rememberIntrinsics(): void {
  if (holders.length > 0) return;
  const list = INTRINSICS();
  for (let i = 0; i < list.length; i++) {
    remember(list[i] as Intrinsic);
    if (i === MOST_USED) most = objects.length;
  }
}

function remember({ name, object, only, isOpen }: Intrinsic): void {
  const own = only ?? ownKeys(object);
  const descriptors: (PropertyDescriptor | undefined)[] = [];
  const count = only === undefined ? own.length : -1;
  // The system makes some of its objects on demand, and exchanges what they inherit from.
  const parent = only === undefined ? getPrototypeOf(object) : undefined;
  const holder = { name, object, parent, keys: own, descriptors, count, isOpen };
  holders.push(holder);
  for (let i = 0; i < own.length; i++) {
    const key = own[i] as PropertyKey;
    const descriptor = getOwnPropertyDescriptor(object, key);
    descriptors.push(descriptor);
    if (typeof descriptor?.value === "function") {
      if (isFree(name, key)) continue;
      objects.push(object as Record<PropertyKey, unknown>);
      keysOf.push(key);
      values.push(descriptor.value);
      // What is inherited must not be hidden.
    } else if (descriptor?.get !== undefined || only !== undefined) accessors.push([holder, i]);
  }
}

function isFree(name: string, key: PropertyKey): boolean {
  return FREE[name] === key;
}

/**
 * Puts back what was changed since the last look that might have been missed; undefined where nothing was. Cheap
 * enough for every turn of the event loop.
 */
export function glanceAtIntrinsics(): Tampering | undefined {
  if (isAsUsual(most) && now() - lastLook < THOROUGH) return undefined;
  return restoreIntrinsics();
}

/** Puts back what was changed; undefined where nothing was. */
export function restoreIntrinsics(): Tampering | undefined {
  lastLook = now();
  if (isAsUsual(objects.length) && areWhole()) return undefined;
  const changes: Change[] = [];
  for (let h = 0; h < holders.length; h++) {
    const holder = holders[h] as Holder;
    const { object, keys, descriptors, parent } = holder;
    if (parent !== undefined && getPrototypeOf(object) !== parent)
      append(changes, { holder, key: undefined, isBack: setPrototypeOf(object, parent) });
    if (holder.count >= 0) removeAdded(holder, changes);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as PropertyKey;
      const wanted = descriptors[i];
      if (isFree(holder.name, key) || isSame(getOwnPropertyDescriptor(object, key), wanted))
        continue;
      // What Object.prototype was given would be taken for a part of it.
      if (wanted !== undefined) setPrototypeOf(wanted, null);
      const isBack =
        wanted === undefined ? deleteProperty(object, key) : defineProperty(object, key, wanted);
      append(changes, { holder, key, isBack });
    }
  }
  if (changes.length === 0) return undefined;
  const names: string[] = [];
  const lost: string[] = [];
  for (let i = 0; i < changes.length; i++) {
    const change = changes[i] as Change;
    append(names, nameOf(change));
    if (!change.isBack) append(lost, nameOf(change));
  }
  return { names, lost };
}

function isAsUsual(count: number): boolean {
  try {
    for (let i = 0; i < count; i++) {
      const object = objects[i] as Record<PropertyKey, unknown>;
      if (object[keysOf[i] as PropertyKey] !== values[i]) return false;
    }
    return true;
  } catch {
    // There is a getter now.
    return false;
  }
}

/** Whether accessors are what they were, prototypes too, and nothing has been added that matters. */
function areWhole(): boolean {
  for (let i = 0; i < accessors.length; i++) {
    const accessor = accessors[i] as (typeof accessors)[number];
    const { object, keys, descriptors } = accessor[0];
    const at = accessor[1];
    if (!isSame(getOwnPropertyDescriptor(object, keys[at] as PropertyKey), descriptors[at]))
      return false;
  }
  for (let h = 0; h < holders.length; h++) {
    const { object, parent, count } = holders[h] as Holder;
    if (parent !== undefined && getPrototypeOf(object) !== parent) return false;
    if (count >= 0 && ownKeys(object).length !== count) return false;
  }
  return true;
}

function removeAdded(holder: Holder, changes: Change[]): void {
  const { object, keys } = holder;
  const own = ownKeys(object);
  if (own.length === holder.count) return;
  for (let i = 0; i < own.length; i++) {
    const key = own[i] as PropertyKey;
    if (isAmong(keys, key) || !isRefused(holder, key)) continue;
    append(changes, { holder, key, isBack: deleteProperty(object, key) });
  }
  // What may stay need not be looked at again.
  holder.count = ownKeys(object).length;
}

function isAmong(keys: readonly PropertyKey[], key: PropertyKey): boolean {
  for (let i = 0; i < keys.length; i++) if (keys[i] === key) return true;
  return false;
}

/** Whether adding this would change what other code sees. */
function isRefused({ name, parent, isOpen }: Holder, key: PropertyKey): boolean {
  // It hides what is inherited: `Uint8Array.prototype.set` is that of all such arrays.
  if (parent !== undefined && parent !== null && has(parent, key)) return true;
  if (isOpen) return false;
  if (name === "Object.prototype" || isAmong(TELLING, key)) return true;
  return typeof key === "string" && key !== "" && +key >= 0;
}

function isSame(
  found: PropertyDescriptor | undefined,
  wanted: PropertyDescriptor | undefined,
): boolean {
  if (found === undefined || wanted === undefined) return found === wanted;
  setPrototypeOf(found, null);
  setPrototypeOf(wanted, null);
  const { value } = wanted;
  const isValue = found.value === value || (value !== value && found.value !== found.value);
  return isValue && found.get === wanted.get && found.set === wanted.set;
}

function nameOf({ holder: { name }, key }: Change): string {
  if (key === undefined) return `the prototype of ${name}`;
  return typeof key === "symbol" ? `${name}[${symbolName(key)}]` : `${name}.${key}`;
}

function symbolName(symbol: symbol): string {
  for (let i = 0; i < TELLING.length; i++) if (TELLING[i] === symbol) return TELLING_NAMES[i] ?? "";
  return "a symbol";
}

/** Appends without calling anything, nor setting what user code may have given a setter. */
function append<T>(list: T[], value: T): void {
  defineProperty(list, list.length, {
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  } as PropertyDescriptor);
}
