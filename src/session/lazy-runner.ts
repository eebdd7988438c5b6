/** A runner that is loaded with the first command it is given; until then the user would wait for it in vain. */
import type { Command } from "../protocol/messages.ts";
import type { Runner, RunnerHost } from "./runner.ts";

export class LazyRunner {
  readonly #host: RunnerHost;
  #loading: Promise<Runner> | undefined;
  #runner: Runner | undefined;

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  /** Whether a command runs or waits. */
  get isBusy(): boolean {
    return this.#runner?.isBusy ?? this.#loading !== undefined;
  }

  /** See {@link Runner.run}. */
  run(command: Command): void {
    this.#loading ??= this.#load();
    void this.#loading.then((runner) => runner.run(command));
  }

  /** See {@link Runner.interrupt}. */
  interrupt(): void {
    void this.#loading?.then((runner) => runner.interrupt());
  }

  /** See {@link Runner.disown}. */
  disown(): void {
    void this.#loading?.then((runner) => runner.disown());
  }

  async #load(): Promise<Runner> {
    const { Runner: Loaded } = await import("./runner.ts");
    this.#runner = new Loaded(this.#host);
    return this.#runner;
  }
}
