/** Ranked items as plain data. */
import type { State } from "./check.ts";
import type { RankedItems } from "./ranked.ts";

/** Three numbers for each item, and the items. */
export function saveRanked(ranked: RankedItems): Record<string, unknown> {
  return {
    limit: ranked.limit,
    places: Float64Array.from(ranked.items.flatMap(({ rank, entry, turn }) => [rank, entry, turn])),
    items: ranked.items.map(({ item }) => item),
  };
}

/** Puts saved items into an empty list; throws Error. */
export function loadRanked(state: State, ranked: RankedItems): void {
  const items = state.list("items");
  if (items.length > ranked.limit) state.fail("items", `a list of at most ${ranked.limit}`);
  const places = state.doubles("places", 3 * items.length);
  if (places.some(Number.isNaN)) state.fail("places", "without NaN");
  for (const [i, item] of items.entries()) {
    const [rank, entry, turn] = [places[3 * i]!, places[3 * i + 1]!, places[3 * i + 2]!];
    ranked.offer({ rank, entry, turn, item });
  }
}
