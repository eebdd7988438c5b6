/** One entry at a time, out of columns: what a user's code sees as `event`. */
import { didYouMean } from "../lib/suggest.ts";
import { type Column, isJagged, type Jagged } from "./types.ts";

/** A view on one entry of a chunk; set `index` to move it. A getter for each branch. */
export type EventView = { index: number } & Readonly<Record<string, unknown>>;

/** A column in use: replaced with each chunk, while the getter that looks into it stays. */
interface Slot<Values> {
  values: Values;
}

/** Where the view stands. */
interface Place {
  index: number;
}

type MakeGetter<Values> = (slot: Slot<Values>, place: Place) => () => unknown;

/**
 * Getters by the type of the column. They read the same and are written out all the same: the engine
 * compiles each text once, and reading one type of array only it does in a few instructions.
 */
const GETTERS: Readonly<Record<string, MakeGetter<ArrayLike<unknown>>>> = {
  Float64Array: (slot, place) => () => slot.values[place.index],
  Float32Array: (slot, place) => () => slot.values[place.index],
  Int32Array: (slot, place) => () => slot.values[place.index],
  Uint32Array: (slot, place) => () => slot.values[place.index],
  Int8Array: (slot, place) => () => slot.values[place.index],
  Uint8Array: (slot, place) => () => slot.values[place.index],
  Array: (slot, place) => () => slot.values[place.index],
};

const anyGetter: MakeGetter<ArrayLike<unknown>> = (slot, place) => () => slot.values[place.index];

const jaggedGetter: MakeGetter<Jagged> = (slot, place) => () => {
  const { offsets, values } = slot.values;
  const { index } = place;
  return values.subarray(offsets[index], offsets[index + 1]);
};

/**
 * Views on chunks of the same branches. As long as their types stay the same it is one view, with other
 * columns behind it: user code that reads it is compiled once, and reading costs as little as in a loop
 * over the columns.
 */
export class EventViews {
  #view: EventView | undefined;
  /** Name and type of each column of the view. */
  #schema = "";
  #slots: Slot<unknown>[] = [];

  /** A view on `columns`, at their first entry; the one on the columns before is not valid any more. */
  on(columns: Readonly<Record<string, Column>>): EventView {
    const entries = Object.entries(columns);
    const schema = JSON.stringify(entries.map(([name, column]) => [name, typeOf(column)]));
    if (this.#view === undefined || schema !== this.#schema) {
      this.#schema = schema;
      this.#view = this.#make(entries);
    } else {
      for (const [i, [, column]] of entries.entries()) {
        const slot = this.#slots[i];
        if (slot !== undefined) slot.values = column;
      }
    }
    this.#view.index = 0;
    return this.#view;
  }

  #make(entries: readonly [string, Column][]): EventView {
    const place: Place = { index: 0 };
    this.#slots = [];
    // A name such as `__proto__` is a name like any other.
    const properties = Object.create(null) as PropertyDescriptorMap;
    for (const [name, column] of entries) {
      const slot = { values: column };
      this.#slots.push(slot);
      properties[name] = { enumerable: true, get: getterOf(slot, place) };
    }
    properties["index"] = {
      enumerable: false,
      get: () => place.index,
      set: (index: number) => {
        place.index = index;
      },
    };
    return Object.create(absent(entries.map(([name]) => name)), properties) as EventView;
  }
}

/**
 * A view on `columns`: `view.index = i` chooses the entry, `view.NAME` gives its value. Numbers and strings
 * are given as they are, a jagged branch as a view on its values (copy it to keep it). The branch called
 * `index`, if there is one, can't be seen.
 *
 * Reading a number allocates nothing. For many chunks of the same branches use EventViews.
 */
export function eventView(columns: Readonly<Record<string, Column>>): EventView {
  return new EventViews().on(columns);
}

/** Names that the engine and the console look for in any object. */
const ASKED_OF_ANY = new Set([...Object.getOwnPropertyNames(Object.prototype), "then", "toJSON"]);

/**
 * What a view inherits from: nothing but an error for a branch that is not read, whose value would be
 * taken for undefined, and fill NaN. What a view has is never looked for here.
 */
function absent(names: readonly string[]): object {
  return new Proxy(Object.create(null) as object, {
    get(_, name) {
      if (typeof name === "symbol" || ASKED_OF_ANY.has(name)) return undefined;
      throw new ReferenceError(`no branch "${name}" is read${didYouMean(name, names)}`);
    },
  });
}

function typeOf(column: Column): string {
  return isJagged(column) ? "jagged" : column.constructor.name;
}

function getterOf(slot: Slot<Column>, place: Place): () => unknown {
  if (isJagged(slot.values)) return jaggedGetter(slot as Slot<Jagged>, place);
  const make = GETTERS[typeOf(slot.values)] ?? anyGetter;
  return make(slot as Slot<ArrayLike<unknown>>, place);
}
