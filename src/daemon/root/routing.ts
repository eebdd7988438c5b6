/**
 * To which of a session's clients a message of ROOT's proofserv goes, and what it tells the daemon about
 * the session: the option bits of sendmsg. Pure; one instance for each session.
 */
import type { Pieces } from "../../lib/pieces.ts";
import { SendOption } from "../../protocol/codes.ts";

export class RootRouting {
  #start: Pieces | undefined;
  /** Whether the last message went to everybody: text that follows its announcement goes the same way. */
  #toAll = false;

  /** With what the query began that runs; clients that attach meanwhile are told. Undefined without one. */
  get start(): Pieces | undefined {
    return this.#start;
  }

  /** Takes note of a message with these option bits; whether it is for all clients. */
  note(opt: number, payload: Pieces): boolean {
    if ((opt & SendOption.setIdle) !== 0) this.#start = undefined;
    else if ((opt & SendOption.startProcess) !== 0) this.#start = payload;
    // Raw text has neither the bit of a message nor any other.
    if (opt === SendOption.internal) return this.#toAll;
    const isShared = (opt & SendOption.broadcast) !== 0;
    this.#toAll = isShared || (this.#start !== undefined && (opt & SendOption.log) !== 0);
    return this.#toAll;
  }
}
