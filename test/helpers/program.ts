/** Starting programs in a home, and in a network namespace where one is named. */
import type { Home } from "./home.ts";
import { waitFor } from "./wait-for.ts";

/** Where a program runs. */
export interface Place {
  home: Home;
  /** Network namespace; the caller's own by default. */
  netns?: string | undefined;
  /** Host name, in a namespace. */
  hostname?: string | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** The account to run as, with the binary that it can reach; the caller's own by default. */
  account?: { name: string; uid: number; gid: number; binary: string } | undefined;
  /** Whether it leads a session of its own, as a service does: some kernels share processors by session. */
  ownSession?: boolean | undefined;
}

/** The command line that runs `command` at its place; its pid is that of the program itself. */
export function located(command: readonly string[], { netns, hostname, account }: Place): string[] {
  const started = account === undefined ? [...command] : asAccount(command, account);
  if (netns === undefined) return started;
  const rename = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', hostname ?? netns];
  return ["ip", "netns", "exec", netns, ...rename, ...started];
}

function asAccount(
  command: readonly string[],
  { uid, gid, binary }: NonNullable<Place["account"]>,
): string[] {
  const become = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
  return [...become, binary, ...command.slice(1)];
}

/** What a program that has ended left. */
export interface Finished {
  stdout: string;
  stderr: string;
  /** 128 + n after a signal. */
  exitCode: number;
}

/** A running program whose output is collected as it comes. */
export class Program implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #read: Promise<unknown>;
  #isRead = false;

  constructor(command: readonly string[], place: Place) {
    this.#child = Bun.spawn(located(command, place), {
      cwd: place.home.path,
      env: place.home.environment(place.env),
      detached: place.ownSession === true,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#read = Promise.all([
      collect(this.#child.stdout, (text) => (this.stdout += text)),
      collect(this.#child.stderr, (text) => (this.stderr += text)),
    ]).finally(() => (this.#isRead = true));
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Writes to its standard input. */
  write(text: string): void {
    void this.#child.stdin.write(text);
    void this.#child.stdin.flush();
  }

  /** Closes its standard input. */
  end(): void {
    void this.#child.stdin.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until its stdout matches; fails when it ends without that. */
  async shows(pattern: RegExp | string): Promise<void> {
    await this.#wait(`${pattern} on stdout`, () => matches(this.stdout, pattern));
  }

  /** Waits until its stderr matches; fails when it ends without that. */
  async says(pattern: RegExp | string): Promise<void> {
    await this.#wait(`${pattern} on stderr`, () => matches(this.stderr, pattern));
  }

  async #wait(what: string, isThere: () => boolean): Promise<void> {
    const seen = () => ({ stdout: this.stdout, stderr: this.stderr });
    await waitFor(
      what,
      () => {
        if (this.#isRead && !isThere())
          throw new Error(`the program ended without ${what}\nseen:\n${Bun.inspect(seen())}`);
        return isThere();
      },
      { seen },
    );
  }

  /** Waits until it has ended and all its output has been read. */
  async finished(): Promise<Finished> {
    const exitCode = await this.#child.exited;
    await this.#read;
    return { stdout: this.stdout, stderr: this.stderr, exitCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

function matches(text: string, pattern: RegExp | string): boolean {
  return typeof pattern === "string" ? text.includes(pattern) : pattern.test(text);
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  take: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
