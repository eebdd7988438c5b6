/** Starting a proofserv: directory, log, environment, process, and what it is told. */
import { existsSync, closeSync, writeSync } from "node:fs";
import { join } from "node:path";
import { adopt } from "../comm/socket.ts";
import type { Config } from "../config/schema.ts";
import type { Account } from "../lib/account-database.ts";
import { accountHome, accountName } from "../lib/account.ts";
import { COMPILE_LATER, COMPILE_SOONER } from "../lib/engine.ts";
import { pickVariables } from "../lib/environment.ts";
import { messageOf, ProofError, systemCode } from "../lib/errors.ts";
import { shortHost } from "../lib/host-name.ts";
import { asAccount } from "../lib/privileges.ts";
import {
  channelOf,
  type Child,
  feed,
  processStat,
  selfCommand,
  signalProcess,
  spawn,
} from "../lib/process.ts";
import type { CreateOptions } from "../protocol/create.ts";
import { PROOFSERV } from "../protocol/call-back.ts";
import { encodeServe, type MasterParameters, type ServeParameters } from "../protocol/serve.ts";
import { MARK } from "./marks.ts";
import { rootCommand, type RootPlan, rootVariables, writeRootFiles } from "./root/launch.ts";
import {
  freeTag,
  giveDirectory,
  joinDirectory,
  makeWorkDirectory,
  nameDirectory,
  nascentDirectory,
  openLog,
  removeDirectory,
  sandboxBase,
  sessionTag,
  userSandbox,
} from "./sandbox.ts";
import type { SessionLog } from "./session-log.ts";
import { remedyOf, wordsFor } from "../lib/system-error.ts";

/** What to start. */
export interface LaunchPlan {
  role: "master" | "submaster" | "worker";
  sid: number;
  ordinal: string;
  user: string;
  group: string;
  creator: ServeParameters["creator"];
  /** The account it is to run under; undefined for the daemon's own. */
  account: Account | undefined;
  /** Tag of the top session; undefined for a top master, whose own tag that will be. */
  topTag: string | undefined;
  ticket: string;
  /** Tells what it starts from all other processes: see marks.ts. */
  mark: string;
  socket: string;
  host: string;
  /** Of the cluster key, "" without one. */
  fingerprint: string;
  options: CreateOptions;
  config: Config;
  /** A proofserv of ROOT's that is to run instead of our own. */
  root: RootPlan | undefined;
}

/** A proofserv that runs, and its places. */
export interface Launched {
  pid: number;
  /** Start time of the process as the kernel counts it. */
  start: string;
  tag: string;
  topTag: string;
  sandbox: string;
  sessionDirectory: string;
  workDirectory: string;
  logPath: string;
  log: SessionLog;
  /** With a proofserv of ROOT's: the file by which it shows that it is alive. */
  statusFile?: string;
}

/** Starts a proofserv. Throws SANDBOX or SPAWN, and then has left nothing behind but perhaps a log. */
export function launch(plan: LaunchPlan): { child: Child; launched: Launched } {
  // In directories that belong to a user, we may do what that user may.
  const asOwner = <T>(action: () => T): T =>
    plan.account === undefined ? action() : asAccount(plan.account, action);
  const base = sandboxBase(plan.config.daemon.sandbox, plan.account);
  // In a sandbox that all users share, a directory for the user is made first.
  if (plan.account !== undefined && base === plan.config.daemon.sandbox)
    giveDirectory(base, plan.user, plan.account);
  const stem = `${plan.role === "worker" ? "worker" : "master"}-${plan.ordinal}`;
  const logName = `${stem}-${shortHost()}.log`;
  const { sandbox, begun, log } = asOwner(() => {
    const own = userSandbox(base, plan.user);
    const directory =
      plan.topTag === undefined ? nascentDirectory(own) : joinDirectory(own, plan.topTag);
    return { sandbox: own, begun: directory, log: openLog(join(directory, logName)) };
  });
  const variables = environment(plan, sandbox);
  let child: Child;
  try {
    child = start(plan, variables, plan.account === undefined ? begun : "/", log);
  } catch (error) {
    log.close();
    if (plan.topTag === undefined) asOwner(() => removeDirectory(begun));
    throw error;
  }
  try {
    const tag =
      plan.topTag === undefined
        ? asOwner(() => freeTag(sandbox, child.pid))
        : sessionTag(child.pid);
    const topTag = plan.topTag ?? tag;
    const places = asOwner(() => {
      const sessionDirectory =
        plan.topTag === undefined ? nameDirectory(begun, sandbox, tag) : begun;
      const workDirectory = join(sessionDirectory, `${stem}-${tag}`);
      makeWorkDirectory(workDirectory);
      return { sessionDirectory, workDirectory, logPath: join(sessionDirectory, logName) };
    });
    const { workDirectory, logPath } = places;
    const { pid } = child;
    const start = processStat(pid)?.start ?? "";
    const launched = { pid, start, tag, topTag, sandbox, ...places, log };
    const { root } = plan;
    if (root !== undefined) {
      const written = { tag, topTag, pid: child.pid, sandbox, workDirectory, logPath };
      const { line, statusFile } = writeRootFiles(root, written, variables);
      feed(child, line);
      return { child, launched: { ...launched, statusFile } };
    }
    const told = parameters(plan, { tag, topTag, workDirectory, logPath });
    brief(child, encodeServe(told, pid));
    return { child, launched };
  } catch (error) {
    log.close();
    if (plan.root === undefined) closeSync(channelOf(child));
    signalProcess(-child.pid, "SIGKILL");
    throw error;
  }
}

