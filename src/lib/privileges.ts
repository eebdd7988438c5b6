/**
 * Acting as another account: for a moment, as a daemon that runs as root does in its users' directories,
 * and for good, as a proofserv does before anything else.
 */
import { ProofError } from "./errors.ts";

/** What the system must know to act as an account. */
export interface AccountIds {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What Bun has of this and its types only in part. */
interface Credentials {
  setuid(id: number): void;
  setgid(id: number): void;
  initgroups(name: string, group: number): void;
  getuid(): number;
  getgid(): number;
  seteuid(id: number): void;
  setegid(id: number): void;
  setgroups(groups: readonly number[]): void;
  getgroups(): number[];
  geteuid(): number;
  getegid(): number;
}

const system = process as unknown as Credentials;

/**
 * Runs `action`, which must not return a promise, with the rights of `account` and of no group but its
 * own, so that nothing it meets in that account's directories (links above all) can lead it anywhere the
 * account itself may not go. The real and saved ids stay root's: nobody can signal or trace us meanwhile.
 */
export function asAccount<T>(account: AccountIds, action: () => T): T {
  const groups = system.getgroups();
  const [uid, gid] = [system.geteuid(), system.getegid()];
  // Within another one of these: it is the same account, since nothing here waits.
  if (uid === account.uid) return action();
  try {
    system.setgroups([account.gid]);
    system.setegid(account.gid);
    system.seteuid(account.uid);
    return action();
  } finally {
    system.seteuid(uid);
    system.setegid(gid);
    system.setgroups(groups);
  }
}

/**
 * Becomes `account` for good: user, group, and all groups that the system gives it. Throws PRIVILEGES
 * unless all of it worked and cannot be undone.
 */
export function becomeAccount(account: AccountIds): void {
  const { name, uid, gid } = account;
  const failed = (why: string): ProofError =>
    new ProofError("PRIVILEGES", `cannot become user ${name}: ${why}`);
  if (!Number.isInteger(uid) || uid <= 0 || gid < 0) throw failed(`uid ${uid}, gid ${gid}`);
  system.initgroups(name, gid);
  system.setgid(gid);
  system.setuid(uid);
  const ids = [system.getuid(), system.geteuid(), system.getgid(), system.getegid()];
  if (ids.join(" ") !== [uid, uid, gid, gid].join(" ")) throw failed(`is ${ids.join(" ")}`);
  for (const back of [() => system.setuid(0), () => system.seteuid(0)]) {
    try {
      back();
    } catch {
      continue;
    }
    throw failed("it can be undone");
  }
}
