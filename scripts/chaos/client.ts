/**
 * Somebody who works without a break: a session, and one query after another in it, each result compared
 * with the right one. Runs in a process of its own. Says what happens as one JSON object a line on standard
 * output, and takes orders, one word a line, on standard input.
 */
import { saveOutputs } from "../../src/api/index.ts";
import { TProof } from "../../src/client/tproof.ts";
import { ProofError, toProofError } from "../../src/lib/errors.ts";
import { expected, type Workload } from "./workloads.ts";

/** What a client is started with. */
export interface ClientJob {
  address: string;
  workers: number;
  seed: number;
  workloads: Workload[];
}

/** A proofserv that a client knows of. */
export interface Known {
  ordinal: string;
  host: string;
  pid: number;
}

/** What a client says. */
export type ClientEvent =
  | { event: "opened"; tag: string; master: Known; workers: Known[]; milliseconds: number }
  | { event: "not opened"; code: string; message: string }
  | {
      event: "right" | "wrong";
      query: string;
      /** Value of Date.now() when the query was sent. */
      started: number;
      milliseconds: number;
      workers: Known[];
      detail?: string;
    }
  | { event: "failed"; query: string; code: string; message: string; details?: unknown }
  | { event: "lost"; ordinal: string; message: string }
  | { event: "replaced"; ordinal: string; host: string; pid: number }
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

  constructor(job: ClientJob) {
    this.#job = job;
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
    const { address, workers } = this.#job;
    const start = performance.now();
    try {
      const proof = await TProof.open(address, {
        workers,
        startup: "parallel",
        timeout: OPENING,
        onWorkerLost: ({ ordinal, message }) => say({ event: "lost", ordinal, message }),
        onWorkerJoined: ({ ordinal, host, pid }) => say({ event: "replaced", ordinal, host, pid }),
        onClosed: (error) => say({ event: "closed", ...facts(error) }),
      });
      this.#proof = proof;
      const { host, pid } = proof.master;
      const milliseconds = performance.now() - start;
      const master = { ordinal: "0", host, pid };
      say({ event: "opened", tag: proof.tag, master, workers: this.#workers, milliseconds });
      for (const { ordinal, message } of proof.failures) say({ event: "lost", ordinal, message });
      return proof;
    } catch (error) {
      say({ event: "not opened", ...facts(error) });
      return undefined;
    }
  }

  get #workers(): Known[] {
    const known = this.#proof?.workers ?? [];
    return known.map(({ ordinal, host, pid }) => ({ ordinal, host, pid }));
  }

  async #query(proof: TProof): Promise<void> {
    const { workloads, seed } = this.#job;
    const workload = workloads[this.#turn++ % workloads.length];
    if (workload === undefined) throw new Error("nothing to do");
    const { name: query, selector, data, n, pause } = workload;
    const started = Date.now();
    try {
      const result = await proof.process(selector, data, { seed, input: { n, pause } });
      const saved = saveOutputs(result.outputs);
      const isRight =
        result.state === "done" && Bun.deepEquals(saved, this.#right.get(query), true);
      say({
        event: isRight ? "right" : "wrong",
        query,
        started,
        milliseconds: Date.now() - started,
        workers: this.#workers,
        ...(isRight ? {} : { detail: Bun.inspect({ state: result.state, saved }, { depth: 4 }) }),
      });
    } catch (error) {
      say({ event: "failed", query, ...facts(error) });
      // A session that has no workers fails at once, over and over.
      await Bun.sleep(PAUSE);
    }
  }

  async #write(proof: TProof): Promise<void> {
    this.#mustWrite = false;
    const results = await proof.shell(WRITE).catch(() => []);
    const told = results.map(({ host, ok, text, output }) => ({ host, ok, text: text + output }));
    say({ event: "written", results: told });
  }
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
