/**
 * Everything the commands print, and the only place that knows ANSI.
 *
 * stdout is for results, stderr for all that is said about them. Colour and the progress line need a
 * terminal that can show them; NO_COLOR and TERM=dumb are honoured. Text that may come from a peer
 * is made harmless on the way out; `result` and `write` alone print exactly what they are given.
 */
import { causesOf, ProofError } from "../lib/errors.ts";
import { isUtf8 } from "../lib/locale.ts";
import { sanitize, sanitizeJson, sanitizeLine } from "../lib/sanitize.ts";
import { jsonOf } from "./plain-json.ts";
import { fit, formatTable, type Cell } from "./table.ts";

/** What Output needs of a stream; process.stdout and process.stderr fit. */
export interface Sink {
  isTTY?: boolean;
  columns?: number;
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Where an Output prints to; `process` fits. */
export interface Surroundings {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How much is printed, and in what form. */
export interface OutputMode {
  /** `--json`: errors go to stdout as objects, besides the line on stderr. */
  json?: boolean | undefined;
  /** `--quiet`: no info, warnings and progress. */
  quiet?: boolean | undefined;
  /** Exit code where the command fails, if its codes are its own. */
  failureExit?: number | undefined;
}

/** Paints text; the text itself where there is no colour. */
export type Paint = (text: string) => string;

/** The colours in use, for one stream. */
export interface Style {
  bold: Paint;
  dim: Paint;
  red: Paint;
  green: Paint;
  yellow: Paint;
}

const CLEAR_LINE = "\r\x1b[K";

/** The terminal of a command. */
export class Output {
  readonly #around: Surroundings;
  #mode: OutputMode;
  // Looked at when first needed: creating process.stdout takes Bun longer than starting a proofserv may.
  #stdout: Channel | undefined;
  #stderr: Channel | undefined;
  readonly #gone = new AbortController();
  #failure: Error | undefined;
  #progressShown = false;
  #redraw: (() => void) | undefined;
  #written: Promise<unknown> = Promise.resolve();

  constructor(around: Surroundings, mode: OutputMode = {}) {
    this.#around = around;
    this.#mode = mode;
  }

  /** Sets the mode once the command line has been read. */
  configure(mode: OutputMode): void {
    this.#mode = mode;
  }

  /** Whether results are to be printed with {@link json}. */
  get wantsJson(): boolean {
    return this.#mode.json === true;
  }

  /** Whether only results and errors are printed. */
  get isQuiet(): boolean {
    return this.#mode.quiet === true;
  }

  /** Exit code where the command fails, if it is not that of the error. */
  get failureExit(): number | undefined {
    return this.#mode.failureExit;
  }

  /** Colours for `result` and `write`. */
  get style(): Style {
    return this.#out.style;
  }

  /** Aborted once nobody reads stdout any more (`proof status | head -1`): stop producing. */
  get stdoutClosed(): AbortSignal {
    return this.#gone.signal;
  }

  /** A result, as lines on stdout, exactly as given. */
  result(text: string): void {
    this.write(line(text));
  }

