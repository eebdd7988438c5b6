/** A proofserv that an earlier daemon has started: no child of ours, so its end has to be looked for. */
import { isLiving } from "./session-record.ts";

/** Milliseconds between two looks, and when the end is near. */
const PAUSE = { idle: 1000, ending: 20 } as const;

export class AdoptedProcess {
  readonly #process: { pid: number; start: string };
  readonly #gone: () => void;
  #timer: ReturnType<typeof setInterval>;

  /** Calls `gone` once the process has ended; how, cannot be told. */
  constructor(process: { pid: number; start: string }, gone: () => void) {
    this.#process = process;
    this.#gone = gone;
    this.#timer = this.#look(PAUSE.idle);
  }

  /** Looks often: it has been asked to end. */
  hurry(): void {
    clearInterval(this.#timer);
    this.#timer = this.#look(PAUSE.ending);
  }

  #look(pause: number): ReturnType<typeof setInterval> {
    return setInterval(() => {
      if (isLiving(this.#process)) return;
      clearInterval(this.#timer);
      this.#gone();
    }, pause);
  }
}
