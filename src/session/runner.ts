/**
 * Runs commands in this proofserv: what a worker does, and a master that has no workers. Commands run one
 * after the other; a look at the log does not wait for them.
 */
import { writeSync } from "node:fs";
import { readTail } from "../lib/tail.ts";
import { elapsedSince } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { type Command, output, type Result, result } from "../protocol/messages.ts";
import { encodeValue } from "../protocol/values.ts";

/** What a runner needs of its surroundings. */
export interface RunnerHost {
  ordinal: string;
  host: string;
  logPath: string;
  workDirectory: string;
  send(pieces: Uint8Array | readonly Uint8Array[]): void;
  /** Writes a line to the log. */
  log(text: string): void;
  /** Something has been written to the log that belongs to no command. */
  printed(text: string): void;
  /** Resolves when there is room for more. */
  flow(): Promise<void>;
  /** Bytes queued upwards. */
  queued(): number;
}

/** Arrays of fewer bytes are copied before they are sent; copying a large one takes as long as sending it. */
const COPY_BELOW = 256 * 1024;
/** A result's text is cut at this many characters. */
const MAX_TEXT = 1024 * 1024;
/** Output of user code is dropped while more than this many bytes wait: a loop that prints does not wait. */
const MAX_QUEUED = 64 * 1024 * 1024;

/** Part of a result that depends on the command. */
type Outcome = Partial<Result> & { attachments?: Uint8Array[] };

export class Runner {
  readonly #host: RunnerHost;
  /** The command that runs now, for output and interrupts. */
  #current: { command: Command; stop(): void } | undefined;
  #queue: Promise<void> = Promise.resolve();
  /** Those that run or wait. */
  readonly #commands = new Set<Command>();
  #generation = 0;
  #consoleReady = false;

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  /** Whether a command runs or waits. */
  get isBusy(): boolean {
    return this.#commands.size > 0;
  }

  /** Takes a command; its result and the end of it are sent to the client. */
  run(command: Command): void {
    if (command.name === "log") {
      const lines = readTail(this.#host.logPath, command.lines);
      return this.#answer(command, performance.now(), { text: lines.join("\n") });
    }
    const generation = this.#generation;
    this.#commands.add(command);
    this.#queue = this.#queue
      .then(() => this.#perform(command, generation))
      .finally(() => this.#commands.delete(command));
  }

  /** Whoever waits for these commands is not there any more: from now on they have the number 0. */
  disown(): void {
    for (const command of this.#commands) command.id = 0;
  }

  /** Stops the command that runs and forgets those that wait. */
  interrupt(): void {
    this.#generation++;
    this.#current?.stop();
  }

  async #perform(command: Command, generation: number): Promise<void> {
    const start = performance.now();
    const interrupted = Promise.withResolvers<never>();
    interrupted.promise.catch(() => undefined);
    const stop = (): void => interrupted.reject(new ProofError("INTERRUPTED", "interrupted"));
    if (generation !== this.#generation) stop();
    this.#current = { command, stop };
    let outcome: Outcome;
    try {
      if (generation !== this.#generation) await interrupted.promise;
      outcome = await (command.name === "shell"
        ? this.#shell(command.code, interrupted.promise)
        : this.#exec(command.code, interrupted.promise));
    } catch (thrown) {
      const error = toProofError(thrown);
      outcome = { ok: false, text: error.message, code: error.code };
    }
    this.#current = undefined;
    this.#answer(command, start, outcome);
  }

  async #exec(code: string, interrupted: Promise<never>): Promise<Outcome> {
    const { evaluate, redirectConsole } = await import("../lib/scope.ts");
    if (!this.#consoleReady) redirectConsole((stream, text) => this.#print(stream, text));
    this.#consoleReady = true;
    const value = await evaluate(code, interrupted);
    const portable = encodeValue(value);
    const text = Bun.inspect(value, { colors: false, depth: 6 });
    // What is on its way, maybe for long, should stay as it is, though code may go on with its arrays.
    const attachments = (portable?.attachments ?? []).map((part) =>
      part.length < COPY_BELOW ? new Uint8Array(part) : part,
    );
    return { ok: true, text, value: portable?.head, attachments };
  }

  async #shell(line: string, interrupted: Promise<never>): Promise<Outcome> {
    const { runShell } = await import("./shell.ts");
    const exitCode = await runShell(
      line,
      this.#host.workDirectory,
      (stream, text) => this.#print(stream, text),
      () => this.#host.flow(),
      interrupted,
    );
    if (exitCode === 0) return { ok: true, text: "", exitCode };
    const how = exitCode > 128 ? `ended by signal ${exitCode - 128}` : `exit code ${exitCode}`;
    return { ok: false, text: `the command failed: ${how}`, code: "COMMAND_FAILED", exitCode };
  }

  #print(stream: "out" | "err", text: string): void {
    const current = this.#current;
    const host = this.#host;
    // What code prints after its command has ended belongs to the log.
    if (current === undefined) {
      writeLog(text);
      return this.#host.printed(text);
    }
    if (host.queued() > MAX_QUEUED) return;
    host.send(output.encode({ id: current.command.id, ordinal: host.ordinal, stream, text }));
  }

  #answer(command: Command, start: number, { attachments = [], ...outcome }: Outcome): void {
    const { ordinal, host } = this.#host;
    const text = outcome.text ?? "";
    const fields: Result = {
      id: command.id,
      ordinal,
      host,
      ok: true,
      elapsed: elapsedSince(start),
      ...outcome,
      last: true,
      text:
        text.length > MAX_TEXT
          ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters in all)`
          : text,
    };
    this.#host.send(result.encode(fields, attachments));
  }
}

function writeLog(text: string): void {
  try {
    // Not process.stdout: touching it costs milliseconds of start-up.
    writeSync(1, text);
  } catch {
    // A full disk must not end user code.
  }
}
