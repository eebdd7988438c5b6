/**
 * Who may connect: bounds on connections in all, by address, and of peers that have not logged in yet.
 * Where those are too many, room is made for the next one by a peer of the address that has most of them
 * waiting, the oldest that has said nothing or else the oldest: whoever fills the places pushes out itself.
 */
import type { Config } from "../config/schema.ts";
import { Timer } from "../lib/clock.ts";
import type { Connection } from "./connection.ts";

/** What a newcomer leads to: it is let in, in the place of another where need be, or refused. */
export type Verdict = { leaves: Connection; why: string } | { refused: string } | undefined;

export class Admission {
  /** Peers that have not logged in yet, in the order of their coming, by address. */
  readonly #waiting = new Map<string, Map<Connection, Timer>>();
  readonly #deadlines = new Map<Connection, Timer>();
  readonly #byAddress = new Map<string, number>();
  #count = 0;
  #waitingCount = 0;

  /** Whether somebody from `address` may come in over TCP, and who has to go for that. */
  judge(address: string, limits: Config["limits"]): Verdict {
    if ((this.#byAddress.get(address) ?? 0) >= limits.connections_per_address) {
      const why = `${limits.connections_per_address} connections from one address: limits.connections_per_address`;
      return this.#instead(this.#waiting.get(address), why);
    }
    if (this.#count >= limits.connections)
      return this.#instead(
        this.#fullest(),
        `${limits.connections} connections: limits.connections`,
      );
    if (this.#waitingCount >= limits.unauthenticated) {
      const why = `${limits.unauthenticated} peers have not logged in yet: limits.unauthenticated`;
      return this.#instead(this.#fullest(), why);
    }
    return undefined;
  }

  #instead(waiting: ReadonlyMap<Connection, Timer> | undefined, why: string): Verdict {
    const [oldest] = waiting?.keys() ?? [];
    if (waiting === undefined || oldest === undefined) return { refused: why };
    return { leaves: firstSilent(waiting) ?? oldest, why };
  }

  #fullest(): ReadonlyMap<Connection, Timer> | undefined {
    let fullest: ReadonlyMap<Connection, Timer> | undefined;
    for (const waiting of this.#waiting.values())
      if (waiting.size > (fullest?.size ?? 0)) fullest = waiting;
    return fullest;
  }

  /** Takes a connection in; `late` is called unless it logs in within `deadline` milliseconds. */
  add(connection: Connection, deadline: number, late: () => void): void {
    const timer = new Timer();
    timer.set(deadline, late);
    this.#deadlines.set(connection, timer);
    // Proofservs come over the UNIX socket, which only this account can open.
    if (connection.internal) return;
    const address = connection.link.remoteAddress;
    this.#count++;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    const waiting = this.#waiting.get(address) ?? new Map<Connection, Timer>();
    this.#waiting.set(address, waiting.set(connection, timer));
    this.#waitingCount++;
  }

  /** The peer has logged in; false if that was known. */
  loggedIn(connection: Connection): boolean {
    const timer = this.#deadlines.get(connection);
    if (timer === undefined) return false;
    timer.cancel();
    this.#deadlines.delete(connection);
    if (connection.internal) return true;
    const address = connection.link.remoteAddress;
    const waiting = this.#waiting.get(address);
    waiting?.delete(connection);
    if (waiting?.size === 0) this.#waiting.delete(address);
    this.#waitingCount--;
    return true;
  }

  /** The connection is over. */
  remove(connection: Connection): void {
    this.loggedIn(connection);
    if (connection.internal) return;
    const address = connection.link.remoteAddress;
    this.#count--;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

/** Peers that are looked at in search of a silent one: the oldest have had time to speak. */
const LOOKED_AT = 64;

function firstSilent(waiting: ReadonlyMap<Connection, Timer>): Connection | undefined {
  let looked = 0;
  for (const connection of waiting.keys()) {
    if (!connection.link.hasSpoken) return connection;
    if (++looked === LOOKED_AT) return undefined;
  }
  return undefined;
}
