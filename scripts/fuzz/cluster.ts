/** A daemon of its own for a campaign: directory, key, dist/proof, and what is seen of it from outside. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningDaemon, startDaemon } from "../../test/helpers/daemon.ts";
import { Home } from "../../test/helpers/home.ts";
import { runProof } from "../../test/helpers/proof.ts";

export class Cluster implements AsyncDisposable {
  readonly home: Home;
  readonly key: Uint8Array = crypto.getRandomValues(new Uint8Array(32));
  readonly #path: string;
  #daemon: RunningDaemon | undefined;

  private constructor(path: string) {
    this.#path = path;
    this.home = new Home(join(path, "h"));
    this.home.writeKey(this.key);
  }

  static async start(config: string, level: "info" | "trace"): Promise<Cluster> {
    const cluster = new Cluster(mkdtempSync(join(tmpdir(), "pf-")));
    const args = ["--host", "127.0.0.1", "--log-level", level];
    cluster.#daemon = await startDaemon({
      home: cluster.home,
      args,
      config,
      ownSession: true,
    });
    return cluster;
  }

  get daemon(): RunningDaemon {
    if (this.#daemon === undefined) throw new Error("no daemon");
    return this.#daemon;
  }

  /** MiB that the daemon holds now. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.daemon.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  }

  /** MiB that it has held at most. */
  get peakMemory(): number {
    const status = readFileSync(`/proc/${this.daemon.pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  }

  /** Whether the daemon still runs. */
  get isAlive(): boolean {
    try {
      return this.memory > 0;
    } catch {
      return false;
    }
  }

  /** Entries of the daemon's log that say that it has a fault of its own. */
  faults(): string[] {
    return this.daemon
      .log()
      .filter(({ message }) => message === "internal error")
      .map((entry) => JSON.stringify(entry));
  }

  /** Runs `proof` as a user of this cluster; exit code and milliseconds. */
  async run(
    args: readonly string[],
  ): Promise<{ exitCode: number; milliseconds: number; text: string }> {
    const start = performance.now();
    const { exitCode, stdout, stderr } = await runProof(args, { home: this.home });
    return { exitCode, milliseconds: performance.now() - start, text: stdout + stderr };
  }

  /** Starts somebody who works in a session meanwhile. */
  async bystander(workers: number): Promise<Bystander> {
    const child = Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, "bystander.ts"),
        this.daemon.address,
        String(workers),
      ],
      {
        env: this.home.environment(),
        detached: true,
        stdin: "pipe",
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    const lines = linesOf(child.stdout);
    await lines.next();
    return {
      async pings() {
        void child.stdin.write("\n");
        void child.stdin.flush();
        const { value } = await lines.next();
        return JSON.parse(String(value)) as number[];
      },
      async [Symbol.asyncDispose]() {
        void child.stdin.end();
        await child.exited;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    rmSync(this.#path, { recursive: true, force: true });
  }
}

export interface Bystander extends AsyncDisposable {
  /** What each ping since this was asked for last has taken, in milliseconds; fails when the session is over. */
  pings(): Promise<number[]>;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const parts = (text + decoder.decode(chunk, { stream: true })).split("\n");
    text = parts.pop() ?? "";
    yield* parts;
  }
}
