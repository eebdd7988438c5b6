/** A worker proofserv. What runs commands and queries is loaded by the first of each: see proofserv.ts. */
import type { Message } from "../protocol/envelope.ts";
import { command, Kind, ping, pong } from "../protocol/messages.ts";
import type { ServeParameters } from "../protocol/serve.ts";
import type { QueryWorker } from "./queries/worker.ts";
import { LazyRunner } from "./lazy-runner.ts";
import type { RunnerHost } from "./runner.ts";

export class Worker {
  readonly #parameters: ServeParameters;
  readonly #host: RunnerHost;
  readonly #runner: LazyRunner;
  #queries: Promise<QueryWorker> | undefined;

  constructor(parameters: ServeParameters, host: RunnerHost) {
    this.#parameters = parameters;
    this.#host = host;
    this.#runner = new LazyRunner(host);
  }

  /** A message of the master above. */
  fromAbove(message: Message): void {
    if (message.what === Kind.ping) {
      const { ordinal, host } = this.#parameters;
      const { id } = ping.decode(message);
      this.#host.send(pong.encode({ id, workers: [{ ordinal, host }] }));
    } else if (message.what === Kind.command) {
      this.#runner.run(command.decode(message));
    } else {
      this.#queries ??= this.#loadQueries();
      void this.#queries.then((queries) => queries.handle(message));
    }
  }

  async #loadQueries(): Promise<QueryWorker> {
    const { QueryWorker } = await import("./queries/worker.ts");
    const { ordinal, host, workDirectory, memory, message } = this.#parameters;
    const send = (pieces: Uint8Array | readonly Uint8Array[]): void => this.#host.send(pieces);
    const printed = (text: string): void => this.#host.printed(text);
    return new QueryWorker({ ordinal, host, workDirectory, memory, message, send, printed });
  }

  interrupt(): void {
    this.#runner.interrupt();
  }

  drained(): void {
    // Whoever waits for room is told by the proofserv.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
