/** A home directory of its own for a daemon or a client, with a fixed environment. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export class Home {
  readonly path: string;
  /** Below it are the state directories of daemons, `<port>/xpd.sock` and so on. */
  readonly state: string;
  /** Below it are `<user>/session-<tag>/`. */
  readonly sandbox: string;
  readonly keyFile: string;

  constructor(path: string) {
    this.path = path;
    this.state = join(path, "run", "proof");
    this.sandbox = join(path, ".proof");
    this.keyFile = join(path, ".config", "proof", "cluster.key");
    mkdirSync(join(path, "run"), { recursive: true, mode: 0o700 });
  }

  /** The same environment everywhere: no colour, UTC, nothing of the caller's but PATH. */
  environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      HOME: this.path,
      XDG_RUNTIME_DIR: join(this.path, "run"),
      TZ: "UTC",
      LANG: "C.UTF-8",
      NO_COLOR: "1",
      TERM: "dumb",
      ...extra,
    };
  }

  /** Writes a file below this home and returns its path. */
  write(name: string, content: string | Uint8Array, mode = 0o600): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
    return path;
  }

  writeKey(key: Uint8Array): void {
    this.write(".config/proof/cluster.key", key);
  }

  /** Writes the configuration that daemon and client of this home read. */
  writeConfig(toml: string): string {
    return this.write(".config/proof/proof.toml", toml);
  }

  /** Everything below the home, relative to it. */
  list(): string[] {
    return readdirSync(this.path, { recursive: true, encoding: "utf8" }).sort();
  }

  /** What a session may leave behind while it lives, and never after it: sockets, records, work directories. */
  traces(): string[] {
    return this.list().filter(
      (path) =>
        /(^|\/)xpd\.sock$|\/sessions\/\d+\.json$|\/\.starting-/.test(path) ||
        /session-[^/]+\/(master|worker)-[^/]*-\d+-\d+$/.test(path),
    );
  }

  /** The logs that sessions have left, relative to the sandbox. */
  logs(): string[] {
    return this.list()
      .filter((path) => path.startsWith(".proof/") && path.endsWith(".log"))
      .map((path) => path.slice(".proof/".length));
  }
}
