/**
 * Making a connection: the look-up of the name, then each address of it. An address that has not answered after a moment
 * does not keep the next one waiting (RFC 8305); the first that answers is taken.
 */
import { Deadline, type Limit } from "../lib/clock.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { descriptorShortage } from "../lib/system-error.ts";
import { type Cause, causeFound, causeOf, causeOfPath, joined } from "./connect-causes.ts";
import type { Finding } from "./connect-probe.ts";
import { addressesOf } from "./name-lookup.ts";
import { type Address, formatAddress, openTransport } from "./socket.ts";
import type { Transport } from "./transport.ts";

/** Milliseconds after which the next address is tried beside the one that has not answered yet. */
const NEXT = 250;
/** Milliseconds after which the system is asked beside an attempt, to know by the time it fails why it does. */
const ASK = 1_000;

/** An attempt that failed, and why. */
class Failed extends Error {
  readonly why: Cause & { address: string };
  constructor(why: Cause & { address: string }, cause: unknown) {
    super(why.reason, { cause });
    this.why = why;
  }
}

/** Connects within `limit`; throws RESOLVE, CONNECT or TIMEOUT with the address in the message. */
export async function connect(address: Address, limit: Limit): Promise<Transport> {
  const deadline = Deadline.of(limit);
  const where = formatAddress(address);
  const targets: readonly Address[] =
    "path" in address
      ? [address]
      : (await addressesOf(address.host, where, deadline)).map((host) => ({
          host,
          port: address.port,
        }));
  const done = new AbortController();
  try {
    return await firstOf(targets, (target) => attempt(target, address, deadline, done.signal));
  } catch (error) {
    const failed = partsOf(error);
    const causes = failed.map(({ why }) => why);
    const [first] = causes;
    if (first === undefined) throw error;
    const isLate = causes.every(({ code }) => code === "TIMEOUT");
    throw new ProofError(isLate ? "TIMEOUT" : "CONNECT", `${where}: ${joined(causes)}`, {
      hint: causes.find(({ hint }) => hint !== undefined)?.hint,
      details: {
        system: first.code,
        ...(causes.length === 1
          ? {}
          : { addresses: causes.map(({ address: each, reason }) => `${each}: ${reason}`) }),
      },
      cause: failed[0]?.cause,
    });
  } finally {
    // Attempts that were not needed are given up.
    done.abort();
  }
}

function partsOf(error: unknown): Failed[] {
  const parts: unknown[] = error instanceof AggregateError ? error.errors : [error];
  return parts.filter((part) => part instanceof Failed);
}

/** Makes the attempts one after the other, each as soon as one before has failed or the last takes long. */
function firstOf(
  targets: readonly Address[],
  attempt: (target: Address) => Promise<Transport>,
): Promise<Transport> {
  const { promise, resolve, reject } = Promise.withResolvers<Transport>();
  const failures: unknown[] = [];
  let started = 0;
  let failed = 0;
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = (): void => {
    clearTimeout(timer);
    const at = started;
    const target = targets[at];
    if (target === undefined || isOver) return;
    started++;
    timer = setTimeout(begin, NEXT);
    attempt(target).then(
      (made) => {
        if (isOver) return made.abort();
        isOver = true;
        clearTimeout(timer);
        resolve(made);
      },
      (error: unknown) => {
        failures[at] = error;
        if (++failed < targets.length) return begin();
        clearTimeout(timer);
        reject(new AggregateError(failures));
      },
    );
  };
  begin();
  return promise;
}

/** Our own deadline has passed. */
class Late extends Error {}

/** Connects to one address. Throws Failed. */
async function attempt(
  target: Address,
  address: Address,
  deadline: Deadline,
  unneeded: AbortSignal,
): Promise<Transport> {
  const over = new AbortController();
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => undefined);
  const timer = setTimeout(() => late.reject(new Late()), deadline.left);
  const asking = new Asking(target, over.signal);
  const soon = setTimeout(() => void asking.answer(), ASK);
  const opening = openTransport(target, address, AbortSignal.any([over.signal, unneeded]));
  try {
    return await Promise.race([opening, late.promise]);
  } catch (error) {
    // The loser of the race must not become an unhandled rejection.
    opening.catch(() => undefined);
    const cause =
      error instanceof Late
        ? lateCause(deadline)
        : await causeFor(error, target, asking, late.promise);
    throw new Failed({ address: "path" in target ? target.path : target.host, ...cause }, error);
  } finally {
    over.abort();
    clearTimeout(timer);
    clearTimeout(soon);
  }
}

/** Asks the system at most once why an address cannot be reached. */
class Asking {
  readonly #target: Address;
  readonly #signal: AbortSignal;
  #answer: Promise<Finding | undefined> | undefined;

  constructor(target: Address, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  answer(): Promise<Finding | undefined> {
    return (this.#answer ??= this.#ask());
  }

  async #ask(): Promise<Finding | undefined> {
    if ("path" in this.#target) return undefined;
    const { host, port } = this.#target;
    try {
      const { probe } = await import("./connect-probe.ts");
      return await probe(host, port, this.#signal);
    } catch {
      return undefined; // A system whose C library is another: then nothing more is known.
    }
  }
}

async function causeFor(
  error: unknown,
  target: Address,
  asking: Asking,
  late: Promise<never>,
): Promise<Cause> {
  const shortage = descriptorShortage();
  if (shortage !== undefined) return causeOf(shortage);
  const code = systemCode(error) ?? "";
  if ("path" in target) return causeOfPath(code);
  const finding = await Promise.race([asking.answer(), late]).catch(() => undefined);
  // Bun says that it was refused of most causes.
  return code === "ECONNREFUSED" || finding?.icmp !== undefined
    ? causeFound(finding)
    : causeOf(code);
}

function lateCause({ within }: Deadline): Cause {
  return {
    code: "TIMEOUT",
    reason: `no connection ${within}`,
    hint: "the node may be down, or a firewall drops the packets",
  };
}
