/** `proof` on a pseudo-terminal, as somebody sits before it. */
import { binary } from "./binary.ts";
import { located, type Place } from "./program.ts";
import { waitFor } from "./wait-for.ts";

/** What keys send. */
export const KEYS = {
  up: "\x1b[A",
  tab: "\t",
  enter: "\r",
  ctrlC: "\x03",
  ctrlD: "\x04",
  ctrlZ: "\x1a",
} as const;

/** The escape sequences that a line editor sends. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])/g;

/** Characters of the screen's past that are kept. */
const KEPT = 64 * 1024;

export class TerminalSession implements AsyncDisposable {
  #raw = "";
  #mark = 0;
  readonly #child: Bun.Subprocess;

  private constructor(command: string[], place: Place) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn(located(command, place), {
      cwd: place.home.path,
      env: place.home.environment({ TERM: "xterm", ...place.env }),
      terminal: {
        cols: 120,
        rows: 40,
        data: (_terminal, bytes) => {
          // Of a flood only the end is of interest.
          const cut = Math.max(0, this.#raw.length - KEPT);
          this.#raw = this.#raw.slice(cut);
          this.#mark = Math.max(0, this.#mark - cut);
          this.#raw += decoder.decode(bytes, { stream: true });
        },
      },
    });
  }

  static async start(args: readonly string[], place: Place): Promise<TerminalSession> {
    return new TerminalSession([await binary(), ...args], place);
  }

  /** A shell with job control, whose prompt is `sh> ` and which knows `proof`. */
  static async shell(place: Place): Promise<TerminalSession> {
    const env = { ...place.env, PS1: "sh> ", PROOF: await binary() };
    const session = new TerminalSession(["/bin/sh", "-i"], { ...place, env });
    await session.shows(/sh> $/);
    return session;
  }

  /** What has appeared since the last {@link type}, without escape sequences. */
  get screen(): string {
    return this.#raw.slice(this.#mark).replaceAll(ESCAPES, "");
  }

  /** Types keys; from here on {@link shows} looks at what comes after them. */
  type(keys: string): void {
    this.#mark = this.#raw.length;
    this.#child.terminal?.write(keys);
  }

  /** Types a line and Enter. */
  enter(line: string): void {
    this.type(`${line}${KEYS.enter}`);
  }

  /** Waits until the screen matches, and returns it. */
  async shows(pattern: RegExp | string): Promise<string> {
    const regex = typeof pattern === "string" ? undefined : pattern;
    return await waitFor(
      `${pattern} on the terminal`,
      () => {
        const { screen } = this;
        return (regex?.test(screen) ?? screen.includes(String(pattern))) ? screen : undefined;
      },
      { seen: () => this.screen },
    );
  }

  /** Waits until the prompt stands there again, behind something new. */
  async prompts(): Promise<string> {
    return await this.shows(/proof> $/);
  }

  /** Makes it so many columns wide. */
  resize(columns: number): void {
    this.#child.terminal?.resize(columns, 40);
  }

  /** Closes the terminal, as a window is closed. */
  hangUp(): void {
    this.#child.terminal?.close();
  }

  get exited(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}
