/**
 * A daemon's own directory: call-back socket, pid file, session records. It lives below a directory
 * that only this account may enter; on /tmp somebody else could have made one of the same name.
 */
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { ProofError, systemCode } from "../lib/errors.ts";
import { boundedHost, hostName } from "../lib/host-name.ts";
import { reasonOf, remedyOf } from "../lib/system-error.ts";
import { readRecords, recordsDirectory, sweep } from "./leftovers.ts";
import { Marks } from "./marks.ts";
import { takeOwnership } from "./pid-file.ts";
import { makePrivate } from "./private-directory.ts";
import { encodeRecord, isLiving, type SessionRecord } from "./session-record.ts";

/** Longest path a UNIX socket may have, in bytes. */
const MAX_SOCKET_PATH = 107;
/** Characters of a host's name in the name of a directory, whose path must leave room for the socket. */
const HOST_LENGTH = 24;

/** Times that a directory is made anew which the keeper of an earlier daemon removes meanwhile. */
const TRIES = 5;

/** A directory that is ready, and what an earlier daemon has left in it. */
interface Prepared {
  directory: StateDirectory;
  living: SessionRecord[];
  leftovers: number;
}

export class StateDirectory {
  readonly path: string;
  readonly socket: string;
  #marks: Marks | undefined;

  private constructor(path: string) {
    this.path = path;
    this.socket = join(path, "xpd.sock");
  }

  /** The marks of the sessions here. */
  get marks(): Marks {
    return (this.#marks ??= new Marks(this.path));
  }

  /**
   * Makes `<base>/<name>` and its parent with mode 0700; `<base>/<name>-<host>` where the former is another host's. Of
   * the sessions that a daemon which is gone has left there, those whose proofservs will call back are `living`; of the
   * others everything is removed, and `leftovers` of them still ran. `passable` is for a daemon whose proofservs run
   * under other accounts: these may pass through to the socket, and see nothing on the way. Throws STATE_DIR.
   */
  static prepare(base: string, name: string, passable = false): Prepared {
    for (let tries = TRIES; ; tries--) {
      try {
        return StateDirectory.#prepare(base, name, passable);
      } catch (error) {
        if (tries <= 1 || !isVanished(error)) throw error;
      }
    }
  }

  static #prepare(base: string, name: string, passable: boolean): Prepared {
    makeOwn(base, passable);
    const directory = new StateDirectory(claim(base, name, passable));
    if (Buffer.byteLength(directory.socket) > MAX_SOCKET_PATH) {
      throw new ProofError(
        "STATE_DIR",
        `${directory.socket}: longer than a socket's path may be (${MAX_SOCKET_PATH})`,
        {
          hint: "set daemon.state to a shorter directory",
        },
      );
    }
    if (passable) checkWay(base);
    try {
      // From now on the keeper of an earlier daemon leaves everything here to us.
      takeOwnership(directory.path);
      directory.#marks = new Marks(directory.path);
      makeOwn(recordsDirectory(directory.path));
      const records = readRecords(directory.path);
      const living = records.filter((record) => record.isOurs && isLiving(record));
      const leftovers = records.filter(
        (record) => !living.includes(record) && sweep(record),
      ).length;
      directory.#keepRecords(living);
      rmSync(directory.socket, { force: true });
      return { directory, living, leftovers };
    } catch (error) {
      throw error instanceof ProofError ? error : unusable(directory.path, error);
    }
  }

  /** Removes all records but those of `living`. */
  #keepRecords(living: readonly SessionRecord[]): void {
    const kept = new Set(living.map(({ sid }) => basename(this.#recordPath(sid))));
    const directory = recordsDirectory(this.path);
    for (const file of readdirSync(directory))
      if (!kept.has(file)) rmSync(join(directory, file), { recursive: true, force: true });
  }

  /**
   * Writes a record, or writes it anew: whoever reads it finds the old one or the new one. Throws STATE_DIR;
   * then the record is as it was.
   */
  writeRecord(record: SessionRecord): void {
    const path = this.#recordPath(record.sid);
    try {
      writeFileSync(`${path}.new`, encodeRecord(record), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      rmSync(`${path}.new`, { force: true });
      throw new ProofError("STATE_DIR", `${path}: cannot be written: ${reasonOf(error)}`, {
        hint: remedyOf(error, "daemon.state must be a directory that this account may write to"),
        cause: error,
      });
    }
  }

  removeRecord(sid: number): void {
    rmSync(this.#recordPath(sid), { force: true });
  }

  /** Removes the directory, and its parent when nothing else is in it. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    try {
      rmdirSync(join(this.path, ".."));
    } catch {
      // Another daemon of this account uses it.
    }
  }

  #recordPath(sid: number): string {
    return join(recordsDirectory(this.path), `${sid}.json`);
  }
}

/**
 * Makes the directory `<base>/<name>` for this host and returns it. Where hosts share a file system it may be
 * another's: pids and sockets there mean nothing here, so the name of this host is put behind. Throws STATE_DIR.
 */
function claim(base: string, name: string, passable: boolean): string {
  const own = hostName();
  let path = "";
  let whose = "";
  for (const each of [name, `${name}-${boundedHost(HOST_LENGTH)}`]) {
    path = join(base, each);
    makeOwn(path, passable);
    whose = hostOf(path, own);
    if (whose === own) return path;
  }
  throw new ProofError("STATE_DIR", `${path}: belongs to the daemon of host ${whose}`, {
    hint: "set daemon.state to a directory of this host",
  });
}

/** The name of the host that a directory belongs to, which is made `own` if it belongs to none yet. */
function hostOf(path: string, own: string): string {
  const file = join(path, "host");
  try {
    writeFileSync(file, `${own}\n`, { mode: 0o600, flag: "wx" });
    return own;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw unusable(path, error);
  }
  try {
    // A disk that was full has left it empty.
    return readFileSync(file, "utf8").trim() || own;
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Whether something was removed while it was used. */
function isVanished(error: unknown): boolean {
  return error instanceof ProofError && systemCode(error.cause) === "ENOENT";
}

/** Every directory above must let other accounts pass, or no proofserv could call back. */
function checkWay(base: string): void {
  for (let at = dirname(base); at !== dirname(at); at = dirname(at)) {
    if ((statSync(at).mode & 0o001) !== 0) continue;
    throw new ProofError(
      "STATE_DIR",
      `${base}: the sessions of users cannot get there: ${at} lets nobody pass`,
      {
        hint: `set daemon.state to a directory such as /run/proof, or run: chmod o+x ${at}`,
      },
    );
  }
}

/** Makes one of the daemon's own directories, or checks it. */
function makeOwn(path: string, passable = false): void {
  try {
    makePrivate(path, { code: "STATE_DIR", setting: "daemon.state", parents: true, passable });
  } catch (error) {
    throw error instanceof ProofError ? error : unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): ProofError {
  return new ProofError("STATE_DIR", `${path}: cannot be used: ${reasonOf(cause)}`, {
    hint: remedyOf(cause, "set daemon.state to a directory that this account may write to"),
    cause,
  });
}
