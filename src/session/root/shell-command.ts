/**
 * A shell command of a ROOT client while it runs: the output of all workers becomes one log, whole lines
 * at a time, and its end is told once all parts are done.
 */
import type { Output, Result } from "../../protocol/messages.ts";

export class ShellCommand {
  /** The client that gave it. */
  readonly cid: number;
  readonly #open = new Set<number>();
  /** Lines that have begun, by worker. */
  readonly #begun = new Map<string, string>();
  #status = 0;

  constructor(cid: number) {
    this.cid = cid;
  }

  /** Adds a part, known by the number of a command. */
  add(id: number): void {
    this.#open.add(id);
  }

  /** Takes output in; returns the text to be shown now. */
  output({ ordinal, text }: Pick<Output, "ordinal" | "text">): string {
    const all = (this.#begun.get(ordinal) ?? "") + text;
    const end = all.lastIndexOf("\n") + 1;
    this.#begun.set(ordinal, all.slice(end));
    return all.slice(0, end);
  }

  /** Takes the result of one worker in; returns the text to be shown. */
  result(result: Pick<Result, "ordinal" | "host" | "ok" | "text" | "exitCode">): string {
    const { ordinal, host, ok, text, exitCode } = result;
    const rest = this.#begun.get(ordinal) ?? "";
    this.#begun.delete(ordinal);
    const line = rest === "" ? "" : `${rest}\n`;
    if (ok) return line;
    this.#status ||= exitCode ?? -1;
    return `${line}${ordinal} (${host}): ${text}\n`;
  }

  /** A part is done; returns the status of the whole once all are. */
  done(id: number): number | undefined {
    return this.#open.delete(id) && this.#open.size === 0 ? this.#status : undefined;
  }
}
