/** What the daemon says about itself and about the nodes of its inventory. */
import { askHealth } from "../comm/ask-health.ts";
import type { InventoryNode } from "../config/inventory.ts";
import { accountName } from "../lib/account.ts";
import { elapsedSince, withDeadline } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { VERSION } from "../lib/version.ts";
import { failureOf } from "../protocol/failure.ts";
import type { Health, NodeHealth } from "../protocol/health.ts";
import type { Context } from "./context.ts";
import { distinctNodes, identityFor } from "./nodes.ts";

/** Whole seconds since `time`, a value of Date.now(). */
function secondsSince(time: number): number {
  return Math.max(0, Math.floor((Date.now() - time) / 1000));
}

export function health(context: Context): Health {
  return {
    version: VERSION,
    host: context.host,
    port: context.port,
    role: context.config.daemon.role,
    pid: process.pid,
    uptime: secondsSince(context.started),
    auth: context.config.security.auth,
    stopping: context.stopping,
    maxsessions: context.config.limits.maxsessions,
    others: 0,
    sessions: context.sessions.all().map((session) => ({
      sid: session.sid,
      tag: session.tag,
      ordinal: session.ordinal,
      role: session.role,
      user: session.user,
      state:
        session.state === "running" ? (session.status === 1 ? "running" : "idle") : session.state,
      pid: session.pid,
      workers: session.workers,
      clients: session.clients.size,
      age: secondsSince(session.created),
    })),
  };
}

/** Health as somebody may see it who may see the sessions of certain users only; of others just the number. */
export function visibleHealth(all: Health, maySee: (user: string) => boolean): Health {
  const sessions = all.sessions.filter(({ user }) => maySee(user));
  const tops = (list: Health["sessions"]): number =>
    list.filter(({ role }) => role === "master").length;
  return { ...all, sessions, others: all.others + tops(all.sessions) - tops(sessions) };
}

/** Asks every node once, all at the same time; `timeout` is in milliseconds. */
export function nodeHealth(context: Context, user: string, timeout: number): Promise<NodeHealth[]> {
  return context.looks.during(user, () =>
    Promise.all(
      distinctNodes(context).map(({ node, workers }) => askNode(context, node, workers, timeout)),
    ),
  );
}

async function askNode(
  context: Context,
  node: InventoryNode,
  workers: number,
  timeout: number,
): Promise<NodeHealth> {
  const start = performance.now();
  const identity = identityFor(context, node.user || accountName());
  const secure = node.tls ? context.secure : undefined;
  const base = {
    host: node.host,
    port: node.port,
    workers,
    role: node.role === "submaster" ? "submaster" : "worker",
  } as const;
  try {
    const answer = await withDeadline(
      askHealth({ ...node, secure }, identity, timeout),
      timeout,
      () =>
        new ProofError(
          "TIMEOUT",
          `${node.host}:${node.port}: no answer within ${timeout / 1000} s`,
        ),
    );
    return { ...base, elapsed: elapsedSince(start), health: answer };
  } catch (error) {
    const failure = failureOf(toProofError(error), "tcp", node.host);
    return { ...base, elapsed: elapsedSince(start), failure };
  }
}
