/**
 * Loading what some entries of one cluster need, from the outside to the inside: the columns of all fields
 * that lie equally deep are fetched together, because the ends of collections tell what to read below.
 */
import { BlockError } from "../blocks.ts";
import { type Placed, pagesOf, readElements } from "./columns.ts";
import { Budget, IN_OBJECT } from "./budget.ts";
import { type Elements, memory } from "./encodings.ts";
import type { Node } from "./nodes.ts";
import type { PageStore } from "./pages.ts";

/** A node with the elements that were loaded for it. */
export interface Loaded {
  node: Node;
  /** How many values of the node. */
  count: number;
  /** Its own column: numbers, bits, or pairs of place and tag. */
  values: Elements | undefined;
  /** For a collection: the end of each, and the beginning of the first in front, counted from there. */
  offsets: Float64Array | undefined;
  /** Of each child. */
  children: Loaded[];
}

/** Something to be loaded: the values [from, to) of a node, counted within the cluster. */
interface Task {
  loaded: Loaded;
  from: number;
  to: number;
  /** All values that the node must have in the cluster, where that is known. */
  all: number | undefined;
  /** Bytes that a value takes besides those of its column: it becomes part of an object. */
  extra: number;
}

/** A field that is to be loaded, and whether objects are made of it. */
export interface Wanted {
  node: Node;
  isObject: boolean;
}

/** What becomes of a field that could not be loaded: told by its number. */
export type Fail = (index: number, cause: unknown) => never;

/** Loads the entries [from, to) of a cluster that has `entries`; `fail` throws for a field. */
export async function load(
  wanted: readonly Wanted[],
  cluster: number,
  [from, to]: readonly [number, number],
  entries: number,
  store: PageStore,
  fail: Fail,
): Promise<Loaded[]> {
  const budget = new Budget();
  const roots = wanted.map(({ node }) => empty(node, to - from));
  // Each task with the number of its field.
  let level = roots.map((loaded, index): [number, Task] => [
    index,
    { loaded, from, to, all: entries, extra: wanted[index]?.isObject ? IN_OBJECT.value : 0 },
  ]);
  while (level.length > 0) {
    const columns = level.flatMap(([index, task]): [number, Task][] => {
      try {
        return expand(task, budget).map((each) => [index, each]);
      } catch (thrown) {
        return fail(index, thrown);
      }
    });
    await prefetch(columns, cluster, store, fail);
    const next: [number, Task][] = [];
    for (const [index, task] of columns) {
      try {
        const below = await loadOne(task, cluster, store, budget);
        next.push(...below.map((each): [number, Task] => [index, each]));
      } catch (thrown) {
        fail(index, thrown);
      }
    }
    store.clear();
    level = next;
  }
  return roots;
}

async function prefetch(
  columns: readonly [number, Task][],
  cluster: number,
  store: PageStore,
  fail: Fail,
): Promise<void> {
  const wanted = columns.map(([index, { loaded, from, to }]) => {
    const { node } = loaded;
    if (!("source" in node)) return [];
    try {
      const placed = node.source.at(cluster);
      const [begin, end] = stretch(node, from, to);
      return pagesOf(placed, begin, end).map((page) => ({ page, column: placed.id }));
    } catch (thrown) {
      return fail(index, thrown);
    }
  });
  try {
    await store.fetch(wanted.flat());
  } catch (thrown) {
    // Neighbours are read in one go: once more, field by field, for the name of the one that failed.
    for (const [i, pages] of wanted.entries()) {
      await store.fetch(pages).catch((cause: unknown) => {
        fail(columns[i]?.[0] ?? 0, cause);
      });
    }
    throw thrown;
  }
}

function empty(node: Node, count: number): Loaded {
  return { node, count, values: undefined, offsets: undefined, children: [] };
}

/** Goes through what has no column of its own, down to what has. Throws TooMuch. */
function expand(task: Task, budget: Budget): Task[] {
  const { loaded, from, to, all, extra } = task;
  const { node } = loaded;
  budget.take((to - from) * extra);
  if (node.type === "record") {
    loaded.children = node.members.map((member) => empty(member, to - from));
    return loaded.children.flatMap((child) => expand({ ...task, loaded: child }, budget));
  }
  if (node.type !== "array") return [task];
  const { length } = node;
  const child = empty(node.item, (to - from) * length);
  loaded.children = [child];
  const whole = all === undefined ? undefined : all * length;
  const inner = { loaded: child, from: from * length, to: to * length, all: whole, extra };
  return expand(inner, budget);
}

