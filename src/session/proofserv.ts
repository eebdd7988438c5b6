/**
 * A proofserv, master or worker, from its call-back on: serves what its client asks for, and ends with its
 * link. How it came about is told in call-back.ts.
 */
import type { JsonObject } from "../lib/check.ts";
import { forgetEngineSettings } from "../lib/engine.ts";
import { toProofError } from "../lib/errors.ts";
import { turns } from "../lib/turns.ts";
import { type Message, OUR_KINDS } from "../protocol/envelope.ts";
import { greetingOf } from "../protocol/messages.ts";
import { decodeServe } from "../protocol/serve.ts";
import { type CallBack, log } from "./call-back.ts";
import type { Part } from "./part.ts";
import type { LiveLines } from "./live-lines.ts";
import type { RunnerHost } from "./runner.ts";
import { UpwardLink } from "./upward-link.ts";
import { Worker } from "./worker.ts";

/**
 * Serves until the link to the daemon ends or `end` is resolved; resolves with the exit code. `told` is what
 * the daemon told this proofserv. Throws CheckError, and the daemon's refusal of the call-back.
 */
export async function serveSession(
  told: JsonObject,
  callBack: CallBack,
  end: PromiseWithResolvers<number>,
): Promise<number> {
  const parameters = decodeServe(told);
  forgetEngineSettings();
  let part: Part | undefined;
  const drained: (() => void)[] = [];
  const letGo = (): void => {
    for (const resume of drained.splice(0)) resume();
  };
  let lines: Promise<LiveLines> | undefined;
  const printed = (text: string): void => {
    lines ??= import("./live-lines.ts").then(
      ({ LiveLines: Lines }) =>
        new Lines(parameters.ordinal, (pieces) => {
          // A client that reads slowly has the log.
          if (upward.isFull) return false;
          upward.send(pieces);
          return true;
        }),
    );
    void lines.then((live) => live.show(text));
  };
  const uncaught = (what: string, error: unknown): void => {
    // Loaded when it is needed, though user code may have left everything as it must not be.
    turns.begin?.();
    void import("../lib/thrown.ts").then(({ headOf, inspectSafely }) => {
      log(`${what}: ${inspectSafely(error)}`);
      printed(`${what}: ${headOf(error)}`);
    });
  };
  process.on("uncaughtException", (error) => uncaught("uncaught exception", error));
  process.on("unhandledRejection", (error) => uncaught("unhandled rejection", error));

  process.chdir(parameters.workDirectory);
  const early: [Message, number][] = [];
  let speaksRoot = false;
  let interpret: (() => Promise<Part>) | undefined;
  const begin = (with_: Part): void => {
    part = with_;
    for (const [message, cid] of early.splice(0)) deliver(message, cid);
  };
  const deliver = (message: Message, cid: number): void => {
    if (part === undefined) return void early.push([message, cid]);
    const isOurs = message.what >= OUR_KINDS || parameters.role === "worker";
    if (isOurs || speaksRoot) return part.fromAbove(message, cid);
    // The first message of a ROOT client in a session of ours: from here on somebody interprets.
    part = undefined;
    early.push([message, cid]);
    void interpret?.().then(begin);
  };
  // A worker's client is its master.
  const above = parameters.role === "master" ? "the client" : "the master";
  const upward = await UpwardLink.open(callBack, parameters, {
    message: deliver,
    interrupt: () => part?.interrupt(),
    drained() {
      part?.drained();
      letGo();
    },
    away(how) {
      log(`${above} ${how}`);
      part?.away?.();
      if (parameters.role === "master") letGo();
    },
    back() {
      log(`${above} is back`);
      part?.back?.();
    },
    attached(missed) {
      log(`another ${above.replace("the ", "")} is there`);
      part?.attached?.(missed);
    },
    left: (cid) => part?.left?.(cid),
    closed(error) {
      log(`ends: ${error.message}`);
      end.resolve(1);
    },
  });
  const host: RunnerHost = {
    ordinal: parameters.ordinal,
    host: parameters.host,
    logPath: parameters.logPath,
    workDirectory: parameters.workDirectory,
    message: parameters.message,
    send: (pieces) => upward.send(pieces),
    log,
    printed,
    // What runs for a client that is gone goes on, and its output is cut; a worker's master will be back.
    flow: () =>
      upward.isFull && (parameters.role !== "master" || !upward.isAway)
        ? new Promise((resolve) => drained.push(resolve))
        : Promise.resolve(),
    queued: () => upward.queued,
  };
  if (!callBack.hasGreeted) upward.send(greetingOf(parameters.role, parameters.host));
  if (parameters.role === "worker") {
    begin(new Worker(parameters, host));
  } else {
    // Our daemon looks up the workers while what opens them is loaded.
    const workers =
      told["masterOnly"] === true ? undefined : upward.getWorkers(parameters.startup.login);
    workers?.catch(() => undefined);
    const { Master } = await import("./master.ts");
    const master = new Master(told, upward, host);
    interpret = async () => {
      const { RootGateway } = await import("./root/gateway.ts");
      speaksRoot = true;
      return new RootGateway(master.parameters, upward, master);
    };
    begin(parameters.creator.isRoot ? await interpret() : master);
    master.open(workers).catch((error: unknown) => {
      log(`opening failed: ${toProofError(error).message}`);
      master.fail(error);
    });
  }
  const exitCode = await end.promise;
  upward.end();
  await part?.close(Math.round(parameters.terminate * 0.8));
  const { rmSync } = await import("node:fs");
  const { endOwnGroup, killChildren } = await import("../lib/process.ts");
  killChildren();
  rmSync(parameters.workDirectory, { recursive: true, force: true });
  // Without a daemon nobody else ends what has lost its parent.
  if (exitCode !== 0) endOwnGroup();
  return exitCode;
}
