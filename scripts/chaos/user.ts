/** A client as seen from outside: its process, what it says, and how its session is. */
import { join } from "node:path";
import { located } from "../../test/helpers/program.ts";
import type { ClientEvent, ClientJob, Known } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import type { Journal } from "./journal.ts";
import type { SessionName } from "./schedule.ts";
import type { Workload } from "./workloads.ts";

/** What came of the queries of a session. */
export interface Outcomes {
  right: number;
  wrong: number;
  /** Queries that failed, by code. */
  failed: Record<string, number>;
}

export class User {
  readonly name: SessionName;
  /** Number of its master's host. */
  readonly master: number;
  readonly outcomes: Outcomes = { right: 0, wrong: 0, failed: {} };
  /** Sessions opened so far, and how often one that was there was attached to. */
  sessions = 0;
  attached = 0;
  /** What went wrong that must not. */
  readonly problems: string[] = [];
  masterKnown: Known | undefined;
  workers: readonly Known[] = [];
  /** Value of Date.now() at which the newest query began that ended right with all workers there. */
  rightSince = 0;
  written: { host: string; ok: boolean; text: string }[] | undefined;
  readonly #cluster: Cluster;
  readonly #journal: Journal;
  readonly #job: ClientJob;
  #tag: string | undefined;
  #child: Bun.Subprocess<"pipe", "pipe", "inherit"> | undefined;

  constructor(
    cluster: Cluster,
    journal: Journal,
    terms: {
      name: SessionName;
      master: number;
      workers: number;
      seed: number;
      workloads: Workload[];
    },
  ) {
    const { name, master, ...job } = terms;
    this.name = name;
    this.master = master;
    this.#cluster = cluster;
    this.#journal = journal;
    this.#job = { address: `${name}@${cluster.addressOf(master)}`, ...job };
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts its process; one after another attaches to the session that there is. */
  start(): void {
    const { home, netns, name } = this.#cluster.outside;
    const script = join(import.meta.dir, "client.ts");
    const job: ClientJob = { ...this.#job, tag: this.#tag };
    const command = located([process.execPath, script, JSON.stringify(job)], {
      home,
      netns,
      hostname: name,
    });
    const child = Bun.spawn(command, {
      env: home.environment(),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#child = child;
    void this.#listen(child);
  }

  async #listen(child: Bun.Subprocess<"pipe", "pipe", "inherit">): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of child.stdout) {
      const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#heard(JSON.parse(line) as ClientEvent, line);
    }
  }

  #heard(event: ClientEvent, line: string): void {
    this.#journal.add(`client ${this.name}`, line);
    switch (event.event) {
      case "opened":
        if (event.isNew) this.sessions++;
        else this.attached++;
        this.#tag = event.tag;
        this.masterKnown = event.master;
        this.workers = event.workers;
        break;
      case "right":
        this.outcomes.right++;
        this.workers = event.workers;
        if (event.workers.length === this.#job.workers) this.rightSince = event.started;
        break;
      case "wrong":
        this.outcomes.wrong++;
        this.problems.push(`session ${this.name}: wrong result of ${event.query}: ${event.detail}`);
        break;
      case "failed":
      case "not opened":
      case "closed":
        this.#failed(event);
        break;
      case "written":
        this.written = event.results;
        break;
      default:
        break;
    }
  }

  /** Whatever fails has a cause with a name. */
  #failed(event: ClientEvent & { code: string; message: string }): void {
    if (event.event === "failed") {
      const { failed } = this.outcomes;
      failed[event.code] = (failed[event.code] ?? 0) + 1;
    }
    if (event.code === "UNKNOWN" || event.code === "INTERNAL" || event.message === "")
      this.problems.push(`session ${this.name}: ${event.event} without a cause: ${event.message}`);
  }

  order(word: "renew" | "write" | "end"): void {
    if (word === "write") this.written = undefined;
    void this.#child?.stdin.write(`${word}\n`);
    void this.#child?.stdin.flush();
  }

  /** Has it close its session and end; one that has not after `seconds` is killed, and that is a problem. */
  async end(seconds: number): Promise<void> {
    this.order("end");
    const isInTime = await Promise.race([
      this.gone().then(() => true),
      Bun.sleep(seconds * 1000).then(() => false),
    ]);
    if (isInTime) return;
    this.problems.push(`client ${this.name} did not end`);
    this.#child?.kill("SIGKILL");
    await this.gone();
  }

  /** Resolves when its process is gone. */
  async gone(): Promise<void> {
    await this.#child?.exited;
  }
}
