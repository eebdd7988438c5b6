/** What a master of ours does for one session's ROOT clients: their requests, and the end of their commands. */
import { ShortRead } from "../../lib/bytes.ts";
import { CheckError } from "../../lib/check.ts";
import { readTail } from "../../lib/tail.ts";
import { VERSION } from "../../lib/version.ts";
import { encodeMessage, type Message, messageOf } from "../../protocol/envelope.ts";
import {
  command,
  type CommandName,
  type Output,
  type Result,
  type WorkerFailure,
  type WorkerInfo,
} from "../../protocol/messages.ts";
import {
  readLogRange,
  readParallel,
  readText,
  readWorkerListChange,
  rootMessage,
  RootKind,
} from "../../protocol/root-messages.ts";
import { listOf, slaveInfo } from "../../protocol/root-objects.ts";
import type { MasterParameters } from "../../protocol/serve.ts";
import type { ActiveWorkers } from "./active-workers.ts";
import { printSession } from "./print.ts";
import { type Refusal, REFUSALS } from "./refusals.ts";
import { ShellCommand } from "./shell-command.ts";

/** What the session consists of; kept by the gateway. */
export interface Crew {
  readonly active: ActiveWorkers;
  infos: readonly WorkerInfo[];
  failures: readonly WorkerFailure[];
}

/** Where things go. */
export interface Ways {
  /** To the client `cid`. */
  send(bytes: Uint8Array, cid: number): void;
  /** To the master, as if client `cid` had sent it. */
  toMaster(message: Message, cid: number): void;
}

/** Lines of the log that a client may look at. */
const LOG_LINES = 100_000;
export const PLATFORM = `${process.platform}-${process.arch}`;

export class RootService {
  readonly #parameters: MasterParameters;
  readonly #crew: Crew;
  readonly #ways: Ways;
  readonly #commands = new Map<number, ShellCommand>();
  /** Clients of ours number their own commands from 1. */
  #nextId = 2 ** 30;

  constructor(parameters: MasterParameters, crew: Crew, ways: Ways) {
    this.#parameters = parameters;
    this.#crew = crew;
    this.#ways = ways;
  }

  /** Answers a request of client `cid`. */
  serve(message: Message, cid: number): void {
    try {
      this.#answer(message, cid);
    } catch (error) {
      if (!(error instanceof ShortRead || error instanceof CheckError)) throw error;
      this.log(cid, `message ${message.what} cannot be read: ${error.message}\n`);
      this.logDone(cid, -1);
    }
  }

