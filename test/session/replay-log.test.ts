/** What a worker that comes later is made to run. */
import { expect, test } from "bun:test";
import { ProofError } from "../../src/lib/errors.ts";
import { ReplayLog } from "../../src/session/replay-log.ts";
import { walks } from "../helpers/walk.ts";

/** What `ordinal` would run now. */
async function replayed(log: ReplayLog, ordinal: string): Promise<string[]> {
  const ran: string[] = [];
  await log.replay(ordinal, ({ code }) => {
    ran.push(code);
    return Promise.resolve(undefined);
  });
  return ran;
}

function run(
  log: ReplayLog,
  number: number,
  code: string,
  results: Readonly<Record<string, boolean>>,
  ordinal = "",
): void {
  log.begin(number, { code, ordinal });
  for (const [of, ok] of Object.entries(results)) log.result(number, of, ok);
  log.end(number);
}

test("what worked is replayed in order, what worked nowhere is not", async () => {
  const log = new ReplayLog();
  run(log, 1, "a", { "0.0": true, "0.1": true });
  run(log, 2, "b", { "0.0": false, "0.1": false });
  run(log, 3, "c", { "0.0": true, "0.1": true });
  expect(await replayed(log, "0.0")).toEqual(["a", "c"]);
  expect(await replayed(log, "0.7")).toEqual(["a", "c"]);
});

test("what one worker failed at, or died of, is left out there and only there", async () => {
  const log = new ReplayLog();
  run(log, 1, "a", { "0.0": true, "0.1": false });
  expect(await replayed(log, "0.0")).toEqual(["a"]);
  expect(await replayed(log, "0.1")).toEqual([]);
});

test("what was meant for one worker is run there and nowhere else", async () => {
  const log = new ReplayLog();
  run(log, 1, "a", { "0.1": true }, "0.1");
  run(log, 2, "b", { "0.1.0": true }, "0.1.0");
  expect(await replayed(log, "0.0")).toEqual([]);
  expect(await replayed(log, "0.1")).toEqual(["a", "b"]);
  expect(await replayed(log, "0.1.1")).toEqual(["a"]);
});

test("what is under way is waited for, and what comes meanwhile is run too", async () => {
  const log = new ReplayLog();
  log.begin(1, { code: "a", ordinal: "" });
  const ran = replayed(log, "0.0");
  log.begin(2, { code: "b", ordinal: "" });
  log.result(1, "0.1", true);
  log.result(2, "0.1", true);
  log.end(1);
  log.end(2);
  expect(await ran).toEqual(["a", "b"]);
});

test.each([
  ["what ends a worker while it is replayed is left out then", "PROOFSERV_DIED", "a c"],
  ["what never ends while it is replayed is left out, too", "TIMEOUT", "a c"],
  ["a link that is lost meanwhile is not its fault", "LINK_LOST", "a deadly c"],
] as const)("%s, and named", async (_name, code, next) => {
  const end = new ProofError(code, "gone");
  const log = new ReplayLog();
  run(log, 1, "a", { "0.1": true });
  run(log, 2, "deadly", { "0.1": true });
  run(log, 3, "c", { "0.1": true });
  const dies = log.replay("0.0", ({ code: run }) =>
    run === "deadly" ? Promise.reject(end) : Promise.resolve(undefined),
  );
  expect(await dies.catch((error: unknown) => error)).toBe(end);
  expect((await replayed(log, "0.0")).join(" ")).toBe(next);
  const isLeftOut = next === "a c";
  expect(log.omitted("0.0")).toEqual(isLeftOut ? [expect.stringMatching(/^deadly: it /)] : []);
  expect(log.omitted("0.0")).toEqual([]);
});

test("a worker that is killed from outside meanwhile: once may be chance, twice is not", async () => {
  const end = new ProofError("PROOFSERV_DIED", "gone", {
    details: { exit: { code: -1, signal: "SIGKILL", cpu: 0, memory: 0 } },
  });
  const log = new ReplayLog();
  run(log, 1, "a", { "0.1": true });
  for (const named of [[], ["a: it was the end of the worker"]]) {
    const dies = log.replay("0.0", () => Promise.reject(end));
    expect(await dies.catch((error: unknown) => error)).toBe(end);
    expect(log.omitted("0.0")).toEqual(named);
  }
  expect(await replayed(log, "0.0")).toEqual([]);
});

test("what does not work any more is named, and what follows is run", async () => {
  const log = new ReplayLog();
  run(log, 1, "a", { "0.1": true });
  run(log, 2, "b", { "0.1": true });
  const ran: string[] = [];
  await log.replay("0.0", ({ code }) => {
    ran.push(code);
    return Promise.resolve(code === "a" ? "Error: no" : undefined);
  });
  expect([ran, log.omitted("0.0")]).toEqual([["a", "b"], ["a: Error: no"]]);
});

test("there is an end to what is kept, and it is told", async () => {
  const log = new ReplayLog();
  for (let number = 0; number < 10_005; number++)
    run(log, number, `code ${number}`, { "0.0": true });
  expect(log.dropped).toBe(5);
  const ran = await replayed(log, "0.0");
  expect([ran.length, ran[0]]).toEqual([10_000, "code 5"]);
  run(log, 10_005, "x".repeat(9_000_000), { "0.0": true });
  expect(await replayed(log, "0.0")).toEqual([]);
});

test("a thousand sessions: a late worker runs what the others ran, in their order", async () => {
  const pending: Promise<void>[] = [];
  walks(1000, (random) => {
    const log = new ReplayLog();
    const open: number[] = [];
    const worked: string[] = [];
    const end = (number: number, ok: boolean): void => {
      if (ok) worked.push(String(number));
      log.result(number, "0.0", ok);
      log.end(number);
    };
    for (let number = 0; number < 20; number++) {
      log.begin(number, { code: String(number), ordinal: "" });
      open.push(number);
      // Commands of a session end in the order in which they began.
      while (open.length > 0 && random.once(2)) end(open.shift() ?? 0, !random.once(4));
    }
    const late = replayed(log, "0.9");
    for (const number of open) end(number, !random.once(4));
    pending.push(late.then((ran) => expect(ran).toEqual(worked)));
  });
  await Promise.all(pending);
});