  /** Part of a result: exactly as given, without a newline added. */
  write(text: string): void {
    this.#clearProgress();
    if (this.#gone.signal.aborted || this.#failure !== undefined) return;
    this.#send(this.#out, text, (error) => this.#stdoutFailed(error));
  }

  /** What the user's own code prints while it runs here: exactly as given, above a prompt that stands there. */
  print(stream: "out" | "err", text: string): void {
    this.#clearProgress();
    if (this.#redraw !== undefined) this.#send(this.#err, CLEAR_LINE);
    if (stream === "out") this.write(text);
    else this.#send(this.#err, text);
    this.#redraw?.();
  }

  /** A value as one line of JSON on stdout; see {@link jsonOf}. */
  json(value: unknown): void {
    this.result(sanitizeJson(jsonOf(value)));
  }

  /** From now on results go through `sink`: stdout itself is for others. */
  keepStdout(sink: Sink): void {
    this.#stdout = openChannel(sink, this.#around.env, (error) => this.#stdoutFailed(error));
  }

  /** A result in columns; numbers are aligned to the right. */
  table(rows: readonly (readonly Cell[])[], headers: readonly string[] = []): void {
    const lines = formatTable(rows, headers, this.style.bold);
    if (lines.length > 0) this.result(lines.join("\n"));
  }

  /** Something worth knowing, on stderr. */
  info(text: string): void {
    if (!this.isQuiet) this.#say(sanitize(text));
  }

  /** Something that may be wrong, on stderr. */
  warn(text: string): void {
    if (!this.isQuiet) this.fault(text);
  }

  /** Why the exit code is not 0, on stderr: also with --quiet. */
  fault(text: string): void {
    this.#say(`${this.#err.style.yellow("warning:")} ${sanitize(text)}`);
  }

  /** An error on stderr, with its hint and log; with --json also as an object on stdout. */
  error(error: ProofError): void {
    if (this.wantsJson) this.json({ error });
    const { red, dim } = this.#err.style;
    this.#say(`${red("proof:")} ${sanitize(error.message)}`);
    for (const text of detailLines(error)) this.#say(dim(`  | ${sanitizeLine(text)}`));
    // The texts of other errors say what is to be known of their causes.
    for (const text of error.code === "INTERNAL" ? causesOf(error) : [])
      this.#say(dim(`  caused by: ${sanitizeLine(text)}`));
    if (error.hint !== undefined) this.#say(`hint: ${sanitize(error.hint)}`);
  }

  /** The stack of anything thrown, with its causes, on stderr; for debugging. */
  trace(thrown: unknown): void {
    this.#say(sanitize(Bun.inspect(thrown)));
  }

  /** Redraws the one line of progress on stderr; nothing where there is no terminal. */
  progress(text: string): void {
    if (this.isQuiet || !this.#err.live) return;
    const shown = fit(sanitizeLine(text), (this.#err.sink.columns || 80) - 1);
    this.#progressShown = true;
    this.#send(this.#err, `\r${shown}\x1b[K`);
  }

  /** Columns of the terminal that results go to; 100 where it is none. */
  get width(): number {
    return this.#out.sink.columns || 100;
  }

  /** How drawings are to look: as wide as the terminal, in characters that the locale has. */
  get look(): { width: number; ascii: boolean } {
    return { width: this.width, ascii: !isUtf8(this.#around.env) };
  }

  /** Whether results go to a terminal. */
  get isTerminal(): boolean {
    return this.#out.sink.isTTY === true;
  }

  /** Empties a terminal's screen, for what is redrawn; nothing where stdout is no terminal. */
  clearScreen(): void {
    if (this.#out.live) this.#send(this.#out, "\x1b[H\x1b[2J");
  }

  /**
   * Says how to draw the prompt again that the user is typing at, or that there is none: what is said
   * meanwhile goes above it.
   */
  setPrompt(redraw: (() => void) | undefined): void {
    this.#redraw = redraw;
  }

  /** Removes the progress line; every other output does so by itself. */
  endProgress(): void {
    this.#clearProgress();
  }

  /**
   * Waits until everything printed so far has left the process: between large results, and at the end.
   * @throws ProofError SYSTEM when stdout could not be written (a full disk); not when it was closed
   */
  async drain(): Promise<void> {
    this.#clearProgress();
    await this.#written;
    if (this.#failure === undefined) return;
    throw new ProofError("SYSTEM", `cannot write to stdout: ${this.#failure.message}`, {
      hint: "check the space on the disk that stdout goes to",
      cause: this.#failure,
    });
  }

  #say(text: string): void {
    this.#clearProgress();
    if (this.#redraw === undefined) return this.#send(this.#err, line(text));
    this.#send(this.#err, CLEAR_LINE + line(text));
    this.#redraw();
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    this.#progressShown = false;
    this.#send(this.#err, CLEAR_LINE);
  }

  get #out(): Channel {
    this.#stdout ??= openChannel(this.#around.stdout, this.#around.env, (error) =>
      this.#stdoutFailed(error),
    );
    return this.#stdout;
  }

  get #err(): Channel {
    this.#stderr ??= openChannel(this.#around.stderr, this.#around.env, () => {});
    return this.#stderr;
  }

  #send({ sink }: Channel, text: string, failed: (error: Error) => void = () => {}): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.write(text, (error) => {
      if (error) failed(error);
      resolve();
    });
    this.#written = Promise.all([this.#written, promise]);
  }

  #stdoutFailed(error: Error & { code?: string }): void {
    // A terminal that has hung up answers EIO.
    const isGone =
      error.code === "EPIPE" || (error.code === "EIO" && this.#out.sink.isTTY === true);
    if (isGone) this.#gone.abort();
    else this.#failure ??= error;
  }
}

function line(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

/** The lines of those details that are lists of lines, such as the end of a log, or texts of several lines. */
function detailLines({ details, message }: ProofError): string[] {
  return Object.values(details).flatMap((value) => {
    if (Array.isArray(value)) {
      const isText = value.every((part) => typeof part === "string");
      return isText ? value.filter((part) => !message.includes(part)) : [];
    }
    const lines = typeof value === "string" ? value.trimEnd().split("\n") : [];
    return lines.length > 1 ? lines : [];
  });
}

/** A stream together with what it can show. */
interface Channel {
  sink: Sink;
  style: Style;
  /** Whether a line can be redrawn. */
  live: boolean;
}

function openChannel(
  sink: Sink,
  env: Surroundings["env"],
  failed: (error: Error) => void,
): Channel {
  // Without a listener a closed pipe would end the process with a stack trace.
  sink.on("error", failed);
  const live = sink.isTTY === true && env["TERM"] !== "dumb";
  const colour = live && !env["NO_COLOR"];
  const paint =
    (on: number, off: number): Paint =>
    (text) =>
      colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  const style = {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
  };
  return { sink, style, live };
}
