/**
 * Processes that users' code has started and that have left the tree of their proofserv: a shell's `nohup`,
 * whatever makes itself a daemon. They are known by the mark in the environment that they were started with, and
 * count for their session, and end with it. Whoever takes care to start something without that environment
 * is not found: that takes the means of the system.
 */
import { killTree, type ProcessEntry, userOf, variableOf } from "../lib/process.ts";
import { MARK, type Marks } from "./marks.ts";

export class Strays {
  readonly #marks: Marks;
  /** Processes that have been looked at: each is looked at once. */
  #known = new Map<number, { start: string; mark: string }>();

  constructor(marks: Marks) {
    this.#marks = marks;
  }

  /** Of all processes, those that are in none of `trees` and have a mark of ours, by mark. */
  find(
    table: readonly ProcessEntry[],
    trees: ReadonlyMap<number, readonly number[]>,
  ): Map<string, number[]> {
    const inside = new Set([...trees.values()].flat());
    const known = new Map<number, { start: string; mark: string }>();
    const found = new Map<string, number[]>();
    for (const { pid, start } of table) {
      if (inside.has(pid)) continue;
      const before = this.#known.get(pid);
      const entry = before?.start === start ? before : { start, mark: this.#read(pid) };
      known.set(pid, entry);
      if (entry.mark === "") continue;
      const others = found.get(entry.mark);
      if (others === undefined) found.set(entry.mark, [pid]);
      else others.push(pid);
    }
    this.#known = known;
    return found;
  }

  #read(pid: number): string {
    const mark = variableOf(pid, MARK) ?? "";
    return mark !== "" && this.#marks.isOurs(mark, userOf(pid) ?? -1) ? mark : "";
  }
}

/** Ends what has left the trees, and whatever is below it. */
export function endStrays(pids: readonly number[]): void {
  for (const pid of pids) killTree(pid);
}
