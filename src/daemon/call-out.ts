/**
 * Call-outs: the daemon makes the TLS connections of masters that run under accounts of their own. They
 * have no business with the key of the node's certificate, and it stays here; what they get is a
 * connection to a node that they were told to open workers on, and nowhere else.
 */
import { connect } from "../comm/connect.ts";
import { formatAddress } from "../comm/socket.ts";
import { HIGH_WATER, type Transport } from "../comm/transport.ts";
import { CheckError } from "../lib/check.ts";
import { Deadline } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { type CallOut, decodeCallOut, encodeReached } from "../protocol/call-out.ts";
import { ErrorNumber } from "../protocol/codes.ts";
import { failureOf } from "../protocol/failure.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** Call-outs that a session may have at a time for each of its workers: an old one may still be closing. */
const PER_WORKER = 2;

/** Where a session may have itself connected to, and what it has. */
export class CallOuts {
  /** How many workers the session was told to open at each place. */
  readonly #allowed = new Map<string, number>();
  readonly #open = new Set<Connection>();

  /** Whether there is anywhere to call. */
  get isAllowed(): boolean {
    return this.#allowed.size > 0;
  }

  /** Where to, each as often as there are workers; for the record of the session. */
  get allowed(): string[] {
    return [...this.#allowed].flatMap(([where, workers]) => Array<string>(workers).fill(where));
  }

  /** What the record of the session says. */
  restore(allowed: readonly string[]): void {
    const counts = Map.groupBy(allowed, (where) => where);
    // Of two lists, one of which was for workers in the place of others, the longer counts.
    for (const [where, { length }] of counts)
      this.#allowed.set(where, Math.max(length, this.#allowed.get(where) ?? 0));
  }

  /** The session has been told to open these workers, of which only those with TLS are called this way. */
  allow(workers: readonly (CallOut & { tls: boolean })[]): void {
    this.restore(workers.filter(({ tls }) => tls).map(formatAddress));
  }

  /** Takes one in; throws REFUSED. */
  add(connection: Connection, where: string): void {
    const refused = (why: string): ProofError =>
      new ProofError("REFUSED", `no call-out to ${where}: ${why}`);
    if (!this.#allowed.has(where)) throw refused("no worker of this session is there");
    for (const open of this.#open) if (open.link.isClosed) this.#open.delete(open);
    const most = PER_WORKER * this.#allowed.values().reduce((sum, workers) => sum + workers, 0);
    if (this.#open.size >= most) throw refused(`it has ${this.#open.size} already`);
    this.#open.add(connection);
  }

  delete(connection: Connection): void {
    this.#open.delete(connection);
  }
}

/** Connects the master of `session`, at the other end of `connection`, to where `item` says; answers the request. */
export async function serveCallOut(
  context: Context,
  { connection, stream, session }: { connection: Connection; stream: number; session: Session },
  item: string,
): Promise<void> {
  const { link } = connection;
  // It has nothing to say before it is answered.
  link.pause();
  try {
    const target = decodeCallOut(item);
    const where = formatAddress(target);
    session.callOuts.add(connection, where);
    const deadline = new Deadline(context.config.startup.tcp);
    const plain = await connect(target, deadline);
    const far = await context.secure(plain, { host: target.host, where }, deadline);
    if (link.isClosed) return far.abort();
    context.log.debug("call-out", { sid: session.sid, ordinal: session.ordinal, to: where });
    link.ok(stream, encodeReached(far.remoteAddress));
    join(connection, far);
  } catch (thrown) {
    session.callOuts.delete(connection);
    const error = toProofError(thrown, thrown instanceof CheckError ? "REFUSED" : "SERVER");
    const facts = failureOf(error, "tcp", context.host);
    link.error(stream, ErrorNumber.serverError, error.message, facts);
    link.end();
  }
}

/** Passes on whatever comes from either side, as fast as the other one takes it, until one of them ends. */
function join(connection: Connection, far: Transport): void {
  const { link } = connection;
  far.attach({
    data(chunk) {
      link.pass(chunk);
      if (link.isFull) far.pause();
    },
    drained: () => link.resume(),
    closed: () => link.end(),
  });
  connection.passOn({
    data(chunk) {
      far.write(chunk);
      if (far.queued > HIGH_WATER) link.pause();
    },
    drained: () => far.resume(),
    closed: () => far.end(),
  });
  link.resume();
}