/** Removes the directories of a proofserv that ended before it did anything, to start it anew. */
export function undoLaunch(plan: LaunchPlan, launched: Launched): void {
  const { log, workDirectory, sessionDirectory } = launched;
  log.close();
  const remove = (): void =>
    removeDirectory(plan.topTag === undefined ? sessionDirectory : workDirectory);
  if (plan.account === undefined) remove();
  else asAccount(plan.account, remove);
}

/** Tells a proofserv what it has to know. One that has died in the meantime is reported by its exit. */
function brief(child: Child, parameters: Buffer): void {
  const fd = channelOf(child);
  const taken = writeNow(fd, parameters);
  if (taken === parameters.length) return closeSync(fd);
  const giveUp = (): boolean => signalProcess(-child.pid, "SIGKILL");
  adopt(fd).then((channel) => {
    // It closes the channel once it has read the line.
    channel.attach({ data: () => undefined, closed: () => undefined });
    channel.write(parameters.subarray(taken));
  }, giveUp);
}

/** Writes what a socket takes at once, and returns how many bytes that is. */
function writeNow(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch {
    return 0;
  }
}

/** Why a process could not be started in `cwd`. */
function spawnProblem(error: unknown, cwd: string): string {
  const code = systemCode(error);
  if (code === "EAGAIN") return "too many processes";
  // The system says the same of a program and of a work directory that are not there.
  if (code === "ENOENT" && !existsSync(cwd)) return `${cwd} does not exist`;
  return code === "ENOENT" ? messageOf(error) : (wordsFor(code) ?? messageOf(error));
}

/** Starts the process. */
function start(plan: LaunchPlan, env: Record<string, string>, cwd: string, log: SessionLog): Child {
  const { root, ordinal } = plan;
  try {
    return spawn({
      command: root === undefined ? [...selfCommand(), "serve"] : rootCommand(root),
      ...(root === undefined ? { title: `${PROOFSERV} ${ordinal}` } : {}),
      cwd,
      env,
      output: log.fd,
      input: root !== undefined,
      channel: root === undefined,
      ownGroup: true,
    });
  } catch (error) {
    const reason = spawnProblem(error, cwd);
    throw new ProofError(
      "SPAWN",
      `${plan.host}: proofserv ${plan.ordinal} could not be started: ${reason}`,
      {
        hint: remedyOf(error, "see the limits of processes and memory of the daemon on that node"),
        details: { phase: "spawn", host: plan.host },
        cause: error,
      },
    );
  }
}

/** Later entries win: what the daemon was told to pass, its settings, the client's, and ours. */
function environment(plan: LaunchPlan, sandbox: string): Record<string, string> {
  const { config, options, user, ordinal, account, root } = plan;
  const passed = {
    ...pickVariables(process.env, config.session.pass_env),
    ...config.session.env,
  };
  if (root !== undefined) {
    const own = rootVariables(root, sandbox, options.env, process.env);
    return { ...passed, ...own, PROOF_ORDINAL: ordinal, [MARK]: plan.mark };
  }
  return {
    ...passed,
    // What is to become another account begins as root: nothing of a user's may reach it before. It adds
    // these itself.
    ...(account === undefined ? { ...options.env, ...ownVariables() } : {}),
    ...(plan.role === "worker" || options.masterOnly ? COMPILE_SOONER : COMPILE_LATER),
    PROOF_USER: user,
    PROOF_ORDINAL: ordinal,
    [MARK]: plan.mark,
  };
}

function pickTls({ cert, key, ca }: Config["tls"]): MasterParameters["tls"] {
  return { cert, key, ca };
}

function ownVariables(): Record<string, string> {
  const name = accountName();
  return { HOME: accountHome(), USER: name, LOGNAME: name };
}

function parameters(
  plan: LaunchPlan,
  names: Pick<ServeParameters, "tag" | "topTag" | "workDirectory" | "logPath">,
): ServeParameters {
  const { config, options } = plan;
  const { startup, session, limits } = config;
  const common: ServeParameters = {
    ...names,
    socket: plan.socket,
    ticket: plan.ticket,
    sid: plan.sid,
    role: plan.role,
    ordinal: plan.ordinal,
    user: plan.user,
    group: plan.group,
    creator: plan.creator,
    account: plan.account,
    host: plan.host,
    env: options.env,
    startup: { tcp: startup.tcp, login: startup.login },
    reconnto: session.reconnto,
    terminate: session.terminate,
    message: limits.message,
    memory: limits.memory,
  };
  return plan.role === "worker" ? common : { ...common, ...ofMaster(plan, common.startup) };
}

function ofMaster(
  plan: LaunchPlan,
  common: ServeParameters["startup"],
): Omit<MasterParameters, Exclude<keyof ServeParameters, "startup">> {
  const { config, options, account } = plan;
  const { startup, session, recovery } = config;
  return {
    keyFile: config.security.key,
    fingerprint: plan.fingerprint,
    ...(account === undefined ? { tls: pickTls(config.tls) } : {}),
    masterOnly: options.masterOnly,
    requireAll: options.requireAll,
    workers: options.workers,
    startup: {
      ...common,
      mode: options.startup ?? startup.mode,
      parallel: startup.parallel,
      create: startup.create,
      session: startup.session,
    },
    heartbeat: session.heartbeat,
    heartbeatTimeout: session.heartbeat_timeout,
    recovery: {
      wait: recovery.wait,
      longest: recovery.longest,
      deaths: recovery.deaths,
      deathsPerNode: recovery.deaths_per_node,
      calm: recovery.calm,
      look: recovery.look,
    },
    maxquerykept: session.maxquerykept,
  };
}
