/** What the daemon says about itself and about the nodes of its inventory. */
import { randomBytes } from "node:crypto";
import { askHealth, askNodes } from "../comm/ask-health.ts";
import type { InventoryNode } from "../config/inventory.ts";
import { accountName } from "../lib/account.ts";
import { Deadline, elapsedSince } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { VERSION } from "../lib/version.ts";
import { failureOf } from "../protocol/failure.ts";
import type { Health, NodeHealth, NodesRequest } from "../protocol/health.ts";
import type { Context } from "./context.ts";
import { disks } from "./disks.ts";
import { distinctNodes, identityFor } from "./nodes.ts";

/** Whole seconds since `time`, a value of Date.now(). */
function secondsSince(time: number): number {
  return Math.max(0, Math.floor((Date.now() - time) / 1000));
}

/** This daemon's name on the way of a question; another one after each start. */
const OWN_NAME = randomBytes(8).toString("hex");

export async function health(context: Context): Promise<Health> {
  return {
    disks: await disks(context),
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

/** The same for nodes, on all tiers. */
export function visibleNodes(
  nodes: readonly NodeHealth[],
  maySee: (user: string) => boolean,
): NodeHealth[] {
  return nodes.map((node) => ({
    ...node,
    ...(node.health === undefined ? {} : { health: visibleHealth(node.health, maySee) }),
    ...(node.nodes === undefined ? {} : { nodes: visibleNodes(node.nodes, maySee) }),
  }));
}

/**
 * Asks every node once, all at the same time, and submasters for what is below them. Throws REFUSED where the question
 * has come back to where it was.
 */
export async function nodeHealth(
  context: Context,
  user: string,
  { allowed, deadline: left, hops, way }: NodesRequest,
): Promise<NodeHealth[]> {
  if (way.includes(OWN_NAME)) {
    throw new ProofError(
      "REFUSED",
      `${context.host}:${context.port}: its inventory leads back to a daemon above it`,
      {
        hint: "take it out of the inventory of its submasters: a daemon cannot be its own submaster",
      },
    );
  }
  const deadline = new Deadline(allowed, left);
  const below = { hops: hops - 1, way: [...way, OWN_NAME] };
  return context.looks.during(user, () =>
    Promise.all(
      distinctNodes(context).map(({ node, workers }) =>
        askNode(context, { node, workers }, deadline, below),
      ),
    ),
  );
}

async function askNode(
  context: Context,
  { node, workers }: { node: InventoryNode; workers: number },
  deadline: Deadline,
  below: { hops: number; way: string[] },
): Promise<NodeHealth> {
  const start = performance.now();
  const identity = identityFor(context, node.user || accountName());
  const daemon = { ...node, secure: node.tls ? context.secure : undefined };
  const isSubmaster = node.role === "submaster";
  const base = {
    host: node.host,
    port: node.port,
    workers,
    role: isSubmaster ? "submaster" : "worker",
  } as const;
  const failed = (error: unknown) => failureOf(toProofError(error), "tcp", node.host);
  try {
    if (!isSubmaster) {
      const answer = await askHealth(daemon, identity, deadline);
      return { ...base, elapsed: elapsedSince(start), health: answer };
    }
    if (below.hops < 0) {
      const answer = await askHealth(daemon, identity, deadline);
      const failure = failed(
        new ProofError(
          "REFUSED",
          `${node.host}:${node.port}: too many submasters above each other`,
        ),
      );
      return { ...base, elapsed: elapsedSince(start), health: answer, failure };
    }
    const { health: answer, nodes, failure } = await askNodes(daemon, identity, deadline, below);
    const found = { ...base, elapsed: elapsedSince(start), health: answer };
    return failure === undefined ? { ...found, nodes } : { ...found, failure: failed(failure) };
  } catch (error) {
    return { ...base, elapsed: elapsedSince(start), failure: failed(error) };
  }
}
