/**
 * The accounting of a query: every unit of every source is processed exactly once in the result. Pure.
 */
import type { Assignment, Source } from "./packetizer.ts";

/** From, and up to but not including. */
type Span = [from: number, to: number];

export class Ledger {
  readonly #spans = new Map<Source, Span[]>();
  #units = 0;

  /** Notes that the first `units` units of a packet are in the result. */
  settle({ packet, source }: Assignment, units: number): void {
    const span: Span = [packet.first, packet.first + units];
    const spans = this.#spans.get(source);
    if (spans === undefined) this.#spans.set(source, [span]);
    else spans.push(span);
    this.#units += units;
  }

  /** Units in the result. */
  get units(): number {
    return this.#units;
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
