/** A compiled user of the library: what the sessions under measurement are opened with. */
import { parseAddress } from "../../../src/client/address.ts";
import { clientSettings } from "../../../src/client/settings.ts";
import { RemoteSession } from "../../../src/comm/remote-session.ts";
import { TProof } from "../../../src/index.ts";
import { Role } from "../../../src/protocol/codes.ts";
import { encodeOurs } from "../../../src/protocol/envelope.ts";
import { Kind, ping as pingMessage } from "../../../src/protocol/messages.ts";
import { released, report } from "./report.ts";

/** What a client needs to open a session. */
export interface ClientJob {
  address: string;
  config: string;
  /** 0 for a session without workers. */
  workers: number;
  startup?: "serial" | "parallel";
}

export async function openSession({
  address,
  config,
  workers,
  startup,
}: ClientJob): Promise<TProof> {
  const proof = await TProof.open(address, {
    config,
    startup,
    requireAll: workers > 0,
    ...(workers === 0 ? { masterOnly: true } : { workers }),
  });
  if (proof.getParallel() !== workers) throw new Error(`${proof.getParallel()} of ${workers}`);
  return proof;
}

/** Opens a session and reports the milliseconds until it was ready; keeps it if told to. */
export async function open(job: ClientJob & { hold: boolean }): Promise<void> {
  const start = performance.now();
  const proof = await openSession(job);
  report({
    milliseconds: performance.now() - start,
    pids: proof.workers.map(({ pid }) => pid),
    master: proof.master.pid,
    phases: proof.workers.map(({ phases }) => phases),
  });
  if (job.hold) await released();
  await proof.close();
}

interface Repeated extends ClientJob {
  warmUp: number;
  count: number;
}

async function repeat(job: Repeated, action: (proof: TProof) => Promise<unknown>): Promise<void> {
  await using proof = await openSession(job);
  const milliseconds: number[] = [];
  for (let turn = 0; turn < job.warmUp + job.count; turn++) {
    const start = performance.now();
    await action(proof);
    if (turn >= job.warmUp) milliseconds.push(performance.now() - start);
  }
  report({ milliseconds });
}

/** Pings all workers again and again. */
export function ping(job: Repeated): Promise<void> {
  return repeat(job, (proof) => proof.ping());
}

/** Runs a piece of code again and again; with no warm-up, the first figure is that of a fresh worker. */
export function exec(job: Repeated): Promise<void> {
  return repeat(job, (proof) => proof.exec("1 + 1"));
}

/** Has a session return a large array again and again. */
export async function download(job: Repeated & { bytes: number }): Promise<void> {
  await using proof = await openSession(job);
  await proof.exec(`const big = new Uint8Array(${job.bytes}).fill(7); 0`);
  const milliseconds: number[] = [];
  for (let turn = 0; turn < job.warmUp + job.count; turn++) {
    const start = performance.now();
    const [result] = await proof.exec("big");
    if (!(result?.value instanceof Uint8Array) || result.value.length !== job.bytes)
      throw new Error("the array did not come back");
    if (turn >= job.warmUp) milliseconds.push(performance.now() - start);
  }
  report({ milliseconds });
}

/** A kind of message that no proofserv knows: it is received, and that is all. */
const UNKNOWN_KIND = 29_999;

/**
 * Sends large messages to a master. No command is that large, so the session is used below TProof: a
 * message that the master throws away, and a ping behind it.
 */
export async function upload(job: Repeated & { bytes: number }): Promise<void> {
  const { user, host, port } = parseAddress(job.address);
  const { identity, limits } = clientSettings({ user, config: job.config });
  const options = { masterOnly: true, requireAll: false, env: {} };
  const target = { host, port, role: Role.client, name: host, ordinal: "0", options };
  const session = await RemoteSession.open(target, identity, limits);
  let answered: () => void = () => undefined;
  session.attach({
    message: ({ what }) => {
      if (what === Kind.done) answered();
    },
    closed: (error) => {
      throw error;
    },
  });
  const data = new Uint8Array(job.bytes).fill(7);
  const milliseconds: number[] = [];
  for (let turn = 0; turn < job.warmUp + job.count; turn++) {
    const start = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    answered = resolve;
    session.send(encodeOurs(UNKNOWN_KIND, {}, [data]));
    session.send(pingMessage.encode(turn));
    await promise;
    if (turn >= job.warmUp) milliseconds.push(performance.now() - start);
  }
  report({ milliseconds });
  await session.destroy(limits.create);
}

/** Opens and closes sessions, some at a time; reports how long all took, and each in the order of their ends. */
export async function churn(job: ClientJob & { count: number; lanes: number }): Promise<void> {
  let left = job.count;
  const each: number[] = [];
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const start = performance.now();
      await (await openSession(job)).close();
      each.push(performance.now() - start);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: job.lanes }, lane));
  report({ milliseconds: performance.now() - start, each });
}
