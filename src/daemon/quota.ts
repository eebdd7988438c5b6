/**
 * The room that the files of a session take on this node. Looked at a little each second, so a session can
 * have more than its limit for a while: a warning comes first, then the proofserv with most of it ends.
 */
import { basename, join } from "node:path";
import { DiskUse } from "../lib/disk-use.ts";
import { messageOf, ProofError } from "../lib/errors.ts";
import { formatBytes, roughBytes } from "../lib/units.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** Files looked at in one go: about ten milliseconds' worth. */
const AT_ONCE = 1000;
/** Part of the limit from which on the user is warned. */
const WARN_AT = 0.8;

export class Quota {
  readonly #context: Context;
  /** Directories that are being looked at. */
  readonly #looks = new Map<string, DiskUse>();
  readonly #warned = new Set<string>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Looks on; `proofservs` are those that run, `limit` is in bytes. */
  look(proofservs: readonly Session[], limit: number): void {
    const byDirectory = Map.groupBy(
      proofservs.filter(({ state }) => state === "running"),
      ({ launched }) => launched?.sessionDirectory ?? "",
    );
    for (const known of [...this.#looks.keys(), ...this.#warned])
      if (!byDirectory.has(known)) this.#forget(known);
    const count = Math.ceil(AT_ONCE / Math.max(1, byDirectory.size));
    for (const [directory, sessions] of byDirectory)
      this.#lookAt(directory, sessions, limit, count);
  }

  #forget(directory: string): void {
    this.#looks.delete(directory);
    this.#warned.delete(directory);
  }

  #lookAt(directory: string, sessions: readonly Session[], limit: number, count: number): void {
    const { log } = this.#context;
    const [first] = sessions;
    try {
      const uses = first?.asOwner(() => {
        const look = this.#looks.get(directory) ?? new DiskUse(directory);
        this.#looks.set(directory, look);
        return look.advance(count);
      });
      if (uses === undefined) return;
      this.#looks.delete(directory);
      // What those that are gone have left is on its way out.
      const { removals } = this.#context;
      const stay = [...uses].filter(([name]) => !removals.isGoing(join(directory, name)));
      this.#judge(directory, sessions, new Map(stay), limit);
    } catch (error) {
      this.#looks.delete(directory);
      log.warn("disk use not known", { directory, error: messageOf(error) });
    }
  }

  #judge(
    directory: string,
    sessions: readonly Session[],
    uses: ReadonlyMap<string, number>,
    limit: number,
  ): void {
    const { host, log } = this.#context;
    const used = uses.values().reduce((sum, bytes) => sum + bytes, 0);
    const text = `${host}: the files of this session take ${roughBytes(used)} here, its limit is ${formatBytes(limit)} (limits.sandbox)`;
    if (used <= limit * WARN_AT) {
      this.#warned.delete(directory);
    } else if (used <= limit) {
      if (this.#warned.has(directory)) return;
      this.#warned.add(directory);
      sessions[0]?.tell(text);
    } else {
      const culprit = sessions.toSorted((a, b) => usedBy(b, uses) - usedBy(a, uses))[0];
      if (culprit === undefined) return;
      const { sid, ordinal, launched } = culprit;
      const tag = launched?.topTag ?? "";
      log.warn("sandbox limit", { sid, ordinal, tag, used, limit });
      const hint = "write less into the work directory, or raise limits.sandbox on that node";
      const details = { phase: "running", host };
      const what = text.replace("this session", `session ${tag}`);
      culprit.kill(new ProofError("QUOTA", what, { hint, details }));
    }
  }
}

/** Bytes of a proofserv's work directory and log. */
function usedBy({ launched }: Session, uses: ReadonlyMap<string, number>): number {
  if (launched === undefined) return 0;
  const own = [launched.workDirectory, launched.logPath].map((path) => basename(path));
  return own.reduce((sum, name) => sum + (uses.get(name) ?? 0), 0);
}
