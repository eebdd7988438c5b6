/**
 * Somebody who works without a break: a session, and one query after another in it, each result compared
 * with the right one. Runs in a process of its own. Says what happens as one JSON object a line on standard
 * output, and takes orders, one word a line, on standard input.
 */
import { type Outputs, saveOutputs } from "../../src/api/index.ts";
import type { EarlierNews, OpenOptions } from "../../src/client/options.ts";
import { TProof } from "../../src/client/tproof.ts";
import { ProofError, toProofError } from "../../src/lib/errors.ts";
import { expected, type Workload } from "./workloads.ts";

/** What a client is started with. */
export interface ClientJob {
  address: string;
  workers: number;
  seed: number;
  workloads: Workload[];
  /** The session that a client before was in. */
  tag?: string | undefined;
}

/** A proofserv that a client knows of. */
export interface Known {
  ordinal: string;
  host: string;
  pid: number;
}

/** What a client says. */
export type ClientEvent =
  | {
      event: "opened";
      isNew: boolean;
      tag: string;
      master: Known;
      workers: Known[];
      milliseconds: number;
    }
  | { event: "not opened"; code: string; message: string }
  | {
      event: "right" | "wrong";
      query: string;
      /** Value of Date.now() when the query was sent. */
      started: number;
      milliseconds: number;
      workers: Known[];
      detail?: string | undefined;
    }
  | { event: "failed"; query: string; code: string; message: string; details?: unknown }
  | { event: "lost"; ordinal: string; message: string }
  | { event: "joined"; ordinal: string; host: string; pid: number; how: string }
  | { event: "away" | "back"; message: string }
  | { event: "notice"; text: string }
  | { event: "closed"; code: string; message: string; details?: unknown }
  | { event: "written"; results: { host: string; ok: boolean; text: string }[] };

/** Milliseconds between two attempts to open a session. */
const PAUSE = 300;
/** Milliseconds for opening a session. */
const OPENING = 20_000;

/** What a command writes to see whether there is room on the disk. */
const WRITE = "head -c 65536 /dev/zero > chaos.tmp && rm chaos.tmp";

class Client {
  readonly #job: ClientJob;
  readonly #right = new Map<string, unknown>();
  #proof: TProof | undefined;
  #turn = 0;
  #isEnding = false;
  #isRenewing = false;
  #mustWrite = false;
  /** A session to attach to before one is opened. */
  #tag: string | undefined;

  constructor(job: ClientJob) {
    this.#job = job;
    this.#tag = job.tag;
  }

  order(word: string): void {
    if (word === "end") this.#isEnding = true;
    else if (word === "renew") this.#isRenewing = true;
    else if (word === "write") this.#mustWrite = true;
  }

  async run(): Promise<void> {
    const { workloads, seed } = this.#job;
    for (const workload of workloads)
      this.#right.set(workload.name, await expected(workload, seed));
    while (!this.#isEnding) {
      const proof = await this.#open();
      this.#proof = proof;
      if (proof === undefined) {
        await Bun.sleep(PAUSE);
        continue;
      }
      this.#isRenewing = false;
      while (proof.isValid() && !this.#isEnding && !this.#isRenewing) {
        if (this.#mustWrite) await this.#write(proof);
        await this.#query(proof);
      }
      await proof.close().catch(() => undefined);
    }
  }

  async #open(): Promise<TProof | undefined> {
    const start = performance.now();
    try {
      const proof = await this.#enter();
      const { host, pid } = proof.master;
      say({
        event: "opened",
        isNew: proof.isNew,
        tag: proof.tag,
        master: { ordinal: "0", host, pid },
        workers: workersOf(proof),
        milliseconds: performance.now() - start,
      });
      for (const { ordinal, message } of proof.failures) say({ event: "lost", ordinal, message });
      return proof;
    } catch (error) {
      say({ event: "not opened", ...facts(error) });
      return undefined;
    }
  }

