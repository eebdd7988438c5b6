/**
 * Whether ROOT's proofservs are alive. Each is asked now and then, and answers by touching a file of its
 * own; one that hears nothing for twenty minutes ends itself.
 */
import { statSync } from "node:fs";
import { ByteWriter } from "../../lib/bytes.ts";
import { ProofError } from "../../lib/errors.ts";
import { Attention, PROOFSERV_STREAM } from "../../protocol/codes.ts";
import type { Context } from "../context.ts";
import type { Session } from "../session.ts";

/** Milliseconds between two questions, and of silence after which a proofserv counts as dead: PROOF's own. */
const ASK_EVERY = 30_000;
const GIVE_UP = 90_000;

export class RootLiveness {
  readonly #context: Context;
  #asked = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Looks after `sessions`; called about once a second. */
  look(sessions: readonly Session[]): void {
    const now = performance.now();
    if (now - this.#asked < ASK_EVERY) return;
    this.#asked = now;
    for (const session of sessions) {
      const { proofserv } = session;
      const statusFile = session.launched?.statusFile;
      if (proofserv === undefined || statusFile === undefined) continue;
      const silent = Math.min(now - proofserv.link.lastHeard, sinceTouched(statusFile));
      if (silent > GIVE_UP) this.#end(session, silent);
      else
        proofserv.link.attention(PROOFSERV_STREAM, Attention.ping, new ByteWriter(4).i32(0).done());
    }
  }

  #end(session: Session, silent: number): void {
    const { host, log } = this.#context;
    const text = `${host}: proofserv ${session.ordinal} (pid ${session.pid}) gave no sign of life for ${Math.round(silent / 1000)} s`;
    log.warn("proofserv is silent", { sid: session.sid, ordinal: session.ordinal });
    const options = { details: { phase: "running", host } };
    session.kill(new ProofError("PROOFSERV_DIED", text, options));
  }
}

/** Milliseconds since a file was last written; never, if it is not there. */
function sinceTouched(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? Number.POSITIVE_INFINITY : Date.now() - stat.mtimeMs;
}
