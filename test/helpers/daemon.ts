/** A real daemon: started, waited for until it listens, stopped or killed, its log readable. */
import { binary } from "./binary.ts";
import { type Finished, type Place, Program } from "./program.ts";
import { waitFor } from "./wait-for.ts";

/** One line of a daemon's log. */
export type Entry = { level: string; message: string } & Record<string, unknown>;

/** Settings with which a session does not wait for anybody to come back. */
export const NO_WAITING = {
  PROOF_SESSION_RECONNTO: "2s",
  PROOF_SESSION_SHUTDOWN: "always",
  PROOF_SESSION_SHUTDOWN_DELAY: "0s",
} as const;

/** How to start a daemon; by default on a port that the system chooses, on this machine only. */
export interface DaemonPlan extends Place {
  args?: readonly string[];
  /** Text of its proof.toml. */
  config?: string;
  /** Its port, "0" for any. */
  port?: number;
  /** Another copy of the binary. */
  program?: string;
}

export class RunningDaemon implements AsyncDisposable {
  readonly #program: Program;
  readonly port: number;

  constructor(program: Program, port: number) {
    this.#program = program;
    this.port = port;
  }

  get isRunning(): boolean {
    return this.#program.isRunning;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** `localhost:<port>`. */
  get address(): string {
    return `localhost:${this.port}`;
  }

  /** What it has logged so far, as it stands there. */
  get stderr(): string {
    return this.#program.stderr;
  }

  /** The entries logged so far. */
  log(): Entry[] {
    return entriesOf(this.#program.stderr);
  }

  /** Waits for a log entry whose message begins so, and returns it. */
  async logged(message: string, matching: (entry: Entry) => boolean = () => true): Promise<Entry> {
    return await waitFor(
      `the log entry "${message}"`,
      () => this.log().find((entry) => entry.message.startsWith(message) && matching(entry)),
      { seen: () => this.log() },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  /** Ends it in good order. */
  async stop(signal: "SIGTERM" | "SIGUSR1" = "SIGTERM"): Promise<Finished> {
    this.signal(signal);
    return await this.#program.finished();
  }

  /** Kills it, so that it cannot clean up. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#program.finished();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#program.isRunning) return;
    const { exitCode, stderr } = await this.stop();
    if (exitCode !== 0) throw new Error(`the daemon ended with ${exitCode}:\n${stderr}`);
  }
}

/** Starts a daemon and waits until it listens; fails with its words if it ends instead. */
export async function startDaemon(plan: DaemonPlan): Promise<RunningDaemon> {
  const program = await spawnDaemon(plan);
  const listening = await waitFor(
    "the daemon",
    () => {
      const entry = entriesOf(program.stderr).find(({ message }) => message === "listening");
      if (entry === undefined && !program.isRunning)
        throw new Error(`the daemon ended:\n${program.stderr}`);
      return entry;
    },
    { seen: () => program.stderr },
  );
  return new RunningDaemon(program, Number(listening["port"]));
}

/** Starts a daemon that is expected to end by itself, and waits for that. */
export async function failDaemon(plan: DaemonPlan): Promise<Finished> {
  await using program = await spawnDaemon(plan);
  return await program.finished();
}

async function spawnDaemon({
  args = [],
  config,
  port = 0,
  program,
  ...place
}: DaemonPlan): Promise<Program> {
  if (config !== undefined) place.home.writeConfig(config);
  const listen = ["--port", String(port), "--log-format", "json"];
  // Tests end with sessions that still run something; those of draining say so.
  const env = { PROOF_DAEMON_DRAIN: "0s", ...place.env };
  const command = [program ?? (await binary()), "daemon", ...listen, ...args];
  return new Program(command, { ...place, env });
}

function entriesOf(text: string): Entry[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Entry);
}
