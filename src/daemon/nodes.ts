/** The other nodes of the inventory, and asking all of them something at the same time. */
import { type AdminCall, withAdmin } from "../comm/admin-call.ts";
import { holderOf, type Identity } from "../comm/log-in.ts";
import type { InventoryNode } from "../config/inventory.ts";
import { Deadline, withDeadline } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { type FailureFacts, failureOf } from "../protocol/failure.ts";
import type { Context } from "./context.ts";
import { reachable } from "./workers.ts";

/** Every node once, with the workers that the inventory gives it. Throws what reading the inventory throws. */
export function distinctNodes(context: Context): { node: InventoryNode; workers: number }[] {
  const byAddress = new Map<string, { node: InventoryNode; workers: number }>();
  for (const listed of context.inventory().nodes) {
    if (listed.role === "master") continue;
    const node = reachable(context, listed);
    const known = byAddress.get(`${node.host}:${node.port}`);
    if (known === undefined) byAddress.set(`${node.host}:${node.port}`, { node, workers: 1 });
    else known.workers++;
  }
  return [...byAddress.values()];
}

/** As whom this daemon asks another one for `user`: with the key of the cluster. */
export function identityFor({ keys, config }: Context, user: string): Identity {
  const holder = holderOf(keys?.primary.key);
  return { user, keys: holder, keyFile: config.security.key, isCluster: true };
}

/** Milliseconds by which the last net comes later than the steps below it, which know what they wait for. */
const GRACE = 100;

/** What became of asking a node. */
export type NodeAnswer<T> =
  { node: InventoryNode; answer: T } | { node: InventoryNode; failure: FailureFacts };

/**
 * Asks every node but this one on behalf of `user`, within `timeout` milliseconds each; a node that fails
 * keeps nobody waiting. `question` is told how many are asked. What is `urgent` does not wait its turn.
 */
export function askNodes<T>(
  context: Context,
  user: string,
  timeout: number,
  question: (call: AdminCall, node: InventoryNode, count: number) => Promise<T>,
  urgent = false,
): Promise<NodeAnswer<T>[]> {
  const others = distinctNodes(context).filter(
    ({ node }) => node.host !== context.localHost || node.port !== context.port,
  );
  const ask = (): Promise<NodeAnswer<T>[]> =>
    Promise.all(
      others.map(async ({ node }): Promise<NodeAnswer<T>> => {
        const where = `${node.host}:${node.port}`;
        try {
          const daemon = { ...node, secure: node.tls ? context.secure : undefined };
          const identity = identityFor(context, node.user || user);
          const deadline = new Deadline(timeout);
          const limits = { tcp: deadline, login: deadline };
          const asked = withAdmin(daemon, identity, limits, (call) =>
            question(call, node, others.length),
          );
          const late = (): ProofError =>
            new ProofError("TIMEOUT", `${where}: no answer ${deadline.within}`);
          return { node, answer: await withDeadline(asked, deadline.left + GRACE, late) };
        } catch (error) {
          return { node, failure: failureOf(toProofError(error), "tcp", node.host) };
        }
      }),
    );
  return urgent ? ask() : context.looks.during(user, ask);
}
