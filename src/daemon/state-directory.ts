/**
 * A daemon's own directory: call-back socket, pid file, session records. It lives below a directory
 * that only this account may enter; on /tmp somebody else could have made one of the same name.
 */
import { readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf, ProofError, systemCode } from "../lib/errors.ts";
import { type AccountIds, asAccount } from "../lib/privileges.ts";
import { processGroup, processStat, signalProcess } from "../lib/process.ts";
import { makePrivate } from "./private-directory.ts";

/** Longest path a UNIX socket may have, in bytes. */
const MAX_SOCKET_PATH = 107;

/** What is kept on disk about a proofserv while it lives. */
export interface SessionRecord {
  pid: number;
  /** Start time of the process as the kernel counts it: a pid alone may have been given to another. */
  start: string;
  tag: string;
  ordinal: string;
  user: string;
  workDirectory: string;
  /** The account that the work directory belongs to, if not the daemon's. */
  account?: AccountIds;
}

export class StateDirectory {
  readonly path: string;
  readonly socket: string;

  private constructor(path: string) {
    this.path = path;
    this.socket = join(path, "xpd.sock");
  }

  /**
   * Makes `<base>/<name>` and its parent with mode 0700, and removes what a daemon that was killed left
   * there: its proofservs and their children too, should any still run. `passable` is for a daemon whose
   * proofservs run under other accounts: these may pass through to the socket, and see nothing on the way.
   * Throws STATE_DIR.
   */
  static prepare(
    base: string,
    name: string,
    passable = false,
  ): { directory: StateDirectory; leftovers: number } {
    const directory = new StateDirectory(join(base, name));
    if (Buffer.byteLength(directory.socket) > MAX_SOCKET_PATH) {
      throw new ProofError(
        "STATE_DIR",
        `${directory.socket}: longer than a socket's path may be (${MAX_SOCKET_PATH})`,
        {
          hint: "set daemon.state to a shorter directory",
        },
      );
    }
    makeOwn(base, passable);
    makeOwn(directory.path, passable);
    if (passable) checkWay(base);
    const leftovers = directory.#removeLeftovers();
    makeOwn(join(directory.path, "sessions"));
    try {
      writeFileSync(join(directory.path, "pid"), `${process.pid}\n`, { mode: 0o600 });
    } catch (error) {
      throw unusable(directory.path, error);
    }
    return { directory, leftovers };
  }

  writeRecord(sid: number, record: SessionRecord): void {
    writeFileSync(this.#recordPath(sid), JSON.stringify(record), { mode: 0o600 });
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
    return join(this.path, "sessions", `${sid}.json`);
  }

  #removeLeftovers(): number {
    let killed = 0;
    const sessions = join(this.path, "sessions");
    for (const file of list(sessions)) {
      try {
        const record = JSON.parse(readFileSync(join(sessions, file), "utf8")) as SessionRecord;
        if (isLeft(record)) {
          signalProcess(-record.pid, "SIGKILL");
          killed++;
        }
        const { workDirectory, account } = record;
        const remove = (): void => rmSync(workDirectory, { recursive: true, force: true });
        if (workDirectory !== "" && account === undefined) remove();
        else if (workDirectory !== "" && account !== undefined) asAccount(account, remove);
      } catch {
        // A record cut short by the crash tells nothing.
      }
    }
    rmSync(sessions, { recursive: true, force: true });
    rmSync(this.socket, { force: true });
    return killed;
  }
}

/** Whether a proofserv still runs, or what its user's commands have started in its process group. */
function isLeft({ pid, start, ordinal }: SessionRecord): boolean {
  const stat = processStat(pid);
  // The kernel may have given the pid to another process, but not while there is such a group.
  if (stat !== undefined && stat.start !== start) return false;
  return processGroup(pid).some(
    (member) => member.pid === pid || member.environment.includes(`PROOF_ORDINAL=${ordinal}`),
  );
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
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
  const code = systemCode(cause);
  return new ProofError("STATE_DIR", `${path}: cannot be used: ${code ?? messageOf(cause)}`, {
    hint: "set daemon.state to a directory that this account may write to",
    cause,
  });
}
