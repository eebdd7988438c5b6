/**
 * The accounting of a query: every unit of every source is processed exactly once in the result. Pure.
 */
import type { Source } from "./packetizer.ts";
import type { Done } from "./query-member.ts";

/** From, and up to but not including. */
type Span = [from: number, to: number];

export class Ledger {
  readonly #spans = new Map<Source, Span[]>();
  #units = 0;
  #entries = 0;
  #bytes = 0;

  /** Notes that of these packets the units that are done are in the result. */
  book(all: readonly Done[]): void {
    for (const { assignment, units, entries, bytes } of all) {
      const { packet, source } = assignment;
      const span: Span = [packet.first, packet.first + units];
      const spans = this.#spans.get(source);
      if (spans === undefined) this.#spans.set(source, [span]);
      else spans.push(span);
      this.#units += units;
      this.#entries += entries;
      this.#bytes += bytes;
    }
  }

  /** What is in the result. */
  get counts(): { units: number; entries: number; bytes: number } {
    return { units: this.#units, entries: this.#entries, bytes: this.#bytes };
  }

  /** What is wrong, one line each; nothing when each unit is there exactly once. `partial` allows gaps. */
  check(sources: readonly Source[], partial: boolean): string[] {
    return sources.flatMap((source) => {
      const spans = (this.#spans.get(source) ?? [])
        .filter(([from, to]) => to > from)
        .sort((a, b) => a[0] - b[0]);
      const problems: string[] = [];
      let at = source.first;
      for (const [from, to] of spans) {
        if (from < at)
          problems.push(
            `${name(source)}: ${source.unit} ${from} to ${Math.min(at, to) - 1} counted twice`,
          );
        if (from > at && !partial)
          problems.push(`${name(source)}: ${source.unit} ${at} to ${from - 1} missing`);
        at = Math.max(at, to);
      }
      const end = source.first + source.count;
      if (at > end)
        problems.push(`${name(source)}: more than the ${end} ${source.unit} that there are`);
      if (at < end && !partial)
        problems.push(`${name(source)}: ${source.unit} ${at} to ${end - 1} missing`);
      return problems;
    });
  }
}

function name({ path, tree }: Source): string {
  return path === "" ? "cycles" : tree === "" ? path : `${path}, tree ${tree}`;
}
