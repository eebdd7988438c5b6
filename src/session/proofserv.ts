/**
 * A proofserv, master or worker: calls back to its daemon, serves commands, and ends with its link. What
 * it needs only after the call-back is loaded then: until then the user waits, once per worker.
 */
import { messageOf, toProofError } from "../lib/errors.ts";
import { type Command, command, greeting, Kind } from "../protocol/messages.ts";
import { decodeServe, type ServeParameters } from "../protocol/serve.ts";
import type { Master } from "./master.ts";
import type { Runner, RunnerHost } from "./runner.ts";
import { UpwardLink } from "./upward-link.ts";

/** What the daemon wrote on our standard input; undefined if it was no daemon. */
export function readParameters(input: string): ServeParameters | undefined {
  try {
    return decodeServe(input);
  } catch {
    return undefined;
  }
}

/** Bun's own console: user code gets another one. */
const { error: writeLine } = console;

/**
 * Writes a line to the session's log. Not through process.stderr, touching which costs milliseconds of
 * start-up, nor node:fs, which costs one.
 */
function log(text: string): void {
  writeLine(`${new Date().toISOString()} ${text}`);
}

/** Serves until the link to the daemon ends or the daemon says so; resolves with the exit code. */
export async function serve(parameters: ServeParameters): Promise<number> {
  try {
    return await serveSession(parameters);
  } catch (error) {
    log(`ends: ${messageOf(error)}`);
    return 1;
  }
}

async function serveSession(parameters: ServeParameters): Promise<number> {
  const end = Promise.withResolvers<number>();
  let master: Master | undefined;
  let runner: Runner | undefined;
  const drained: (() => void)[] = [];
  // Must be there before anybody can send them. SIGINT breaks off user code; by itself it does nothing.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => end.resolve(0));
  process.on("uncaughtException", (error) => log(`uncaught exception: ${Bun.inspect(error)}`));
  process.on("unhandledRejection", (error) => log(`unhandled rejection: ${Bun.inspect(error)}`));

  process.chdir(parameters.workDirectory);
  const early: [Command, number][] = [];
  const firstCommand = Promise.withResolvers<void>();
  const upward = await UpwardLink.open(parameters, {
    message(message, cid) {
      if (message.what !== Kind.command) return;
      const request = command.decode(message);
      if (master !== undefined) master.command(request, cid);
      else if (runner !== undefined) runner.run(request, cid);
      else {
        early.push([request, cid]);
        firstCommand.resolve();
      }
    },
    interrupt() {
      master?.interrupt();
      runner?.interrupt();
    },
    drained() {
      master?.drained();
      for (const resume of drained.splice(0)) resume();
    },
    closed(error) {
      log(`the daemon is gone: ${error.message}`);
      end.resolve(1);
    },
  });
  const host: RunnerHost = {
    ordinal: parameters.ordinal,
    host: parameters.host,
    logPath: parameters.logPath,
    workDirectory: parameters.workDirectory,
    send: (pieces, cid) => upward.send(pieces, cid),
    flow: () =>
      upward.isFull ? new Promise((resolve) => drained.push(resolve)) : Promise.resolve(),
    queued: () => upward.queued,
  };
  const what = parameters.role === "worker" ? "PROOF worker server" : "Welcome to the PROOF server";
  const greet =
    parameters.role === "worker"
      ? `${what} @ ${parameters.host} started`
      : `${what} @ ${parameters.host}`;
  upward.send(greeting.encode(`**** ${greet} ****`));
  if (parameters.role === "worker") {
    // Not earlier: what a worker loads while the next one starts on the same node holds that one up.
    void firstCommand.promise.then(async () => {
      const { Runner } = await import("./runner.ts");
      runner = new Runner(host);
      for (const [request, cid] of early) runner.run(request, cid);
    });
  } else {
    const { Master } = await import("./master.ts");
    const opening = new Master(parameters, upward, host);
    master = opening;
    opening.open().catch((error: unknown) => {
      log(`opening failed: ${toProofError(error).message}`);
      opening.fail(error);
    });
  }
  log(
    `proofserv ${parameters.ordinal} (${parameters.role}) of session ${parameters.topTag} is up, pid ${process.pid}`,
  );
  const exitCode = await end.promise;
  await master?.close(Math.round(parameters.terminate * 0.8));
  const { rmSync } = await import("node:fs");
  rmSync(parameters.workDirectory, { recursive: true, force: true });
  return exitCode;
}
