/** The loop over entries that calls the user's `process`. */
import type { Outputs, Selector } from "../../api/index.ts";
import type { EventView } from "../../data/event.ts";
import { freshCopy } from "../../lib/module.ts";
import type { SelectorContext } from "./selector-context.ts";

/**
 * Runs `process` for the entries [from, to) of a chunk that begins with entry `first`; `view.index` tells
 * how far it has come when `process` throws. Returns true if an entry returned a promise, and stops there.
 */
export type EntryLoop = (
  selector: Selector,
  view: EventView,
  out: Outputs,
  context: SelectorContext,
  first: number,
  from: number,
  to: number,
) => boolean;

/**
 * A loop for one query. Each query brings new code of the user's, and a loop that has called many
 * functions is compiled for calling any: nothing of them is inlined, and everything takes up to twice as
 * long. So each query has a loop that has never called anything else.
 */
export function makeEntryLoop(): Promise<EntryLoop> {
  return freshCopy(loop);
}

const loop: EntryLoop = (selector, view, out, context, first, from, to) => {
  for (let i = from; i < to; i++) {
    context.at(first + i);
    view.index = i;
    const returned: unknown = selector.process?.(view, out, context);
    if (typeof returned === "object" && returned !== null && "then" in returned) return true;
  }
  return false;
};
