/**
 * Where a run of the bench lives: a directory of its own with the two binaries, a configuration, and the
 * home of daemon and clients. Nothing outside it is read or written.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROJECT = join(import.meta.dir, "..", "..");

/** A file system in memory, where there is one. */
const MEMORY = "/dev/shm";

/** A daemon under measurement. */
export interface RunningDaemon extends AsyncDisposable {
  pid: number;
  /** `host:port`, as clients want it. */
  address: string;
  /** Its state directory and its sandbox. */
  state: string;
  sandbox: string;
}

export class Area implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "pb-"));
  /**
   * Where daemons have their directories: what file systems take to make a file differs by a hundred times, and
   * depends on how many were removed before.
   */
  readonly #daemonPath = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "pb-"));
  /** The product's binary, built as it is shipped. */
  readonly product: string = join(this.path, "dist", "proof");
  /** The bench's own binary: floors and a client. */
  readonly image: string = join(this.path, "image");
  readonly config: string = join(this.path, "proof.toml");
  readonly #env: Record<string, string>;
  #sockets = 0;
  #daemons = 0;

  private constructor() {
    this.#env = { HOME: this.path, PATH: process.env["PATH"] ?? "" };
  }

  /** Makes the directory and builds both binaries, with the same flags. */
  static async make(): Promise<Area> {
    const area = new Area();
    const build = [process.execPath, "scripts/build.ts", "--outdir", join(area.path, "dist")];
    const built = Bun.spawnSync(build, { cwd: PROJECT, stdout: "ignore", stderr: "pipe" });
    if (built.exitCode !== 0) throw new Error(`the build failed:\n${built.stderr.toString()}`);
    const { success, logs } = await Bun.build({
      entrypoints: [join(import.meta.dir, "image", "main.ts")],
      compile: { outfile: area.image, autoloadDotenv: false, autoloadBunfig: false },
      bytecode: true,
      splitting: true,
      format: "esm",
      minify: true,
      sourcemap: "none",
    });
    if (!success)
      throw new Error(
        `building the floor failed:\n${logs.map(({ message }) => message).join("\n")}`,
      );
    await Bun.write(
      area.config,
      `[daemon]\nport = 0\nhost = "127.0.0.1"\nworkers = 64\n[limits]\nprocesses = 1024\n`,
    );
    return area;
  }

  [Symbol.dispose](): void {
    for (const path of [this.path, this.#daemonPath])
      rmSync(path, { recursive: true, force: true });
  }

  /** Path for a UNIX socket that nobody uses yet. */
  socketPath(): string {
    return join(this.path, `s${this.#sockets++}`);
  }

  /** Sizes of both binaries in MiB. */
  get sizes(): { product: number; image: number } {
    const size = (path: string): number => statSync(path).size / 1024 / 1024;
    return { product: size(this.product), image: size(this.image) };
  }

  /** Starts a daemon with a state directory and a sandbox of its own, and waits until it listens. */
  async startDaemon(): Promise<RunningDaemon> {
    const base = join(this.#daemonPath, `d${this.#daemons++}`);
    mkdirSync(base);
    const [state, sandbox, logPath] = ["state", "sandbox", "log"].map((name) => join(base, name));
    if (state === undefined || sandbox === undefined || logPath === undefined) throw new Error();
    const log = openSync(logPath, "a");
    const child = Bun.spawn([this.product, "daemon", "-c", this.config], {
      env: { ...this.#env, PROOF_DAEMON_STATE: state, PROOF_DAEMON_SANDBOX: sandbox },
      stdin: "ignore",
      stdout: log,
      stderr: log,
    });
    closeSync(log);
    for (let wait = 0; wait < 500; wait++) {
      const port = / listening .*port=(\d+) /.exec(readFileSync(logPath, "utf8"))?.[1];
      if (port !== undefined) {
        const stop = async (): Promise<void> => {
          child.kill("SIGTERM");
          await child.exited;
        };
        const address = `127.0.0.1:${port}`;
        return { pid: child.pid, address, state, sandbox, [Symbol.asyncDispose]: stop };
      }
      await Bun.sleep(10);
    }
    child.kill("SIGKILL");
    throw new Error(`the daemon did not come up:\n${readFileSync(logPath, "utf8")}`);
  }

  /** Starts the bench's binary in one of its modes; its standard input stays open, as a leash. */
  start(mode: string, job: object): Bun.Subprocess<"pipe", "pipe", "inherit"> {
    return Bun.spawn([this.image, mode, JSON.stringify({ ...job, config: this.config })], {
      cwd: this.path,
      env: this.#env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
  }

  /** Runs one of the modes to its end and resolves with the JSON it prints. */
  async run<T>(mode: string, job: object): Promise<T> {
    const child = this.start(mode, job);
    const text = await child.stdout.text();
    if ((await child.exited) !== 0) throw new Error(`${mode} failed: ${JSON.stringify(job)}`);
    return JSON.parse(text) as T;
  }

  /** Runs one of the modes until it has printed its JSON, and keeps it until it is disposed of. */
  async hold<T>(mode: string, job: object): Promise<T & AsyncDisposable> {
    const child = this.start(mode, job);
    const end = async (): Promise<void> => {
      await child.stdin.end();
      await child.exited;
    };
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      if (text.endsWith("\n")) return { ...(JSON.parse(text) as T), [Symbol.asyncDispose]: end };
    }
    throw new Error(`${mode} ended: ${JSON.stringify(job)}`);
  }

  /** Runs the product with `args` and resolves with the milliseconds that took. */
  async time(args: readonly string[]): Promise<number> {
    const start = performance.now();
    const child = Bun.spawn([this.product, ...args, "-c", this.config], {
      cwd: this.path,
      env: this.#env,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    if ((await child.exited) !== 0) throw new Error(`proof ${args.join(" ")} failed`);
    return performance.now() - start;
  }
}
