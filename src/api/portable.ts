/** Outputs as plain data that can travel, and back. */
import { isPlain, need, show } from "./check.ts";
import { KINDS } from "./kinds.ts";
import { isMergeable } from "./merge.ts";

/** Marks an object of the saved tree that stands for something else than itself. */
const TAG = "$proof";
/** Plain objects that themselves have a member of that name. */
const PLAIN = "plain";
/** Objects of the user's own classes. */
const OWN = "own";
const MAX_DEPTH = 48;

/**
 * Outputs as a tree of plain objects, lists, typed arrays and simple values. The outputs stay usable and
 * are not shared with the tree, except for typed arrays and what the user put into lists.
 *
 * Throws Error, naming the output, for what cannot travel.
 */
export function saveOutputs(out: Record<string, unknown>): unknown {
  return saveFields(out, "", 0);
}

/**
 * The outputs that were saved. `fresh` are the outputs as workerBegin makes them: objects of the user's own
 * classes are rebuilt onto those of the same name.
 *
 * Throws Error for a tree that `saveOutputs` cannot have made, and for an object of a class of the user's
 * that is not in `fresh`.
 */
export function loadOutputs(
  saved: unknown,
  fresh: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  need(isPlain(saved), `saved outputs: ${show(saved)} instead of an object`);
  return loadFields(saved, fresh, "", 0);
}

function save(value: unknown, where: string, depth: number): unknown {
  need(
    depth <= MAX_DEPTH,
    `output "${where}" goes deeper than ${MAX_DEPTH} levels, or in a circle`,
  );
  if (typeof value === "function" || typeof value === "symbol")
    throw new Error(`output "${where}" is a ${typeof value}: that cannot travel`);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date || (ArrayBuffer.isView(value) && !(value instanceof DataView)))
    return value;
  if (Array.isArray(value))
    return value.map((item: unknown, i) => save(item, `${where}[${i}]`, depth + 1));
  for (const [name, kind] of Object.entries(KINDS)) {
    if (!(value instanceof kind)) continue;
    return { [TAG]: name, ...saveFields(value.save(), where, depth + 1) };
  }
  if (isMergeable(value) && !isPlain(value))
    return { [TAG]: OWN, fields: saveFields({ ...(value as object) }, where, depth + 1) };
  need(
    isPlain(value),
    `output "${where}" is ${show(value)}: only plain objects, typed arrays and objects with a method merge(other) can travel`,
  );
  const fields = saveFields(value, where, depth);
  return Object.hasOwn(value, TAG) ? { [TAG]: PLAIN, fields } : fields;
}

function saveFields(
  fields: Record<string, unknown>,
  where: string,
  depth: number,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      save(value, join(where, name), depth + 1),
    ]),
  );
}

function load(saved: unknown, fresh: unknown, where: string, depth: number): unknown {
  need(depth <= MAX_DEPTH, `saved output "${where}" goes too deep`);
  if (Array.isArray(saved))
    return saved.map((item: unknown, i) => load(item, undefined, `${where}[${i}]`, depth + 1));
  if (!isPlain(saved)) return saved;
  const inside = isPlain(fresh) ? fresh : {};
  if (!Object.hasOwn(saved, TAG)) return loadFields(saved, inside, where, depth);
  const { [TAG]: tag, ...rest } = saved;
  if (tag === PLAIN || tag === OWN) {
    const { fields } = rest;
    need(isPlain(fields), `saved output "${where}" has no fields`);
    return tag === PLAIN
      ? loadFields(fields, inside, where, depth)
      : rebuild(fields, fresh, where, depth);
  }
  const kind = typeof tag === "string" && Object.hasOwn(KINDS, tag) ? KINDS[tag] : undefined;
  need(kind !== undefined, `saved output "${where}" is of an unknown kind ${show(tag)}`);
  try {
    return kind.load(loadFields(rest, {}, where, depth + 1));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`output "${where}": ${reason}`, { cause: error });
  }
}

function loadFields(
  saved: Record<string, unknown>,
  fresh: Readonly<Record<string, unknown>>,
  where: string,
  depth: number,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(saved).map(([name, value]) => [
      name,
      load(value, own(fresh, name), join(where, name), depth + 1),
    ]),
  );
}

/** Sets the fields of an object of the user's own class. */
function rebuild(
  saved: Record<string, unknown>,
  fresh: unknown,
  where: string,
  depth: number,
): unknown {
  need(
    isMergeable(fresh) && !isPlain(fresh),
    `output "${where}" is of a class of your own, and nothing of that name is made in workerBegin: create it there`,
  );
  for (const [name, value] of Object.entries(saved)) {
    const loaded = load(value, own(fresh, name), join(where, name), depth + 1);
    need(name !== "__proto__", `saved output "${where}" has a field "__proto__"`);
    Reflect.set(fresh, name, loaded);
  }
  return fresh;
}

function own(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (Reflect.get(object, name) as unknown) : undefined;
}

function join(where: string, name: string): string {
  return where === "" ? name : `${where}.${name}`;
}
