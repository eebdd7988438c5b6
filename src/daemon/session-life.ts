/**
 * The life of a session in its daemon. Pure: what happens comes in as calls, what is to be done goes out
 * through the port; {@link Session} is the shell around it.
 *
 *   starting ────callBack──┬─► running ──end, kill──► ending ──exited──► ended
 *   recovering ──callBack──┘                            ▲                  ▲
 *       ├───────────────────── end, kill ───────────────┘                  │
 *       └─────────────────────────── exited ───────────────────────────────┘
 *
 * A session that an earlier daemon has begun is recovering until its proofserv calls this one back.
 */

/** Where a session is in its life. */
export type SessionState = "starting" | "recovering" | "running" | "ending" | "ended";

/** What the life of a session asks of its shell. */
export interface SessionPort {
  /** Asks the process to end; the shell calls `kill` when that takes too long. */
  terminate(): void;
  /** Ends the process and its whole group. */
  kill(): void;
  /** The proofserv is there: whoever waits for it may go on. */
  ready(): void;
  /** The process is gone; `early` if it never called back. */
  over(early: boolean): void;
}

export class SessionLife {
  readonly #port: SessionPort;
  #state: SessionState;
  /** Whether there is a process that signals may go to. */
  #hasProcess: boolean;
  #isTicketUsed = false;
  #hasCalledBack: boolean;

  constructor(port: SessionPort, begun: "starting" | "recovering" = "starting") {
    this.#port = port;
    this.#state = begun;
    this.#hasProcess = begun === "recovering";
    this.#hasCalledBack = begun === "recovering";
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Whether a call-back is to come. */
  get #isAwaited(): boolean {
    return this.#state === "starting" || this.#state === "recovering";
  }

  /** The process runs. */
  launched(): void {
    if (this.#state !== "ended") this.#hasProcess = true;
  }

  /** A ticket is shown; false unless it is right, the first, and wanted. */
  takeTicket(isRight: boolean): boolean {
    if (!isRight || this.#isTicketUsed || !this.#isAwaited) return false;
    this.#isTicketUsed = true;
    return true;
  }

  /** The proofserv whose ticket was taken is ready; false if it comes too late. */
  callBack(): boolean {
    if (!this.#isTicketUsed || !this.#isAwaited) return false;
    this.#state = "running";
    this.#hasCalledBack = true;
    this.#port.ready();
    return true;
  }

  /** The session is to end in good order. */
  end(): void {
    if (this.#state === "ending" || this.#state === "ended") return;
    this.#state = "ending";
    if (this.#hasProcess) this.#port.terminate();
    else this.exited();
  }

  /** The session is to end now. */
  kill(): void {
    if (this.#state === "ended") return;
    this.#state = "ending";
    if (this.#hasProcess) this.#port.kill();
    else this.exited();
  }

  /** The process is gone, or will never come: what it has left in its group goes too. */
  exited(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    if (this.#hasProcess) this.#port.kill();
    this.#port.over(!this.#hasCalledBack);
  }
}
