/** The outputs of a query as a flat list of things that can be shown. */
import { isPlain } from "../api/check.ts";
import { Counter, Sum } from "../api/counter.ts";
import { H1 } from "../api/h1.ts";
import { H2 } from "../api/h2.ts";
import { List } from "../api/list.ts";
import { Counts } from "../api/map.ts";
import { Profile } from "../api/profile.ts";
import { TopN } from "../api/top.ts";
import { inspect } from "./inspect.ts";

/** One output under its name; members of plain objects are outputs of their own, `cuts.passed`. */
export type Shown =
  | { readonly kind: "value"; readonly name: string; readonly text: string }
  | { readonly kind: "histogram"; readonly name: string; readonly object: H1 | H2 | Profile }
  | { readonly kind: "counts"; readonly name: string; readonly object: Counts }
  | { readonly kind: "items"; readonly name: string; readonly object: Items }
  | { readonly kind: "other"; readonly name: string; readonly text: string };

/** What a list kept, in its order. */
export interface Items {
  readonly items: readonly unknown[];
  /** What each item is ordered by; none where the item itself decides. */
  readonly keys: readonly number[] | undefined;
  readonly offered: number;
}

/** Levels of plain objects that are gone into. */
const MAX_DEPTH = 8;

/** Every output in the order in which it was made. */
export function listOutputs(outputs: Readonly<Record<string, unknown>>): Shown[] {
  return within(outputs, "", 0);
}

function within(
  outputs: Readonly<Record<string, unknown>>,
  prefix: string,
  depth: number,
): Shown[] {
  return Object.entries(outputs).flatMap(([key, value]) => show(prefix + key, value, depth));
}

function show(name: string, value: unknown, depth: number): Shown[] {
  if (value instanceof H1 || value instanceof H2 || value instanceof Profile)
    return [{ kind: "histogram", name, object: value }];
  if (value instanceof Counts) return [{ kind: "counts", name, object: value }];
  if (value instanceof List) {
    const { items, keys, offered } = value;
    return [{ kind: "items", name, object: { items, keys, offered } }];
  }
  if (value instanceof TopN) {
    const { items, offered } = value;
    return [{ kind: "items", name, object: { items, keys: undefined, offered } }];
  }
  if (value instanceof Counter) return [{ kind: "value", name, text: String(value.value) }];
  if (value instanceof Sum) return [{ kind: "value", name, text: String(value.value) }];
  if (typeof value === "string") return [{ kind: "value", name, text: value }];
  if (typeof value !== "object" || value === null)
    return [
      { kind: "value", name, text: typeof value === "number" ? String(value) : inspect(value) },
    ];
  if (isPlain(value) && Object.keys(value).length > 0 && depth < MAX_DEPTH)
    return within(value, `${name}.`, depth + 1);
  return [{ kind: "other", name, text: inspect(value) }];
}
