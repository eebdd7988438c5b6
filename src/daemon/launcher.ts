/** Starting a proofserv: directory, log, environment, process, and what it is told on its input. */
import { closeSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { accountHome, accountName } from "../lib/account.ts";
import { pickVariables } from "../lib/environment.ts";
import { messageOf, ProofError, systemCode } from "../lib/errors.ts";
import { type Child, feed, selfCommand, signalProcess, spawn } from "../lib/process.ts";
import type { CreateOptions } from "../protocol/create.ts";
import { encodeServe, type ServeParameters } from "../protocol/serve.ts";
import {
  joinDirectory,
  makeWorkDirectory,
  nameDirectory,
  nascentDirectory,
  openLog,
  removeWorkDirectory,
  sessionTag,
  shortHost,
  userSandbox,
} from "./sandbox.ts";

/** What to start. */
export interface LaunchPlan {
  role: "master" | "submaster" | "worker";
  sid: number;
  ordinal: string;
  user: string;
  /** Tag of the top session; undefined for a top master, whose own tag that will be. */
  topTag: string | undefined;
  ticket: string;
  socket: string;
  host: string;
  options: CreateOptions;
  config: Config;
}

/** A started proofserv. */
export interface Launched {
  child: Child;
  tag: string;
  topTag: string;
  sandbox: string;
  sessionDirectory: string;
  workDirectory: string;
  logPath: string;
}

/** Starts a proofserv. Throws SANDBOX or SPAWN, and then has left nothing behind but perhaps a log. */
export function launch(plan: LaunchPlan): Launched {
  const sandbox = userSandbox(plan.config.daemon.sandbox, plan.user);
  const begun =
    plan.topTag === undefined ? nascentDirectory(sandbox) : joinDirectory(sandbox, plan.topTag);
  const stem = `${plan.role === "worker" ? "worker" : "master"}-${plan.ordinal}`;
  const logName = `${stem}-${shortHost()}.log`;
  let child: Child;
  try {
    child = start(plan, begun, join(begun, logName));
  } catch (error) {
    if (plan.topTag === undefined) removeWorkDirectory(begun);
    throw error;
  }
  try {
    const tag = sessionTag(child.pid);
    const topTag = plan.topTag ?? tag;
    const sessionDirectory = plan.topTag === undefined ? nameDirectory(begun, sandbox, tag) : begun;
    const workDirectory = join(sessionDirectory, `${stem}-${tag}`);
    const logPath = join(sessionDirectory, logName);
    makeWorkDirectory(workDirectory);
    feed(child, encodeServe(parameters(plan, { tag, topTag, workDirectory, logPath })));
    return { child, tag, topTag, sandbox, sessionDirectory, workDirectory, logPath };
  } catch (error) {
    signalProcess(-child.pid, "SIGKILL");
    throw error;
  }
}

function start(plan: LaunchPlan, cwd: string, logPath: string): Child {
  const log = openLog(logPath);
  try {
    return spawn({
      command: [...selfCommand(), "serve"],
      title: `proofserv ${plan.ordinal}`,
      cwd,
      env: environment(plan),
      output: log,
      input: true,
      ownGroup: true,
    });
  } catch (error) {
    const reason = systemCode(error) === "EAGAIN" ? "too many processes" : messageOf(error);
    throw new ProofError(
      "SPAWN",
      `${plan.host}: proofserv ${plan.ordinal} could not be started: ${reason}`,
      {
        details: { phase: "spawn", host: plan.host },
        cause: error,
      },
    );
  } finally {
    closeSync(log);
  }
}

/** Later entries win: what the daemon was told to pass, its settings, the client's, and ours. */
function environment({ config, options, user, ordinal }: LaunchPlan): Record<string, string> {
  const account = accountName();
  return {
    ...pickVariables(process.env, config.session.pass_env),
    ...config.session.env,
    ...options.env,
    HOME: accountHome(),
    USER: account,
    LOGNAME: account,
    PROOF_USER: user,
    PROOF_ORDINAL: ordinal,
    // The proofserv dies with its daemon even while it is computing, and takes its children along.
    BUN_FEATURE_FLAG_NO_ORPHANS: "1",
  };
}

function parameters(
  plan: LaunchPlan,
  names: Pick<ServeParameters, "tag" | "topTag" | "workDirectory" | "logPath">,
): ServeParameters {
  const { config, options } = plan;
  return {
    ...names,
    socket: plan.socket,
    ticket: plan.ticket,
    sid: plan.sid,
    role: plan.role,
    ordinal: plan.ordinal,
    user: plan.user,
    host: plan.host,
    keyFile: config.security.key,
    tls: { cert: config.tls.cert, key: config.tls.key, ca: config.tls.ca },
    masterOnly: options.masterOnly,
    requireAll: options.requireAll,
    workers: options.workers,
    env: options.env,
    startup: {
      mode: options.startup ?? config.startup.mode,
      parallel: config.startup.parallel,
      tcp: config.startup.tcp,
      login: config.startup.login,
      create: config.startup.create,
      session: config.startup.session,
    },
    heartbeat: config.session.heartbeat,
    heartbeatTimeout: config.session.heartbeat_timeout,
    terminate: config.session.terminate,
    message: config.limits.message,
    memory: config.limits.memory,
    maxquerykept: config.session.maxquerykept,
  };
}
