/**
 * A shell command of a ROOT client while it runs: the output of all workers becomes one log. One worker at
 * a time has the floor, and is shown line by line as it comes; what the others say meanwhile waits. Pure.
 */
import { constants } from "node:os";
import type { Output, Result } from "../../protocol/messages.ts";

/** Characters that may wait of one worker; more of them are shown although another has the floor. */
const MAX_WAITING = 1024 * 1024;

/** What a worker has said and is not shown yet. */
interface Speech {
  text: string;
  isDone: boolean;
}

export class ShellCommand {
  /** The client that gave it. */
  readonly cid: number;
  readonly #open = new Set<number>();
  readonly #speeches = new Map<string, Speech>();
  /** The worker that is shown now. */
  #speaker: string | undefined;
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
    const speech = this.#speech(ordinal);
    speech.text += text;
    this.#speaker ??= ordinal;
    const isShown = this.#speaker === ordinal || speech.text.length > MAX_WAITING;
    return isShown ? wholeLines(speech) : "";
  }

  /** Takes the result of one worker in; returns the text to be shown. */
  result(result: Pick<Result, "ordinal" | "host" | "ok" | "text" | "exitCode" | "signal">): string {
    const { ordinal, host, ok, text } = result;
    const speech = this.#speech(ordinal);
    speech.isDone = true;
    if (speech.text !== "" && !speech.text.endsWith("\n")) speech.text += "\n";
    if (!ok) {
      this.#status ||= statusOf(result);
      speech.text += `${ordinal} (${host}): ${text}\n`;
    }
    this.#speaker ??= ordinal;
    return this.#speaker === ordinal ? this.#nextSpeakers() : "";
  }

  #speech(ordinal: string): Speech {
    const known = this.#speeches.get(ordinal) ?? { text: "", isDone: false };
    this.#speeches.set(ordinal, known);
    return known;
  }

  /** The speaker is done: so may others be, and then one has the floor that is not. */
  #nextSpeakers(): string {
    let shown = "";
    for (const [ordinal, speech] of this.#speeches) {
      if (!speech.isDone) continue;
      shown += speech.text;
      this.#speeches.delete(ordinal);
    }
    const [next] = this.#speeches;
    this.#speaker = next?.[0];
    return next === undefined ? shown : shown + wholeLines(next[1]);
  }

  /** A part is done; returns the status of the whole once all are. */
  done(id: number): number | undefined {
    return this.#open.delete(id) && this.#open.size === 0 ? this.#status : undefined;
  }
}

/** ROOT has one number for how a command ended: as of a shell, 128 and the signal's; -1 where it never ran. */
function statusOf({ exitCode, signal }: Pick<Result, "exitCode" | "signal">): number {
  if (exitCode !== undefined) return exitCode;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  return number === undefined ? -1 : 128 + number;
}

/** Takes the whole lines off a speech. */
function wholeLines(speech: Speech): string {
  const end = speech.text.lastIndexOf("\n") + 1;
  const lines = speech.text.slice(0, end);
  speech.text = speech.text.slice(end);
  return lines;
}
