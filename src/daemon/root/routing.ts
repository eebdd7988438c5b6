/**
 * To which of a session's clients a message of ROOT's proofserv goes, and what it tells the daemon about
 * the session: the option bits of sendmsg. Pure; one instance for each session.
 */
import { SendOption } from "../../protocol/codes.ts";

export class RootRouting {
  /** Whether a query runs. */
  isRunning = false;
  /** Whether the last message went to everybody: text that follows its announcement goes the same way. */
  #toAll = false;

  /** Takes note of a message with these option bits; whether it is for all clients. */
  note(opt: number): boolean {
    if ((opt & SendOption.setIdle) !== 0) this.isRunning = false;
    else if ((opt & SendOption.startProcess) !== 0) this.isRunning = true;
    // Raw text has neither the bit of a message nor any other.
    if (opt === SendOption.internal) return this.#toAll;
    const isShared = (opt & SendOption.broadcast) !== 0;
    this.#toAll = isShared || (this.isRunning && (opt & SendOption.log) !== 0);
    return this.#toAll;
  }
}