/** The elements of its column that a node needs; ends of collections begin with the end in front. */
function stretch(node: Node, from: number, to: number): readonly [number, number] {
  switch (node.type) {
    case "bits":
      return [from * node.length, to * node.length];
    case "collection":
    case "count":
      return to === from ? [from, to] : [Math.max(0, from - 1), to];
    default:
      return [from, to];
  }
}

/** Loads the column of a node, and gives what is to be loaded below it. */
async function loadOne(
  task: Task,
  cluster: number,
  store: PageStore,
  budget: Budget,
): Promise<Task[]> {
  const { loaded, from, to, all } = task;
  const { node } = loaded;
  if (!("source" in node)) return [];
  const placed = node.source.at(cluster);
  const each = node.type === "bits" ? node.length : 1;
  if (all !== undefined && placed.total !== all * each) {
    throw new BlockError(`${placed.total} elements where ${all * each} belong`);
  }
  const [begin, end] = stretch(node, from, to);
  budget.take(memory(placed.encoding, end - begin));
  const values = await readElements(placed, begin, end, store);
  if (node.type === "collection" || node.type === "count") {
    const offsets = offsetsOf(values as Float64Array, from);
    loaded.offsets = offsets;
    if (node.type === "count") return [];
    const first = begin === from ? 0 : (values[0] as number);
    return [below(task, node, [first, offsets.at(-1) as number], placed)];
  }
  loaded.values = values;
  return node.type === "variant" ? alternatives(task, node, placed.total) : [];
}

/** Ends of collections as offsets from the first one's beginning. */
function offsetsOf(ends: Float64Array, from: number): Float64Array {
  // The first collection of a cluster begins at 0.
  const offsets = from === 0 ? new Float64Array(ends.length + 1) : ends.slice();
  if (from === 0) offsets.set(ends, 1);
  const first = offsets[0] ?? 0;
  let before = first;
  for (let i = 0; i < offsets.length; i++) {
    const end = offsets[i] as number;
    if (end < before) throw new BlockError("a collection ends before it begins");
    before = end;
    offsets[i] = end - first;
  }
  return offsets;
}

/** The items of the collections that were loaded; with the last of them, all that there are. */
function below(
  { loaded, to, extra }: Task,
  { item, form }: Node & { type: "collection" },
  [first, count]: readonly [number, number],
  { total }: Placed,
): Task {
  const child = empty(item, count);
  loaded.children = [child];
  const end = first + count;
  return {
    loaded: child,
    from: first,
    to: end,
    all: to === total ? end : undefined,
    extra: form === "text" ? Math.min(extra, IN_OBJECT.letter) : extra,
  };
}

/** What variants point at: the values of each alternative stand one behind the other. */
function alternatives(
  { loaded, from, to, extra }: Task,
  node: Node & { type: "variant" },
  total: number,
): Task[] {
  const pairs = loaded.values as Float64Array;
  const ranges = node.alternatives.map((): [number, number] => [0, 0]);
  for (let i = 0; i < loaded.count; i++) {
    const [place, tag] = [pairs[2 * i] as number, pairs[2 * i + 1] as number];
    // 0 is a variant without a value.
    if (tag === 0) continue;
    const range = ranges[tag - 1];
    if (range === undefined) throw new BlockError(`alternative ${tag} of ${ranges.length}`);
    const isFirst = range[0] === range[1];
    if (isFirst && from > 0) range[0] = range[1] = place;
    if (place !== range[1])
      throw new BlockError(`a variant points at ${place}, not at ${range[1]}`);
    range[1]++;
  }
  loaded.children = node.alternatives.map((child, k) => {
    const [begin, end] = ranges[k] as [number, number];
    return empty(child, end - begin);
  });
  return loaded.children.map((child, k) => {
    const [begin, end] = ranges[k] as [number, number];
    const isAll = to === total && (end > begin || from === 0);
    return { loaded: child, from: begin, to: end, all: isAll ? end : undefined, extra };
  });
}