  /** Attaches to the session of the client before, once; or opens one. */
  async #enter(): Promise<TProof> {
    const { address, workers } = this.#job;
    const options: OpenOptions = {
      timeout: OPENING,
      onWorkerLost: ({ ordinal, message }) => say({ event: "lost", ordinal, message }),
      onWorkerJoined: ({ ordinal, host, pid, how }) =>
        say({ event: "joined", ordinal, host, pid, how }),
      onNotice: ({ text }) => say({ event: "notice", text }),
      onAway: ({ message }) => say({ event: "away", message }),
      onBack: () => say({ event: "back", message: "the session was reached again" }),
      onEarlier: (news) => void this.#earlier(news),
      onClosed: (error) => say({ event: "closed", ...facts(error) }),
    };
    const tag = this.#tag;
    this.#tag = undefined;
    if (tag !== undefined) {
      try {
        return await TProof.attach(address, tag, options);
      } catch (error) {
        say({ event: "not opened", ...facts(error) });
      }
    }
    return TProof.open(address, { ...options, workers, startup: "parallel" });
  }

  /** What the client before has begun is over: the result has waited. */
  async #earlier(news: EarlierNews): Promise<void> {
    if (news.kind !== "query" || news.state !== "done") return;
    // It may be told while the session is still being attached to.
    while (this.#proof === undefined) await Bun.sleep(PAUSE);
    const proof = this.#proof;
    const query = this.#job.workloads.find(({ selector }) =>
      selector.endsWith(news.selector),
    )?.name;
    if (query === undefined) throw new Error(`nobody has sent ${news.selector}`);
    const started = Date.now();
    try {
      const { outputs } = await proof.retrieve(news.seq);
      await this.#judge(query, started, proof, "done", outputs);
    } catch (error) {
      say({ event: "failed", query, ...facts(error) });
    }
  }

  async #query(proof: TProof): Promise<void> {
    const { workloads, seed } = this.#job;
    const workload = workloads[this.#turn++ % workloads.length];
    if (workload === undefined) throw new Error("nothing to do");
    const { name: query, selector, data, n, pause } = workload;
    const started = Date.now();
    try {
      const result = await proof.process(selector, data, { seed, input: { n, pause } });
      await this.#judge(query, started, proof, result.state, result.outputs);
    } catch (error) {
      say({ event: "failed", query, ...facts(error) });
      // A session that has no workers fails at once, over and over.
      await Bun.sleep(PAUSE);
    }
  }

  /** Says whether a result is the right one. */
  async #judge(
    query: string,
    started: number,
    proof: TProof,
    state: string,
    outputs: Outputs,
  ): Promise<void> {
    const saved = saveOutputs(outputs);
    const isRight = state === "done" && Bun.deepEquals(saved, this.#right.get(query), true);
    const milliseconds = Date.now() - started;
    const detail = isRight ? undefined : Bun.inspect({ state, saved }, { depth: 4 });
    // The session may be over by now; the result counts.
    const workers = await proof.refresh().then(
      () => workersOf(proof),
      () => [],
    );
    const event = isRight ? "right" : "wrong";
    say({ event, query, started, milliseconds, workers, detail });
  }

  async #write(proof: TProof): Promise<void> {
    this.#mustWrite = false;
    const results = await proof.shell(WRITE).catch(() => []);
    const told = results.map(({ host, ok, text, output }) => ({ host, ok, text: text + output }));
    say({ event: "written", results: told });
  }
}

/** Workers that are there. */
function workersOf(proof: TProof): Known[] {
  return proof.workers
    .filter(({ state }) => state === "ready" || state === "busy")
    .map(({ ordinal, host, pid }) => ({ ordinal, host, pid }));
}

function facts(thrown: unknown): { code: string; message: string; details?: unknown } {
  if (!(thrown instanceof ProofError) && thrown instanceof Error)
    return { code: "UNKNOWN", message: `${thrown.stack}` };
  const { code, message, details } = toProofError(thrown);
  return { code, message, details };
}

function say(event: ClientEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

if (import.meta.main) {
  const client = new Client(JSON.parse(process.argv[2] ?? "") as ClientJob);
  const run = client.run();
  void (async () => {
    for await (const line of console) client.order(line);
    client.order("end");
  })();
  await run;
  process.exit(0);
}
