/**
 * The prompt and a shell's job control. While keys are read one by one, the terminal does not stop us at Ctrl-Z, and a
 * shell that finds its terminal in that mode is hardly usable: so we stop ourselves, with the modes as they were
 * before, and set ours again when we go on. In the background nothing is read: the kernel would stop us at each key
 * that is meant for another.
 */
import { isInForeground, signalProcess } from "../lib/process.ts";

/** Milliseconds between two looks whether the terminal is ours again: a shell does not tell one that runs. */
const LOOK = 250;

/** What of the terminal is needed. */
interface Terminal {
  setRawMode(isRaw: boolean): unknown;
}

/** What of readline is needed. */
interface Reader {
  on(event: "SIGTSTP", listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

export class JobControl implements Disposable {
  readonly #terminal: Terminal;
  readonly #reader: Reader;
  readonly #redraw: () => void;
  /** Whether keys are to be read one by one. */
  #isRaw = true;
  /** Whether nothing can go on without the terminal. */
  #isAsking = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `reader` reads keys from `terminal`; `redraw` shows its line again, if there is one. */
  constructor(terminal: Terminal, reader: Reader, redraw: () => void) {
    this.#terminal = terminal;
    this.#reader = reader;
    this.#redraw = redraw;
    // All that were started together stop together, as the terminal would have it.
    reader.on("SIGTSTP", () => this.#stop(0));
    process.on("SIGTSTP", this.#told);
    process.on("SIGCONT", this.#continued);
  }

  /** Whether keys are read one by one: not while code computes, which sees Ctrl-C and Ctrl-Z as signals only. */
  set raw(isRaw: boolean) {
    this.#isRaw = isRaw;
    process.off("SIGTSTP", this.#told);
    if (isRaw) process.on("SIGTSTP", this.#told);
    if (this.#timer === undefined) this.#terminal.setRawMode(isRaw);
  }

  /** From here on the user has to type something; in the background we stop until we are in the foreground. */
  ask(): void {
    this.#isAsking = true;
    if (this.#timer !== undefined) this.#continued();
  }

  /** A line was typed, and is worked on. */
  work(): void {
    this.#isAsking = false;
  }

  readonly #told = (): void => this.#stop(process.pid);

  #stop(whom: number): void {
    process.off("SIGTSTP", this.#told);
    this.#terminal.setRawMode(false);
    // Returns when we go on.
    signalProcess(whom, "SIGTSTP");
    process.on("SIGTSTP", this.#told);
    this.#continued();
  }

  /** We go on, in the foreground or not. */
  readonly #continued = (): void => {
    if (isInForeground()) return this.#take();
    if (this.#timer === undefined) this.#reader.pause();
    this.#timer ??= setInterval(() => {
      if (isInForeground()) this.#take();
    }, LOOK);
    if (this.#isAsking) signalProcess(0, "SIGTTIN");
  };

  /** The terminal is ours. */
  #take(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    // The program that had it meanwhile may have changed its modes: setting what is set already does nothing.
    this.#terminal.setRawMode(!this.#isRaw);
    this.#terminal.setRawMode(this.#isRaw);
    // The terminal tells those in the foreground of a new size, not us.
    signalProcess(process.pid, "SIGWINCH");
    this.#reader.resume();
    if (this.#isAsking) this.#redraw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    process.off("SIGTSTP", this.#told);
    process.off("SIGCONT", this.#continued);
  }
}
