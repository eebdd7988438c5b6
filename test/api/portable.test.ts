// oxlint-disable no-array-fill-with-reference-type -- fill counts an item here
import { expect, test } from "bun:test";
import { h1, List, loadOutputs, mergeOutputs, saveOutputs, sum } from "../../src/api/index.ts";
import { decodeValue, encodeValue } from "../../src/protocol/values.ts";
import { KINDS, operands, WEIGHTS } from "./operands.ts";

/** What arrives of a saved tree. */
function travel(saved: unknown): unknown {
  const encoded = encodeValue(saved);
  if (encoded === undefined) throw new Error("cannot travel");
  const head = JSON.parse(JSON.stringify(encoded.head)) as Record<string, unknown>;
  return decodeValue(
    head,
    encoded.attachments.map((bytes) => Buffer.from(bytes)),
  );
}

class Own {
  count = 0;
  inner = { mass: h1("m", "", 2, 0, 2) };
  values = new Float64Array(2);
  #hidden = "made by the constructor";
  merge(other: Own): void {
    this.count += other.count;
    this.inner.mass.merge(other.inner.mass);
  }
  hidden(): string {
    return this.#hidden;
  }
}

for (const kind of Object.keys(KINDS)) {
  test.each(Object.keys(WEIGHTS))(`${kind} with weights: %s: travels`, (weights) => {
    for (const out of operands(kind, weights, 5, 99)) {
      const saved = saveOutputs({ out });
      const loaded = loadOutputs(travel(saved));
      expect(saveOutputs(loaded)).toEqual(saved);
      expect(loaded["out"]?.constructor).toBe(out.constructor);
      // The copy is independent.
      mergeOutputs(loaded, loadOutputs(saved));
      expect(saveOutputs({ out })).toEqual(saved);
    }
  });
}

test("plain values, nested and with names of their own", () => {
  const out = {
    n: 1.5,
    inf: -Infinity,
    big: 7n,
    text: "x",
    nothing: null,
    missing: undefined,
    date: new Date(5),
    array: new Uint16Array([1, 2]),
    list: [1, { h: h1("h", "", 1, 0, 1) }],
    tagged: { $proof: "H1", other: { $proof: "plain", fields: 3 } },
  };
  const loaded = loadOutputs(travel(saveOutputs(out)));
  const { list, ...rest } = out;
  expect(loaded).toMatchObject(rest);
  expect(saveOutputs(loaded)).toEqual(saveOutputs({ ...rest, list }));
});

test("an object of the user's own class is rebuilt onto what workerBegin makes", () => {
  const own = new Own();
  own.count = 5;
  own.values[1] = 3;
  own.inner.mass.fill(1);
  const fresh = new Own();
  const loaded = loadOutputs(travel(saveOutputs({ deep: { own } })), { deep: { own: fresh } });
  expect((loaded["deep"] as { own: Own }).own).toBe(fresh);
  expect([fresh.count, fresh.values[1], fresh.inner.mass.entries]).toEqual([5, 3, 1]);
  expect(fresh.hidden()).toBe("made by the constructor");
  expect(() => loadOutputs(saveOutputs({ own }))).toThrow(
    'output "own" is of a class of your own, and nothing of that name is made in workerBegin: create it there',
  );
});

test("items of lists may be outputs themselves", () => {
  const items = new List(2);
  const total = sum();
  total.fill(3);
  items.fill({ total }, 1);
  const { items: loaded } = loadOutputs(travel(saveOutputs({ items }))) as {
    items: List<{ total: typeof total }>;
  };
  expect(loaded.items[0]?.total.value).toBe(3);
});

test("what cannot travel is refused by name", () => {
  expect(() => saveOutputs({ f: () => 1 })).toThrow('output "f" is a function');
  expect(() => saveOutputs({ a: { m: new Map() } })).toThrow('output "a.m" is a Map');
  expect(() => saveOutputs({ view: new DataView(new ArrayBuffer(1)) })).toThrow("a DataView");
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  expect(() => saveOutputs(circle)).toThrow("in a circle");
});

const good = saveOutputs({ h: h1("h", "", 2, 0, 1) }) as { h: Record<string, unknown> };
test.each<[unknown, string]>([
  [null, "null instead of an object"],
  [[], "instead of an object"],
  [{ h: { $proof: "Function" } }, 'saved output "h" is of an unknown kind "Function"'],
  [{ h: { $proof: "constructor" } }, "unknown kind"],
  [{ h: { $proof: 5 } }, "unknown kind 5"],
  [{ h: { $proof: "H1" } }, 'output "h": saved axis: not an object'],
  [{ h: { ...good.h, bins: new Float64Array(5) } }, 'output "h": saved H1: field "bins"'],
  [{ h: { ...good.h, entries: "1" } }, 'field "entries" is not a finite number'],
  [{ h: { $proof: "own", fields: {} } }, "create it there"],
  [{ h: { $proof: "plain" } }, "has no fields"],
  [
    { h: { $proof: "Counts", limit: null, names: ["a"], counts: new Float64Array(1e4) } },
    "length 1",
  ],
])("hostile tree %#", (saved, message) => {
  expect(() => loadOutputs(saved)).toThrow(message);
});

test("a hostile field cannot reach a prototype", () => {
  const saved = JSON.parse(
    '{"own": {"$proof": "own", "fields": {"__proto__": {"x": 1}}}}',
  ) as unknown;
  expect(() => loadOutputs(saved, { own: new Own() })).toThrow('field "__proto__"');
  let deep: unknown = 1;
  for (let i = 0; i < 100; i++) deep = { deep };
  expect(() => loadOutputs(deep)).toThrow("too deep");
});
