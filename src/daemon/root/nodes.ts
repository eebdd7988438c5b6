/**
 * The other nodes of the cluster, as ROOT's requests name them. What is for another node is handed on over
 * one short connection, and only to nodes of the inventory.
 */
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { Link, STREAM } from "../../comm/link.ts";
import { logIn } from "../../comm/log-in.ts";
import type { InventoryNode } from "../../config/inventory.ts";
import { ProofError } from "../../lib/errors.ts";
import { type Request, Role } from "../../protocol/codes.ts";
import { isLoopback } from "../../protocol/login.ts";
import type { Context } from "../context.ts";
import { distinctNodes, identityFor } from "../nodes.ts";
import { reachable } from "../workers.ts";
import { refusal } from "./places.ts";

/** Milliseconds that another node may take to let us in, and to answer. */
const LOGIN = 5_000;
const ANSWER = 60_000;

/** A request that is handed on. */
export interface HandedOn {
  id: (typeof Request)[keyof typeof Request];
  body: Buffer;
  payload: Buffer;
  user: string;
  signal?: AbortSignal | undefined;
  /** What the node says before its answer. */
  attention?: (action: number, body: Buffer) => void;
}

/** The node `host:port`: "here", or an entry of the inventory. Throws REFUSED where it is neither. */
export async function nodeCalled(context: Context, text: string): Promise<InventoryNode | "here"> {
  const { host, port } = splitAddress(text);
  const same = (node: InventoryNode): boolean =>
    node.port === (port ?? context.port) &&
    (node.host === host || reachable(context, node).host === host);
  if ((port === undefined || port === context.port) && (await isThisHost(context, host)))
    return "here";
  const node = context.inventory().nodes.find((each) => each.role !== "master" && same(each));
  if (node === undefined) throw refusal(`${context.host}: ${text} is no node of this cluster`);
  return reachable(context, node);
}

/** Host and port of `[user@]host[:port]`, brackets around an IPv6 address or not. */
function splitAddress(text: string): { host: string; port: number | undefined } {
  const bare = text.slice(text.lastIndexOf("@") + 1);
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(bare) ?? [];
  return { host: bracketed ?? plain ?? bare, port: port === undefined ? undefined : Number(port) };
}

async function isThisHost(context: Context, host: string): Promise<boolean> {
  const own = [context.host, context.localHost, context.config.daemon.host, "localhost", ""];
  if (own.includes(host) || isLoopback(host)) return true;
  const address = await lookup(host).then(
    ({ address: found }) => found,
    () => undefined,
  );
  if (address === undefined) return false;
  const interfaces = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return isLoopback(address) || interfaces.some((each) => each.address === address);
}

/** All other nodes of the inventory, each once. */
export function otherNodes(context: Context): InventoryNode[] {
  const here = [context.host, context.localHost];
  return distinctNodes(context)
    .map(({ node }) => node)
    .filter(({ host, port }) => port !== context.port || !here.includes(host));
}

/** Hands a request on to another node and gives its answer. Throws what it refuses, TIMEOUT or LINK_LOST. */
export async function handOn(
  context: Context,
  node: InventoryNode,
  request: HandedOn,
): Promise<Buffer> {
  const { id, body, payload, user, signal, attention } = request;
  const link = await Link.open(node, LOGIN, node.tls ? context.secure : undefined);
  const stop = (): void => link.abort(new ProofError("INTERRUPTED", "interrupted"));
  signal?.addEventListener("abort", stop);
  try {
    link.attach({
      attention: (action, said) => attention?.(action, said.join()),
      closed: () => undefined,
    });
    const terms = { role: Role.admin, ordinal: "0", timeout: LOGIN, heartbeat: 0 };
    await logIn(link, identityFor(context, user), terms);
    return await link.call(STREAM.login, id, { what: "request", timeout: ANSWER, body, payload });
  } finally {
    signal?.removeEventListener("abort", stop);
    link.end();
  }
}
