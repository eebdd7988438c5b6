/**
 * Real accounts of this machine, made for a test and removed behind it. Takes root; names carry the pid of
 * the test process.
 */
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Area } from "./area.ts";
import { binary } from "./binary.ts";
import { Home } from "./home.ts";
import type { Place } from "./program.ts";

const NEEDED = ["useradd", "userdel", "groupadd", "groupdel", "setpriv", "ssh-keygen"];

/** Whether accounts can be made here; the reason if not. */
export const accounts: { possible: true } | { possible: false; reason: string } = probe();

/** Text behind the name of tests that need accounts: empty, or why they are skipped. */
export const SKIPPED: string = accounts.possible ? "" : ` (skipped: ${accounts.reason})`;

function probe(): typeof accounts {
  if (process.platform !== "linux") return { possible: false, reason: "not Linux" };
  if (process.getuid?.() !== 0) return { possible: false, reason: "not root" };
  const missing = NEEDED.find((name) => Bun.which(name) === null);
  return missing === undefined ? { possible: true } : { possible: false, reason: `no ${missing}` };
}

/** Runs one of the system's tools, and fails with its words. */
export function tool(...command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
  return stdout.toString();
}

export class Account implements Disposable {
  readonly name: string;
  readonly home: Home;
  readonly uid: number;
  readonly gid: number;
  readonly #binary: string;

  constructor(name: string, home: string, program: string) {
    this.name = name;
    tool("useradd", "--create-home", "--home-dir", home, "--shell", "/bin/sh", name);
    ({ uid: this.uid, gid: this.gid } = statSync(home));
    chmodSync(home, 0o700);
    this.home = new Home(home);
    this.#binary = program;
    this.own("run");
  }

  /** Where and as whom its programs run. */
  get place(): Place {
    return { home: this.home, account: { ...this.#ids, binary: this.#binary } };
  }

  get #ids(): { name: string; uid: number; gid: number } {
    return { name: this.name, uid: this.uid, gid: this.gid };
  }

  /** Gives it what has been written below its home. */
  own(...names: string[]): void {
    for (const name of names) chownSync(join(this.home.path, name), this.uid, this.gid);
  }

  /** Makes its ed25519 key and lets its owner in. */
  makeKey(passphrase = ""): void {
    const directory = join(this.home.path, ".ssh");
    mkdirSync(directory, { mode: 0o700 });
    const file = join(directory, "id_ed25519");
    tool(
      "ssh-keygen",
      "-q",
      "-t",
      "ed25519",
      "-N",
      passphrase,
      "-C",
      `${this.name} test`,
      "-f",
      file,
    );
    cpSync(`${file}.pub`, join(directory, "authorized_keys"));
    this.own(".ssh", ...readdirSync(directory).map((name) => `.ssh/${name}`));
  }

  /** What a command says that this account runs, and how it ends. */
  run(...command: string[]): { text: string; exitCode: number } {
    const become = [`--reuid=${this.uid}`, `--regid=${this.gid}`, "--init-groups", "--"];
    const { exitCode, stdout, stderr } = Bun.spawnSync(["setpriv", ...become, ...command], {
      cwd: "/",
      env: this.home.environment(),
    });
    return { text: stdout.toString() + stderr.toString(), exitCode };
  }

  [Symbol.dispose](): void {
    tool("userdel", this.name);
  }
}

/** A group with these members, removed with the area. */
export class Group implements Disposable {
  readonly name: string;

  constructor(name: string, members: readonly Account[]) {
    this.name = name;
    tool("groupadd", name);
    for (const member of members) tool("usermod", "-aG", name, member.name);
  }

  [Symbol.dispose](): void {
    tool("groupdel", this.name);
  }
}

/** Makes accounts whose homes are in `area`; `letters` tell them apart. */
export async function makeAccounts(area: Area, letters: string): Promise<Account[]> {
  chmodSync(area.path, 0o711);
  const program = join(area.path, "proof");
  cpSync(await binary(), program);
  chmodSync(program, 0o755);
  return letters.split("").map((letter) => {
    const name = `pt${process.pid}${letter}`;
    return area.keep(new Account(name, join(area.path, name), program));
  });
}
