/**
 * The keys with which an account lets people in: ~/.ssh/authorized_keys, under the conditions of sshd's
 * StrictModes, and read with the account's own rights.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Account } from "../lib/account-database.ts";
import { asAccount } from "../lib/privileges.ts";
import { readPublicKey } from "../lib/ssh-keys.ts";
import { readKeyLine, refuseOptions } from "./key-options.ts";
import { reasonOf } from "../lib/system-error.ts";

/** Bytes of such a file at most. */
const LARGEST = 1024 * 1024;

/** Why the owner of `publicKey`, who comes from `address`, is not let in as `account`; undefined if he is. */
export function refuseKey(
  account: Account,
  publicKey: Buffer,
  address: string,
  now: Date = new Date(),
): string | undefined {
  const path = join(account.home, ".ssh", "authorized_keys");
  let text: string;
  try {
    const read = asAccount(account, () => readStrictly(path, account));
    if ("problem" in read) return read.problem;
    ({ text } = read);
  } catch (error) {
    return `${path}: ${reasonOf(error)}`;
  }
  let reason = `${path} does not list it`;
  for (const line of text.split("\n")) {
    const parsed = readKeyLine(line);
    if (parsed === undefined || readPublicKey(parsed.key)?.equals(publicKey) !== true) continue;
    const refusal = refuseOptions(parsed.options, address, now);
    if (refusal === undefined) return undefined;
    reason = `in ${path} it ${refusal}`;
  }
  return reason;
}

/** Nobody else may have been able to write the file, or to put another in its place. */
function readStrictly(path: string, account: Account): { text: string } | { problem: string } {
  // Something else than a file could keep us waiting for ever.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { problem: `${path}: is not a regular file` };
    if (stat.size > LARGEST) return { problem: `${path}: is larger than ${LARGEST} bytes` };
    const real = realpathSync(path);
    const home = realpathSync(account.home);
    const wrong = unsafe(stat, real, account);
    if (wrong !== undefined) return { problem: wrong };
    // As sshd does: up to the home directory, or to the root if it is not below that.
    for (let at = dirname(real); ; at = dirname(at)) {
      const bad = unsafe(statSync(at), at, account);
      if (bad !== undefined) return { problem: bad };
      if (at === home || at === dirname(at)) break;
    }
    return { text: readFileSync(fd, "utf8") };
  } finally {
    closeSync(fd);
  }
}

function unsafe(stat: Stats, path: string, account: Account): string | undefined {
  if (stat.uid !== 0 && stat.uid !== account.uid)
    return `${path}: belongs to uid ${stat.uid}, neither to ${account.name} nor to root`;
  if ((stat.mode & 0o022) === 0) return undefined;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
  return `${path}: has mode ${mode}, so others may write to it`;
}
