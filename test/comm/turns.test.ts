/** Sharing the event loop: so much of each turn, one after another. */
import { expect, test } from "bun:test";
import { Turns } from "../../src/comm/turns.ts";

/** Turns of an event loop that stands still, and a clock that only work moves on. */
function stage(share: number) {
  let time = 0;
  const next: (() => void)[] = [];
  const turns = new Turns(
    share,
    (callback) => next.push(callback),
    () => time,
  );
  const done: string[] = [];
  return {
    done,
    turns,
    /** Asks for work that takes so long. */
    ask: (name: string, milliseconds: number): void =>
      turns.take(() => {
        time += milliseconds;
        done.push(name);
      }),
    /** The next turn; what has been done in it. */
    turn: (): string[] => {
      done.length = 0;
      for (const callback of next.splice(0)) callback();
      return [...done];
    },
    isIdle: (): boolean => next.length === 0,
  };
}

test("what fits into this turn is done at once", () => {
  const { ask, done, turn } = stage(1);
  ask("a", 0.4);
  ask("b", 0.4);
  expect(done).toEqual(["a", "b"]);
  expect(turn()).toEqual([]);
});

test("what does not fit waits, in order, and each turn does as much as fits", () => {
  const { ask, done, turn, turns } = stage(1);
  for (const name of "abcdef") ask(name, 0.6);
  expect(done).toEqual(["a", "b"]);
  expect(turns.length).toBe(4);
  expect(turn()).toEqual(["c", "d"]);
  // Nobody overtakes.
  ask("g", 0.1);
  expect(turn()).toEqual(["e", "f"]);
  expect(turn()).toEqual(["g"]);
  expect(turns.length).toBe(0);
});

test("a turn does one piece even if it takes longer than the share", () => {
  const { ask, done, turn } = stage(1);
  for (const name of "abc") ask(name, 50);
  expect(done).toEqual(["a"]);
  expect(turn()).toEqual(["b"]);
  expect(turn()).toEqual(["c"]);
});

test("without work there are no more turns", () => {
  const { ask, turn, isIdle } = stage(1);
  expect(isIdle()).toBe(true);
  ask("a", 2);
  ask("b", 2);
  turn();
  expect(isIdle()).toBe(false);
  turn();
  expect(isIdle()).toBe(true);
});

test("work that throws is told to whoever runs it, and the rest goes on", () => {
  const { ask, turn, turns } = stage(1);
  ask("a", 2);
  turns.take(() => {
    throw new Error("no");
  });
  ask("b", 0.1);
  expect(turn).toThrow("no");
  expect(turn()).toEqual(["b"]);
});

test("work that goes on with another turn lets others in between", () => {
  const { ask, done, turn, turns } = stage(1);
  let left = 3;
  const goOn = (): void => {
    done.push(`piece ${left}`);
    if (--left > 0) turns.take(goOn);
  };
  turns.take(goOn);
  ask("other", 2);
  expect(done).toEqual(["piece 3"]);
  expect(turn()).toEqual(["piece 2", "other"]);
  expect(turn()).toEqual(["piece 1"]);
});
