/**
 * The marks of sessions: a variable in the environment of each proofserv, by which its daemon knows what users'
 * code has started. A mark is 128 random bits, and a code by which the daemon knows its own marks again, also
 * those of sessions that are over: a file in the state directory has the key. So a daemon ends nothing that
 * another daemon has marked, whatever paths, pids and times the two have in common, nor what bears a mark that
 * was made up.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Name of the variable. */
export const MARK = "PROOF_PROOFSERV";

const KEY_BYTES = 32;
/** Bytes of the random part, and of the code. */
const PART = 16;
const FORM = /^[A-Za-z0-9_-]{43}$/;

export class Marks {
  readonly #key: Buffer;
  /** Whether there may be processes with marks of an earlier daemon. */
  readonly hasPast: boolean;
  /** Marks that a daemon of version 0.1.0 gave to sessions that were taken over. */
  readonly #inherited = new Set<string>();

  /** The marks of the state directory `state`, whose key is made if it is not there. Throws the system's error. */
  constructor(state: string) {
    const path = join(state, "mark.key");
    const known = read(path);
    this.#key = known ?? randomBytes(KEY_BYTES);
    this.hasPast = known !== undefined;
    if (known !== undefined) return;
    writeFileSync(`${path}.new`, this.#key, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** A mark for a session whose processes run under `uid`. */
  make(uid: number): string {
    const random = randomBytes(PART);
    return Buffer.concat([random, this.#code(random, uid)]).toString("base64url");
  }

  /** Takes in the mark of a session that was taken over. */
  inherit(mark: string): void {
    if (!FORM.test(mark)) this.#inherited.add(mark);
  }

  /** Whether `mark`, found at a process of `uid`, was made here for that uid; root may have become another. */
  isOurs(mark: string, uid: number): boolean {
    if (this.#inherited.has(mark)) return true;
    if (!FORM.test(mark)) return false;
    const bytes = Buffer.from(mark, "base64url");
    const [random, code] = [bytes.subarray(0, PART), bytes.subarray(PART)];
    return [uid, 0].some((each) => timingSafeEqual(code, this.#code(random, each)));
  }

  #code(random: Buffer, uid: number): Buffer {
    return createHmac("sha256", this.#key)
      .update(random)
      .update(`\0${uid}`)
      .digest()
      .subarray(0, PART);
  }
}

function read(path: string): Buffer | undefined {
  try {
    const key = readFileSync(path);
    return key.length === KEY_BYTES ? key : undefined;
  } catch {
    return undefined;
  }
}
