/** When proofservs start: many at a time for whoever is alone, few and not without end beside others. */
import { expect, test } from "bun:test";
import { Launches } from "../../src/daemon/launches.ts";
import { waitFor } from "../helpers/wait-for.ts";

const PROCESSORS = 4;

function stage(processors = PROCESSORS) {
  const launches = new Launches(processors);
  const state = { isBeside: false, isWanted: true };
  const running: { user: string; over: () => void }[] = [];
  const started: string[] = [];
  const ask = (user: string): Promise<string> =>
    launches.inTurn({
      user,
      isWanted: () => state.isWanted,
      isBeside: () => state.isBeside,
      start: async () => {
        started.push(user);
        await new Promise<void>((over) => running.push({ user, over }));
        return user;
      },
    });
  return { state, running, started, ask };
}

test("whoever is alone has twice as many start as there are processors", async () => {
  const { running, started, ask } = stage();
  const all = Array.from({ length: 20 }, () => ask("a"));
  await Bun.sleep(0);
  expect(started.length).toBe(2 * PROCESSORS);
  running.shift()?.over();
  await waitFor("the next one", () => started.length === 2 * PROCESSORS + 1);
  while (started.length < 20 || running.length > 0) {
    for (const { over } of running.splice(0)) over();
    await Bun.sleep(0);
  }
  expect(await Promise.all(all)).toEqual(Array<string>(20).fill("a"));
});

test("while somebody works beside it, half as many as there are processors", async () => {
  const { state, running, started, ask } = stage();
  state.isBeside = true;
  const all = Array.from({ length: 6 }, () => ask("a"));
  await Bun.sleep(0);
  expect(started.length).toBe(PROCESSORS / 2);
  // As soon as nobody does any more, there are all places again.
  state.isBeside = false;
  running.shift()?.over();
  await waitFor("the rest", () => started.length === 6);
  for (const { over } of running) over();
  await Promise.all(all);
});

test("who starts without end beside others waits, while others start and until there is time again", async () => {
  const { state, running, started, ask } = stage(1);
  state.isBeside = true;
  const all = Array.from({ length: 4 }, () => ask("a"));
  // Each counts for 100 ms, and 250 may be used at once.
  for (let count = 1; count <= 3; count++) {
    await waitFor("a start", () => running.length === 1);
    await Bun.sleep(120);
    running.shift()?.over();
    await Bun.sleep(0);
  }
  expect(started).toEqual(["a", "a", "a"]);
  const other = ask("b");
  await waitFor("the other user", () => running.length === 1);
  expect(started).toEqual(["a", "a", "a", "b"]);
  running.shift()?.over();
  await other;
  await waitFor("the first user", () => running.length === 1);
  running.shift()?.over();
  await Promise.all(all);
  expect(started).toEqual(["a", "a", "a", "b", "a"]);
});

test("what nobody wants any more has its turn at once, to find that out", async () => {
  const { state, running, started, ask } = stage(1);
  state.isBeside = true;
  const first = ask("a");
  const second = ask("a");
  await Bun.sleep(0);
  expect(started.length).toBe(1);
  state.isWanted = false;
  running.shift()?.over();
  await waitFor("the second", () => running.length === 1);
  running.shift()?.over();
  await Promise.all([first, second]);
});

test("a start that fails gives its place back, and tells why", async () => {
  const launches = new Launches(1);
  const launch = (start: () => Promise<string>): Promise<string> =>
    launches.inTurn({ user: "a", isWanted: () => true, isBeside: () => true, start });
  const failing = launch(() => Promise.reject(new Error("no")));
  expect(await failing.catch(String)).toBe("Error: no");
  expect(await launch(() => Promise.resolve("yes"))).toBe("yes");
});
