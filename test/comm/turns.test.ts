/** Sharing the event loop: so much at once and a part of the time, one after another. */
import { expect, test } from "bun:test";
import { Turns } from "../../src/comm/turns.ts";

/** An event loop that stands still, and a clock that only work and waiting move on. */
function stage(most: number, rate = 0.5) {
  let time = 0;
  const next: { callback: () => void; milliseconds: number }[] = [];
  const turns = new Turns(
    { most, rate },
    (callback, milliseconds) => next.push({ callback, milliseconds }),
    () => time,
  );
  const done: string[] = [];
  return {
    done,
    turns,
    /** Asks for work that takes so long, and costs so much more. */
    ask: (name: string, milliseconds: number, beyond = 0): void =>
      turns.take(() => {
        time += milliseconds;
        done.push(name);
      }, beyond),
    /** Waits for the next turn; what has been done in it, and after how many milliseconds. */
    turn: (): [number, ...string[]] => {
      done.length = 0;
      const { callback, milliseconds } = next.shift() ?? { callback: () => undefined };
      time += milliseconds ?? 0;
      callback();
      return [milliseconds ?? 0, ...done];
    },
    pass: (milliseconds: number): void => void (time += milliseconds),
    isIdle: (): boolean => next.length === 0,
  };
}

test("what there is time for is done at once", () => {
  const { ask, done, isIdle } = stage(1);
  ask("a", 0.4);
  ask("b", 0.4);
  expect(done).toEqual(["a", "b"]);
  expect(isIdle()).toBe(true);
});

test("what there is no time for waits, in order, until some has come back", () => {
  const { ask, done, turn, turns } = stage(1);
  for (const name of "abcd") ask(name, 1);
  // One has used its time, and half of it has come back meanwhile.
  expect(done).toEqual(["a", "b"]);
  expect(turns.length).toBe(2);
  expect(turn()).toEqual([1, "c"]);
  // Nobody overtakes.
  ask("e", 0.1);
  expect(turn()).toEqual([1, "d"]);
  expect(turn()).toEqual([1, "e"]);
  expect(turns.length).toBe(0);
});

test("in the long run all of them get their part of the time, and not more", () => {
  let time = 0;
  const next: { callback: () => void; at: number }[] = [];
  const turns = new Turns(
    { most: 2, rate: 0.25 },
    (callback, milliseconds) => next.push({ callback, at: time + milliseconds }),
    () => time,
  );
  for (let i = 0; i < 1000; i++) turns.take(() => void (time += 0.5));
  for (let entry = next.shift(); entry !== undefined; entry = next.shift()) {
    time = Math.max(time, entry.at);
    entry.callback();
  }
  expect(turns.length).toBe(0);
  // 500 ms of work.
  expect(time).toBeGreaterThan(500 / 0.25 - 20);
  expect(time).toBeLessThan(500 / 0.25 + 20);
});

test("time that nobody has used is there later, but only so much of it", () => {
  const { ask, done, turn, pass } = stage(2);
  for (const name of "abcdefgh") ask(name, 1);
  expect(done.length).toBe(4);
  while (done.length > 0) turn();
  pass(1000);
  for (const name of "abcdefgh") ask(name, 1);
  expect(done.length).toBe(4);
});

test("what work costs beyond the time that it takes counts", () => {
  const { ask, done, turn } = stage(1);
  ask("a", 0.1, 2);
  ask("b", 0.1);
  expect(done).toEqual(["a"]);
  const [waited, ...then] = turn();
  expect(waited).toBeCloseTo(2.2);
  expect(then).toEqual(["b"]);
});

test("work that throws is told to whoever runs it, and the rest goes on", () => {
  const { ask, turn, turns } = stage(1);
  ask("a", 4);
  turns.take(() => {
    throw new Error("no");
  });
  ask("b", 0.1);
  expect(turn).toThrow("no");
  expect(turn()).toEqual([0, "b"]);
});

test("work that goes on with another turn lets others in between", () => {
  const { done, turn, turns, pass } = stage(1);
  let left = 3;
  const goOn = (): void => {
    done.push(`piece ${left}`);
    pass(2);
    if (--left > 0) turns.take(goOn);
  };
  turns.take(goOn);
  turns.take(() => done.push("other"));
  expect(done).toEqual(["piece 3"]);
  expect(turn()).toEqual([2, "piece 2"]);
  expect(turn()).toEqual([2, "other", "piece 1"]);
});
