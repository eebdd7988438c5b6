/**
 * The signals that end a client, from before it opens a session until it has left it. The first of them ends it in
 * good order, as far as that goes within a while; the second at once.
 */
import { ProofError } from "../lib/errors.ts";
import type { LastResort } from "../lib/last-resort.ts";
import { sigint } from "../lib/sigint.ts";
import { endAfter, endNow, handleSignals, ignoreSignals } from "../lib/signals.ts";

/** Exit codes by signal: 128 and the signal's number. */
const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** A signal that ends a client. */
export type EndSignal = keyof typeof CODES;

/** Milliseconds that the end in good order may take: the daemon may not answer, and what is printed may not be read. */
const PATIENCE = 8_000;

export class Leaving {
  readonly #opening = new AbortController();
  readonly #left = Promise.withResolvers<EndSignal>();
  readonly #handlers = (["SIGHUP", "SIGTERM"] as const).map(
    (signal) => [signal, (): void => this.#leave(signal)] as const,
  );
  #signal: EndSignal | undefined;
  #resort: LastResort | undefined;
  #state: "opening" | "working" | "closing" = "opening";

  /** Handles the signals from here on. */
  constructor() {
    handleSignals("SIGHUP", "SIGINT", "SIGTERM");
    ignoreSignals("SIGINT");
    this.#handle();
    process.on("SIGINT", this.#interrupt);
  }

  /** Aborted by any of them: gives up opening. */
  get opening(): AbortSignal {
    return this.#opening.signal;
  }

  /** The exit code, once there was one of them. */
  get exitCode(): number | undefined {
    return this.#signal === undefined ? undefined : CODES[this.#signal];
  }

  /** Resolves at the first of them. */
  get left(): Promise<EndSignal> {
    return this.#left.promise;
  }

  /**
   * The session is open, and what is done in it handles SIGINT. With `isCode` it may be code of the user's, which may
   * keep signals from being handled.
   */
  async work(isCode: boolean): Promise<void> {
    this.#state = "working";
    if (!isCode) return;
    const { watchSignals } = await import("../lib/last-resort.ts");
    this.#resort = watchSignals(["SIGHUP", "SIGINT", "SIGTERM"]);
    if (this.#resort !== undefined) return;
    sigint.release = () => {
      for (const [signal, handler] of this.#handlers) process.off(signal, handler);
    };
    sigint.renew = () => {
      this.#handle();
    };
  }

  #handle(): void {
    for (const [signal, handler] of this.#handlers)
      process.off(signal, handler).on(signal, handler);
  }

  /** The daemon is told the end: nothing is lost by not waiting for its answer. */
  close(): void {
    this.#state = "closing";
  }

  readonly #interrupt = (): void => {
    if (this.#signal === undefined) this.#resort?.answer(0);
    if (this.#state !== "working" || this.#signal !== undefined) this.#leave("SIGINT");
  };

  #leave(signal: EndSignal): void {
    if (this.#signal !== undefined || this.#state === "closing") return endNow(CODES[signal]);
    this.#signal = signal;
    this.#resort?.answer(PATIENCE / 1000);
    endAfter(PATIENCE, CODES[signal]);
    const what =
      signal === "SIGINT"
        ? "interrupted while opening the session"
        : `ended by ${signal} while opening the session`;
    this.#opening.abort(new ProofError("INTERRUPTED", what));
    this.#left.resolve(signal);
  }
}
