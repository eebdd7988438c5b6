/** One entry at a time, out of columns: what a user's code sees as `event`. */
import { type Column, type Numbers, isJagged } from "./types.ts";

/** A view on one entry of a chunk; set `index` to move it. A getter for each branch. */
export type EventView = { index: number } & Readonly<Record<string, unknown>>;

/**
 * A view on `columns`: `view.index = i` chooses the entry, `view.NAME` gives its value. Numbers and strings
 * are given as they are, a jagged branch as a view on its values (copy it to keep it). The branch called
 * `index`, if there is one, can't be seen.
 *
 * Reading a number allocates nothing. Make one view for each chunk.
 */
export function eventView(columns: Readonly<Record<string, Column>>): EventView {
  let index = 0;
  const properties: PropertyDescriptorMap = {
    index: {
      get: () => index,
      set: (i: number) => {
        index = i;
      },
    },
  };
  for (const [name, column] of Object.entries(columns)) {
    if (name === "index") continue;
    properties[name] = { enumerable: true, get: getter(column, () => index) };
  }
  return Object.create(null, properties) as EventView;
}

function getter(column: Column, index: () => number): () => unknown {
  if (!isJagged(column)) {
    const items = column as ArrayLike<unknown>;
    return () => items[index()];
  }
  const { offsets, values } = column;
  return (): Numbers => {
    const i = index();
    return values.subarray(offsets[i], offsets[i + 1]);
  };
}
