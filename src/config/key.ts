/** The cluster key: 32 random bytes in a file that only its owner may read. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { ProofError, systemCode } from "../lib/errors.ts";
import { reasonOf, remedyOf } from "../lib/system-error.ts";

/** Bytes of the key. */
const SIZE = 32;

/** Reads the key; undefined if there is no such file. Throws KEY_FILE for a wrong mode, owner or length. */
export function readKey(path: string): Uint8Array | undefined {
  try {
    const stat = lstatSync(path);
    const uid = process.getuid?.() ?? stat.uid;
    if (!stat.isFile())
      throw wrong(path, "is not a regular file", `put the key of the cluster there`);
    if (stat.uid !== uid)
      throw wrong(
        path,
        `belongs to uid ${stat.uid}, not to uid ${uid}`,
        `run: chown ${uid} ${path}`,
      );
    if ((stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw wrong(
        path,
        `has mode ${mode}, so others may read or change it`,
        `run: chmod 600 ${path}`,
      );
    }
    if (stat.size !== SIZE) {
      throw wrong(
        path,
        `has ${stat.size} bytes, a cluster key has ${SIZE}`,
        "copy the key file again from another node",
      );
    }
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw error instanceof ProofError ? error : unusable(path, error);
  }
}

/** Reads the key, making it first where there is none. Throws KEY_FILE. */
export function readOrMakeKey(path: string): { key: Uint8Array; made: boolean } {
  const key = readKey(path);
  if (key !== undefined) return { key, made: false };
  const fresh = crypto.getRandomValues(new Uint8Array(SIZE));
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const draft = `${path}.${crypto.randomUUID()}`;
    try {
      writeFileSync(draft, fresh, { mode: 0o600, flag: "wx" });
      chmodSync(draft, 0o600);
      // Of daemons that start at once, nodes with one home among them, only one may make the key, and the
      // others must never find a part of it.
      linkSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
    return { key: fresh, made: true };
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw unusable(path, error);
    const theirs = readKey(path);
    if (theirs === undefined) throw unusable(path, error);
    return { key: theirs, made: false };
  }
}

function wrong(path: string, what: string, hint: string): ProofError {
  return new ProofError("KEY_FILE", `${path}: ${what}`, { hint });
}

function unusable(path: string, cause: unknown): ProofError {
  return new ProofError("KEY_FILE", `${path}: ${reasonOf(cause)}`, {
    hint: remedyOf(
      cause,
      "security.key must be a file that this account can read, or one in a directory where it can make one",
    ),
    cause,
  });
}
