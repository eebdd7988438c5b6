/** When proofservs start: many at a time for whoever is alone, few and not without end beside others. */
import { expect, test } from "bun:test";
import { Launches } from "../../src/daemon/launches.ts";
import { waitFor } from "../helpers/wait-for.ts";

const PROCESSORS = 4;

function stage(processors = PROCESSORS) {
  const clock = { now: 0 };
  const launches = new Launches(processors, () => clock.now);
  const running: { user: string; over: () => void }[] = [];
  const started: string[] = [];
  const begin = async (user: string): Promise<string> => {
    started.push(user);
    await new Promise<void>((over) => running.push({ user, over }));
    return user;
  };
  const ask = (
    user: string,
    { isBeside = () => false, isWanted = () => true }: Partial<Record<string, () => boolean>> = {},
  ): Promise<string> => launches.inTurn({ user, isBeside, isWanted, start: () => begin(user) });
  /** Lets those that start be over, so many milliseconds later. */
  const finish = async (milliseconds = 0): Promise<void> => {
    await Bun.sleep(0);
    clock.now += milliseconds;
    for (const { over } of running.splice(0)) over();
    await Bun.sleep(0);
  };
  return { clock, running, started, ask, finish };
}

const always = (): boolean => true;

test("whoever is alone has three times as many start as there are processors", async () => {
  const { running, started, ask, finish } = stage();
  const all = Array.from({ length: 20 }, () => ask("a"));
  await Bun.sleep(0);
  expect(started.length).toBe(3 * PROCESSORS);
  running.shift()?.over();
  await waitFor("the next one", () => started.length === 3 * PROCESSORS + 1);
  while (started.length < 20 || running.length > 0) await finish();
  expect(await Promise.all(all)).toEqual(Array<string>(20).fill("a"));
});

test("while somebody works beside it, half as many as there are processors", async () => {
  const { started, ask, finish } = stage();
  let isBeside = true;
  const all = Array.from({ length: 6 }, () => ask("a", { isBeside: () => isBeside }));
  await Bun.sleep(0);
  expect(started.length).toBe(PROCESSORS / 2);
  // As soon as nobody does any more, there are all places again.
  isBeside = false;
  await finish();
  expect(started.length).toBe(6);
  await finish();
  await Promise.all(all);
});

test("who is alone in the places of all keeps nobody waiting for more than one of them", async () => {
  const { running, started, ask, finish } = stage();
  const all = Array.from({ length: 30 }, () => ask("a"));
  await Bun.sleep(0);
  const other = ask("b", { isBeside: always });
  running.shift()?.over();
  await waitFor("the next one", () => started.length === 3 * PROCESSORS + 1);
  running.shift()?.over();
  await waitFor("the one after it", () => started.length === 3 * PROCESSORS + 2);
  expect(started.slice(3 * PROCESSORS)).toContain("b");
  while (started.length < 31 || running.length > 0) await finish();
  await Promise.all([...all, other]);
});

test("who starts without end beside others waits, while others start and until there is time again", async () => {
  const { clock, started, ask, finish } = stage(1);
  const all = Array.from({ length: 5 }, () => ask("a", { isBeside: always }));
  // Each counts for 100 ms; 250 may be used at once, and a tenth of the time comes back.
  for (let count = 0; count < 5; count++) await finish(100);
  expect(started).toEqual(["a", "a", "a"]);
  const other = ask("b", { isBeside: always });
  await Bun.sleep(0);
  expect(started).toEqual(["a", "a", "a", "b"]);
  await finish();
  await other;
  clock.now += 2_000;
  await waitFor("the next one", () => started.length === 5);
  await finish();
  expect(started).toEqual(["a", "a", "a", "b", "a", "a"]);
  await finish();
  await Promise.all(all);
});

test("what started while nobody worked counts for nothing", async () => {
  const { started, ask, finish } = stage(1);
  const alone = Array.from({ length: 40 }, () => ask("a"));
  while (started.length < 40) await finish(100);
  await finish();
  await Promise.all(alone);
  const beside = ask("a", { isBeside: always });
  await Bun.sleep(0);
  expect(started.length).toBe(41);
  await finish();
  await beside;
});

test("what nobody wants any more waits for nobody, to find that out", async () => {
  const { started, ask, finish } = stage(1);
  let isWanted = true;
  const first = ask("a", { isBeside: always });
  const second = ask("a", { isBeside: always, isWanted: () => isWanted });
  await Bun.sleep(0);
  expect(started.length).toBe(1);
  isWanted = false;
  const other = ask("b");
  await Bun.sleep(0);
  expect(started).toEqual(["a", "a", "b"]);
  await finish();
  await Promise.all([first, second, other]);
});

test("a start that fails gives its place back, and tells why", async () => {
  const launches = new Launches(1);
  const launch = (start: () => Promise<string>): Promise<string> =>
    launches.inTurn({ user: "a", isWanted: () => true, isBeside: () => true, start });
  const failing = launch(() => Promise.reject(new Error("no")));
  expect(await failing.catch(String)).toBe("Error: no");
  expect(await launch(() => Promise.resolve("yes"))).toBe("yes");
});
