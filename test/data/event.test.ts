import { expect, test } from "bun:test";
import { EventViews } from "../../src/data/event.ts";

test("chunks with the same types share one view", () => {
  const views = new EventViews();
  const first = views.on({ x: Float64Array.of(1, 2), name: ["a", "b"] });
  first.index = 1;
  const second = views.on({ x: Float64Array.of(3, 4), name: ["c", "d"] });
  expect(second).toBe(first);
  expect([second.index, second["x"], second["name"]]).toEqual([0, 3, "c"]);
  second.index = 1;
  expect([second["x"], second["name"]]).toEqual([4, "d"]);
});

test("a branch of another type, or another branch, makes another view", () => {
  const views = new EventViews();
  const numbers = views.on({ x: Float64Array.of(1), y: Int8Array.of(2) });
  const bigs = views.on({ x: BigInt64Array.of(2n ** 60n), y: Int8Array.of(3) });
  expect(bigs).not.toBe(numbers);
  expect([bigs["x"], bigs["y"]]).toEqual([2n ** 60n, 3]);
  const lists = views.on({ x: { offsets: Uint32Array.of(0, 2), values: Uint16Array.of(7, 8) } });
  expect(lists["x"]).toEqual(Uint16Array.of(7, 8));
  expect("y" in lists).toBe(false);
});

test("a branch that is not read is an error, not undefined", () => {
  const view = new EventViews().on({ mass: Float64Array.of(1), q1: Int8Array.of(1) });
  expect(() => view["mas"]).toThrow('no branch "mas" is read (did you mean "mass"?)');
  expect(() => view["something"]).toThrow('no branch "something" is read');
  expect(JSON.stringify({ ...view })).toBe('{"mass":1,"q1":1}');
  expect(Bun.inspect(view)).toContain("mass");
});

test("every type of column can be read", () => {
  const columns = {
    a: Float64Array.of(0, 1.5),
    b: Float32Array.of(0, 2.5),
    c: Int32Array.of(0, -3),
    d: Uint32Array.of(0, 2 ** 32 - 1),
    e: Int16Array.of(0, -4),
    f: Uint16Array.of(0, 65_535),
    g: Int8Array.of(0, -5),
    h: Uint8Array.of(0, 255),
    i: BigUint64Array.of(0n, 2n ** 64n - 1n),
    j: [0, { k: 1 }],
    ["__proto__"]: Float64Array.of(0, 6),
  };
  const view = new EventViews().on(columns);
  view.index = 1;
  const seen = Object.keys(view).map((name) => view[name]);
  expect(seen).toEqual([
    1.5,
    2.5,
    -3,
    2 ** 32 - 1,
    -4,
    65_535,
    -5,
    255,
    2n ** 64n - 1n,
    { k: 1 },
    6,
  ]);
});
