/** The floor of messages: the raw round trip through as many processes and sockets as a session's. */
import { MAX_ENDS, TOP } from "./chain-parts.ts";
import { connectRaw, type Raw } from "./raw.ts";
import { report } from "./report.ts";

/** What to measure. */
export interface ChainJob {
  socket: string;
  /** Ends below a master; none puts a single end in the master's place. */
  ends: number;
  does: "echo" | "source" | "sink";
  /** Bytes of a message, there or back. */
  bytes: number;
  /** Round trips before measuring, and measured. */
  warmUp: number;
  count: number;
}

/** Sets up the processes, measures, and reports the milliseconds of each round trip. */
export async function chain(job: ChainJob): Promise<void> {
  const { socket, ends, does, bytes } = job;
  if (ends > MAX_ENDS) throw new Error(`${ends} ends, at most ${MAX_ENDS}`);
  const parts: Part[] = [];
  const part = async (mode: string, options: object): Promise<Record<string, number>> => {
    const started = new Part(mode, options);
    parts.push(started);
    return started.ready();
  };
  try {
    const { port = 0 } = await part("relay", { socket });
    const names = ends === 0 ? [TOP] : Array.from({ length: ends }, (_, name) => name);
    for (const name of names) await part("end", { socket, name, does, bytes });
    if (ends > 0) await part("master", { socket, port, ends });
    const top = await connectRaw({ hostname: "127.0.0.1", port }, TOP);
    const message = new Uint8Array(does === "source" ? 1 : bytes).fill(7);
    const answer = does === "sink" ? 1 : bytes * Math.max(1, ends);
    const milliseconds: number[] = [];
    for (let turn = 0; turn < job.warmUp + job.count; turn++) {
      const start = performance.now();
      await roundTrip(top, message, answer);
      if (turn >= job.warmUp) milliseconds.push(performance.now() - start);
    }
    report({ milliseconds });
  } finally {
    for (const started of parts) started.end();
  }
  process.exit(0);
}

function roundTrip(top: Raw, message: Uint8Array, answer: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = 0;
  top.onData = (chunk) => {
    received += chunk.length;
    if (received >= answer) resolve();
  };
  top.write(message);
  return promise;
}

/** One process of the chain. */
class Part {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  constructor(mode: string, options: object) {
    this.#child = Bun.spawn(["/proc/self/exe", mode, JSON.stringify(options)], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      // A chain that is killed takes its processes along.
      env: { BUN_FEATURE_FLAG_NO_ORPHANS: "1" },
    });
  }

  /** Resolves with what the process says once it is connected. */
  async ready(): Promise<Record<string, number>> {
    const reader = this.#child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return JSON.parse(new TextDecoder().decode(value)) as Record<string, number>;
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}