  #answer(message: Message, cid: number): void {
    const { active } = this.#crew;
    const { workDirectory, host, maxquerykept } = this.#parameters;
    const send = (bytes: Uint8Array): void => this.#ways.send(bytes, cid);
    switch (message.what) {
      case RootKind.cint:
        return this.#exec(readText(message).trim(), cid);
      case RootKind.print:
        this.log(cid, this.#print(readText(message)));
        return this.logDone(cid);
      case RootKind.parallel: {
        const { count, random } = readParallel(message);
        active.use(count, random ? Math.random : undefined);
        return this.logDone(cid);
      }
      case RootKind.workerLists: {
        const { activate, ordinals } = readWorkerListChange(message);
        return this.logDone(cid, active.change(activate, ordinals));
      }
      case RootKind.logFile:
        if (readLogRange(message).from >= 0) this.#showLog(cid);
        return this.logDone(cid);
      case RootKind.getStats: {
        const sandbox = workDirectory.split("/").slice(0, -2).join("/");
        return send(rootMessage.stats(workDirectory, sandbox, `${host}:${sandbox}`));
      }
      case RootKind.getParallel:
        return send(rootMessage.parallel(active.ordinals.length));
      case RootKind.getSlaveInfo: {
        const infos = this.#crew.infos.map(({ ordinal, host: node }) =>
          slaveInfo({ ordinal, host: node, isActive: active.ordinals.includes(ordinal) }),
        );
        return send(encodeMessage(RootKind.getSlaveInfo, listOf(infos)));
      }
      case RootKind.queryList:
        send(rootMessage.noQueries());
        return this.logDone(cid);
      case RootKind.maxQueries:
        send(rootMessage.maxQueries(maxquerykept));
        return this.logDone(cid);
      case RootKind.cleanupSession:
        return this.logDone(cid);
      case RootKind.checkFile:
        return send(rootMessage.checkFile(false));
      default: {
        // What is not listed asks for nothing: log levels, variables, real-time logs.
        const refusal = REFUSALS[message.what];
        if (refusal !== undefined) this.#refuse(refusal, cid);
      }
    }
  }

  /** Why something is not done, and what can be done about it. */
  #cannot(what: string): string {
    const { host } = this.#parameters;
    return `proof ${VERSION} on ${host} runs TypeScript, not ROOT: ${what} needs a proofserv of ROOT's, which the administrator can set as [proofserv] program`;
  }

  #refuse({ before, after, what, status }: Refusal, cid: number): void {
    const text = this.#cannot(what);
    if (status === undefined) this.#ways.send(rootMessage.message(text), cid);
    else this.log(cid, `${text}\n`);
    if (before !== undefined) this.#ways.send(before, cid);
    if (status !== undefined) this.logDone(cid, status);
    if (after !== undefined) this.#ways.send(after, cid);
  }

  /** Text for a client's log. */
  log(cid: number, text: string): void {
    if (text !== "") this.#ways.send(rootMessage.log(text), cid);
  }

  /** The end of an answer. */
  logDone(cid: number, status = 0): void {
    this.#ways.send(rootMessage.logDone(status, this.#crew.active.ordinals.length), cid);
  }

  #print(options: string): string {
    const { ordinal, host, user, group, workDirectory } = this.#parameters;
    const { infos: workers, failures, active } = this.#crew;
    const facts = { ordinal, host, user, group, workDirectory, workers, failures };
    const { ordinals } = active;
    const own = { version: VERSION, platform: PLATFORM, active: ordinals };
    return printSession({ ...facts, ...own }, options.toLowerCase().includes("a"));
  }

  #showLog(cid: number): void {
    const lines = readTail(this.#parameters.logPath, LOG_LINES);
    this.log(cid, lines.map((line) => `${line}\n`).join(""));
  }

  /** `.!<command>` runs in a shell on the node of every active worker, or of the master without any. */
  #exec(line: string, cid: number): void {
    if (!line.startsWith(".!")) {
      const why = this.#cannot(`Exec(${JSON.stringify(line)})`);
      this.log(cid, `${why}; Exec(".!<command>") runs a shell command on every worker's node\n`);
      return this.logDone(cid, -1);
    }
    const { ordinals, areAllActive } = this.#crew.active;
    const { ordinal, masterOnly } = this.#parameters;
    const everybody = masterOnly || (areAllActive && ordinals.length > 0);
    const places = everybody ? [""] : ordinals.length > 0 ? ordinals : [ordinal];
    const shell = new ShellCommand(cid);
    const numbered = places.map((place) => ({ place, id: this.#nextId++ }));
    for (const { id } of numbered) {
      shell.add(id);
      this.#commands.set(id, shell);
    }
    for (const { id, place } of numbered) this.#send(id, "shell", line.slice(2), place, cid);
  }

  /** Asks the master who is there; the answer is a `ready` to this client. */
  askWorkers(cid: number): void {
    this.#send(this.#nextId++, "workers", "", "", cid);
  }

  #send(id: number, name: CommandName, code: string, ordinal: string, cid: number): void {
    const pieces = command.encode({ id, name, code, ordinal, lines: 0 });
    this.#ways.toMaster(messageOf(pieces), cid);
  }

  /** Text that a command writes. */
  output(output: Output): void {
    const shell = this.#commands.get(output.id);
    if (shell !== undefined) this.log(shell.cid, shell.output(output));
  }

  /** What a worker made of a command. */
  result(result: Result): void {
    const shell = this.#commands.get(result.id);
    if (shell === undefined) return;
    this.log(shell.cid, shell.result(result));
    if (result.last === true) this.done(result.id);
  }

  /** Nothing more comes of a command. */
  done(id: number): void {
    const shell = this.#commands.get(id);
    this.#commands.delete(id);
    const status = shell?.done(id);
    if (shell !== undefined && status !== undefined) this.logDone(shell.cid, status);
  }
}
