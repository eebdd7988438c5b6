/**
 * Runs commands in this proofserv: what a worker does, and a master that has no workers. Commands run one
 * after the other; a look at the log does not wait for them.
 */
import { writeSync } from "node:fs";
import { readTail } from "../lib/tail.ts";
import { elapsedSince } from "../lib/clock.ts";
import { ProofError } from "../lib/errors.ts";
import { formatBytes } from "../lib/units.ts";
import { sizeOf, tooLarge } from "../protocol/message-size.ts";
import { type Command, output, type Result, result } from "../protocol/messages.ts";
import {
  failureOutcome,
  lookAt,
  type Looked,
  type Outcome,
  outcomeOf,
  withTextCut,
} from "./outcome.ts";
import { Printed } from "./printed.ts";

/** What a runner needs of its surroundings. */
export interface RunnerHost {
  ordinal: string;
  host: string;
  logPath: string;
  workDirectory: string;
  /** Bytes of a message at most. */
  message: number;
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

export class Runner {
  readonly #host: RunnerHost;
  /** The command that runs now, for output and interrupts. */
  #current: { command: Command; stop(): void; printed: Printed } | undefined;
  /** What a command has printed that is over and whose output is still on its way. */
  #ending: Printed | undefined;
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

  /** The client that waits for these commands is gone: from now on they have the number 0. */
  disown(): void {
    for (const command of this.#commands) command.id = 0;
  }

  /** Stops the command that runs and forgets those that wait. */
  interrupt(): void {
    this.#generation++;
    this.#current?.stop();
    this.#ending?.discard();
  }

  async #perform(command: Command, generation: number): Promise<void> {
    const start = performance.now();
    const interrupted = Promise.withResolvers<never>();
    interrupted.promise.catch(() => undefined);
    const stop = (): void => interrupted.reject(new ProofError("INTERRUPTED", "interrupted"));
    if (generation !== this.#generation) stop();
    const { ordinal } = this.#host;
    const printed = new Printed(this.#host, (stream, text) =>
      this.#host.send(output.encode({ id: command.id, ordinal, stream, text })),
    );
    this.#current = { command, stop, printed };
    let outcome: Outcome;
    try {
      if (generation !== this.#generation) await interrupted.promise;
      outcome = await (command.name === "shell"
        ? this.#shell(command.code, printed, interrupted.promise)
        : this.#exec(command, interrupted.promise));
    } catch (thrown) {
      outcome = await failureOutcome(thrown);
    }
    this.#current = undefined;
    this.#ending = printed;
    if (outcome.code === "INTERRUPTED") printed.discard();
    const dropped = await printed.end();
    this.#ending = undefined;
    if (printed.isDiscarded && outcome.code !== "INTERRUPTED")
      outcome = {
        ok: false,
        text: "interrupted before all of its output was sent",
        code: "INTERRUPTED",
      };
    this.#answer(command, start, { ...outcome, dropped });
  }

  async #exec(command: Command, interrupted: Promise<never>): Promise<Outcome> {
    const [{ evaluate, guarded }, { admitUserCode }, { redirectConsole }] = await Promise.all([
      import("../lib/scope.ts"),
      import("../lib/oversight.ts"),
      import("../lib/user-output.ts"),
    ]);
    if (!this.#consoleReady) {
      redirectConsole((stream, text) => this.#print(stream, text));
      admitUserCode({
        restored: (names) => this.#print("err", `${names.join(", ")} put back\n`),
        lost,
      });
    }
    this.#consoleReady = true;
    try {
      const limit = this.#limit(command);
      const show = (value: unknown): Looked => lookAt(value, limit);
      return await outcomeOf(await evaluate(command.code, interrupted, show), guarded);
    } catch (thrown) {
      return await failureOutcome(thrown, guarded);
    }
  }

  /** Bytes that the result of a command may take. */
  #limit({ limit = Infinity }: Command): number {
    return Math.min(limit, this.#host.message);
  }

  async #shell(line: string, printed: Printed, interrupted: Promise<never>): Promise<Outcome> {
    const { runShell, describeEnd } = await import("./shell.ts");
    const end = await runShell(
      line,
      this.#host.workDirectory,
      (stream, text) => printed.write(stream, text),
      () => printed.flow(),
      interrupted,
    );
    if (end.exitCode === 0) return { ok: true, text: "", exitCode: 0 };
    const text = `the command failed: ${describeEnd(end)}`;
    return { ok: false, text, code: "COMMAND_FAILED", ...end };
  }

  #print(stream: "out" | "err", text: string): void {
    if (this.#current !== undefined) return this.#current.printed.write(stream, text);
    // What code prints after its command has ended belongs to the log.
    writeLog(text);
    this.#host.printed(text);
  }

  #answer(command: Command, start: number, outcome: Outcome): void {
    const limit = this.#limit(command);
    const encode = (told: Outcome): Uint8Array[] => {
      const { attachments, ...rest } = withTextCut(told, limit);
      const { ordinal, host } = this.#host;
      const elapsed = elapsedSince(start);
      const base = { id: command.id, ordinal, host, ok: true, text: "", elapsed };
      const fields: Result = { ...base, ...rest, last: true };
      return result.encode(fields, attachments);
    };
    const pieces = encode(outcome);
    const size = sizeOf(pieces);
    if (size <= limit) return this.#host.send(pieces);
    const { code, message: text } = tooLarge(`the result takes more (${formatBytes(size)})`, limit);
    this.#host.send(encode({ ok: false, code, text }));
  }
}

/** User code has made this process useless: it ends while it can still say so. */
function lost(name: string): void {
  writeLog(`user code has changed ${name} for good: this proofserv can do nothing more\n`);
  process.kill(process.pid, "SIGKILL");
}

function writeLog(text: string): void {
  try {
    // Not process.stdout: touching it costs milliseconds of start-up.
    writeSync(1, text);
  } catch {
    // A full disk must not end user code.
  }
}
