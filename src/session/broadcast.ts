/**
 * Commands that a master has handed to its members and that are not done yet. Pure: it decides what to
 * send upwards; the master sends it.
 */
import { type FailureFacts } from "../protocol/failure.ts";
import { type Result } from "../protocol/messages.ts";

/** A command on its way. */
interface Open<M> {
  id: number;
  pending: Set<M>;
  /** Ordinals that have given their result. */
  reported: Set<string>;
}

/** What a finished or broken-off part of a command leads to. */
export interface Conclusion {
  /** Our own number for it. */
  number: number;
  /** The client's number for the command. */
  id: number;
  /** Results to be sent for workers that will not send their own. */
  results: Result[];
  /** Whether the command is done. */
  isDone: boolean;
}

export class Broadcasts<M> {
  readonly #open = new Map<number, Open<M>>();
  #next = 1;

  /** Whether any command is under way. */
  get isBusy(): boolean {
    return this.#open.size > 0;
  }

  /** Our numbers of the commands that are under way. */
  get numbers(): Set<number> {
    return new Set(this.#open.keys());
  }

  /** Members from which something is still to come, of the commands `among` if they are given. */
  pending(among: ReadonlySet<number> = this.numbers): Set<M> {
    const open = [...this.#open].filter(([number]) => among.has(number));
    return new Set(open.flatMap(([, command]) => [...command.pending]));
  }

  /** Begins a command; returns our own number for it. */
  begin(id: number, members: Iterable<M>): number {
    const number = this.#next++;
    this.#open.set(number, { id, pending: new Set(members), reported: new Set() });
    return number;
  }

  /** Whose command `number` is; undefined if it is over. */
  owner(number: number): { id: number } | undefined {
    return this.#open.get(number);
  }

  /** The client that waits for these commands is gone: from now on they have the number 0. */
  disown(): void {
    for (const open of this.#open.values()) open.id = 0;
  }

  /** Notes that `ordinal` has given its result; undefined if nobody waits for it. */
  report(number: number, ordinal: string): { id: number } | undefined {
    const open = this.#open.get(number);
    open?.reported.add(ordinal);
    return open;
  }

  /** A member has nothing more to say about a command. */
  finish(number: number, member: M): Conclusion | undefined {
    const open = this.#open.get(number);
    if (open === undefined || !open.pending.delete(member)) return undefined;
    return this.#conclude(number, open, []);
  }

  /** A member is gone: for each of its workers that owes a result, the failure is the result. */
  drop(
    member: M,
    leaves: readonly { ordinal: string; host: string }[],
    why: FailureFacts,
  ): Conclusion[] {
    const conclusions: Conclusion[] = [];
    for (const [number, open] of this.#open) {
      if (!open.pending.delete(member)) continue;
      const results = leaves
        .filter(({ ordinal }) => !open.reported.has(ordinal))
        .map(({ ordinal, host }): Result => {
          return {
            id: open.id,
            ordinal,
            host,
            ok: false,
            text: why.message,
            code: why.code,
            elapsed: 0,
          };
        });
      conclusions.push(this.#conclude(number, open, results));
    }
    return conclusions;
  }

  #conclude(number: number, open: Open<M>, results: Result[]): Conclusion {
    const isDone = open.pending.size === 0;
    if (isDone) this.#open.delete(number);
    return { number, id: open.id, results, isDone };
  }
}
