/** A worker proofserv. What runs commands and queries is loaded by the first of each: see proofserv.ts. */
import type { Message } from "../protocol/envelope.ts";
import { command, Kind, ping, pong } from "../protocol/messages.ts";
import type { ServeParameters } from "../protocol/serve.ts";
import type { QueryWorker } from "./queries/worker.ts";
import type { Runner, RunnerHost } from "./runner.ts";

export class Worker {
  readonly #parameters: ServeParameters;
  readonly #host: RunnerHost;
  #runner: Promise<Runner> | undefined;
  #queries: Promise<QueryWorker> | undefined;

  constructor(parameters: ServeParameters, host: RunnerHost) {
    this.#parameters = parameters;
    this.#host = host;
  }

  /** A message of the master above. */
  fromAbove(message: Message): void {
    if (message.what === Kind.ping) {
      const { ordinal, host } = this.#parameters;
      const { id } = ping.decode(message);
      this.#host.send(pong.encode({ id, workers: [{ ordinal, host }] }));
    } else if (message.what === Kind.command) {
      this.#runner ??= import("./runner.ts").then(({ Runner }) => new Runner(this.#host));
      void this.#runner.then((runner) => runner.run(command.decode(message)));
    } else {
      this.#queries ??= this.#loadQueries();
      void this.#queries.then((queries) => queries.handle(message));
    }
  }

  async #loadQueries(): Promise<QueryWorker> {
    const { QueryWorker } = await import("./queries/worker.ts");
    const { ordinal, host, workDirectory, memory } = this.#parameters;
    const send = (pieces: Uint8Array | readonly Uint8Array[]): void => this.#host.send(pieces);
    const printed = (text: string): void => this.#host.printed(text);
    return new QueryWorker({ ordinal, host, workDirectory, memory, send, printed });
  }

  interrupt(): void {
    void this.#runner?.then((runner) => runner.interrupt());
  }

  drained(): void {
    // Whoever waits for room is told by the proofserv.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
