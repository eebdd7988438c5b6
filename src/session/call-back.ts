/**
 * The start of a proofserv, which a user waits for once per worker: it calls back to its daemon, and a worker
 * greets its master. What else there is to a proofserv is loaded when it is needed: by a master at once, by a
 * worker when something is asked of it, or its daemon is gone, or after a while. So nothing but this is here, and
 * next to nothing is imported: reading a module takes longer than what is done here.
 */
import { type BareSocket, openSocket, type SocketOwner } from "../comm/bare-socket.ts";
import type { JsonObject } from "../lib/check.ts";
import { ignoreSignals } from "../lib/signals.ts";
import { type Bytes, type FirstWords, PARAMETERS_FD, PROOFSERV } from "../protocol/call-back.ts";

/** What the daemon tells a proofserv, as far as it is read here. All of it is checked when the rest is loaded. */
interface Told extends JsonObject {
  socket: string;
  account?: unknown;
  firstWords: FirstWords;
}

/** A connection to the daemon on which the proofserv has called back. */
export interface CallBack {
  socket: BareSocket;
  /** What has happened on it so far, for who is to own it: the daemon's answer first. */
  missed: readonly ((owner: SocketOwner) => void)[];
  /** Whether a worker has greeted its master. */
  hasGreeted: boolean;
}

/** Serves for the daemon that started this process; undefined if none did. Resolves with the exit code. */
export async function serveDaemon(): Promise<number | undefined> {
  if (!process.argv0.startsWith(`${PROOFSERV} `)) return undefined;
  const line = await readLine().catch(() => "");
  if (line === "") return undefined;
  try {
    return await serve(JSON.parse(line) as Told);
  } catch (error) {
    log(`ends: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** The line that the daemon tells us. Not from standard input, reading which starts three threads. */
async function readLine(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const socket = await openSocket(
    { fd: PARAMETERS_FD },
    {
      onData(chunk) {
        chunks.push(chunk);
        if (chunk[chunk.length - 1] === NEWLINE) resolve(Buffer.concat(chunks).toString());
      },
      onDrain: () => undefined,
      onEnd: () => resolve(""),
      onClose: () => resolve(""),
    },
  );
  const line = await promise;
  socket.terminate();
  return line;
}

const NEWLINE = 0x0a;

/** Bun's own console: user code gets another one. */
const { error: writeLine } = console;

/**
 * Writes a line to the session's log. Not through process.stderr, touching which costs milliseconds of
 * start-up, nor node:fs, which costs one.
 */
export function log(text: string): void {
  writeLine(`${new Date().toISOString()} ${text}`);
}

/**
 * Milliseconds after which a worker loads the rest unasked: by then its session is ready as a rule, and whoever
 * asks something of it need not wait for that.
 */
const LEISURE = 1_000;

async function serve(told: Told): Promise<number> {
  if (told.account !== undefined) (await import("./become.ts")).become(told);
  const end = Promise.withResolvers<number>();
  // Must be there before anybody can send them. SIGINT breaks off user code; by itself it does nothing.
  ignoreSignals("SIGINT", "SIGHUP");
  process.on("SIGTERM", () => end.resolve(0));
  const needed = Promise.withResolvers<void>();
  const callBack = await begin(told, needed.resolve);
  // A master needs the rest at once: it is read while the daemon answers.
  if (told.firstWords.greeting === undefined) void import("./proofserv.ts");
  else setTimeout(needed.resolve, LEISURE);
  // Whoever was asked for nothing has nothing to clean up.
  const exitCode = await Promise.race([end.promise, needed.promise]);
  if (exitCode !== undefined) return exitCode;
  const { serveSession } = await import("./proofserv.ts");
  return serveSession(told, callBack, end);
}

/** Calls back. Calls `needed` when something has happened that takes more than there is here. */
async function begin({ socket: path, firstWords }: Told, needed: () => void): Promise<CallBack> {
  const { login, admission, greeting } = firstWords;
  const missed: ((owner: SocketOwner) => void)[] = [];
  const begun = { missed, hasGreeted: false };
  const socket = await openSocket(
    { unix: path },
    {
      onData(chunk) {
        missed.push((owner) => owner.onData(chunk));
        const isAdmitted = missed.length === 1 && chunk.toString("latin1") === admission;
        if (!isAdmitted || greeting === undefined) return needed();
        say(socket, greeting);
        begun.hasGreeted = true;
      },
      onDrain: () => undefined,
      onEnd() {
        missed.push((owner) => owner.onEnd());
        needed();
      },
      onClose(error) {
        missed.push((owner) => owner.onClose(error));
        needed();
      },
    },
  );
  say(socket, login);
  return Object.assign(begun, { socket });
}

function say(socket: BareSocket, text: Bytes): void {
  const bytes = Buffer.allocUnsafe(text.length);
  bytes.write(text, "latin1");
  if (socket.write(bytes) !== bytes.length)
    throw new Error("the daemon's socket is full or closed");
}
