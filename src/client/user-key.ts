/** The key with which a user proves who they are, from a file of OpenSSH's. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { UserKey } from "../comm/log-in.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { readPrivateKey, type SigningKey } from "../lib/ssh-keys.ts";
import { USER_NAMESPACE } from "../protocol/user-proof.ts";
import type { AskPassphrase } from "./settings.ts";
import { reasonOf } from "../lib/system-error.ts";

/** Times that a passphrase is asked for. */
const TRIES = 3;
/** Bytes of a key file at most. */
const LARGEST = 64 * 1024;

/** Reads the key, asking for its passphrase if it has one. Throws USER_KEY. */
export async function loadUserKey(file: string, ask: AskPassphrase | undefined): Promise<UserKey> {
  const content = readFile(file);
  let key = readPrivateKey(content, file);
  for (let tried = 0; key === undefined && tried < TRIES; tried++) {
    if (ask === undefined) {
      throw new ProofError(
        "USER_KEY",
        `${file}: is encrypted, and nobody can be asked for its passphrase`,
        {
          hint: "run proof on a terminal, or name a key without a passphrase in security.identity",
        },
      );
    }
    key = readPrivateKey(content, file, await ask(file));
  }
  if (key === undefined) throw new ProofError("USER_KEY", `${file}: the passphrase is wrong`);
  return signer(key);
}

function signer(key: SigningKey): UserKey {
  return { publicKey: key.publicKey, sign: (message) => key.sign(USER_NAMESPACE, message) };
}

function readFile(file: string): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > LARGEST)
      throw new ProofError("USER_KEY", `${file}: is no key file`);
    const uid = process.getuid?.() ?? stat.uid;
    if (stat.uid !== uid && stat.uid !== 0)
      throw new ProofError("USER_KEY", `${file}: belongs to uid ${stat.uid}, not to uid ${uid}`);
    if ((stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw new ProofError("USER_KEY", `${file}: has mode ${mode}, so others may read it`, {
        hint: `run: chmod 600 ${file}`,
      });
    }
    return readFileSync(fd);
  } catch (error) {
    if (error instanceof ProofError) throw error;
    const code = systemCode(error);
    const text =
      code === "ENOENT"
        ? `the daemon asks for a key that proves who you are, and there is none in ${file}`
        : `${file}: ${reasonOf(error)}`;
    throw new ProofError("USER_KEY", text, {
      hint: "make one with ssh-keygen -t ed25519 and add its .pub to ~/.ssh/authorized_keys on the nodes, or name another in security.identity",
      cause: error,
    });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
