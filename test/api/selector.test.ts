import { expect, test } from "bun:test";
import {
  defineSelector,
  generator,
  type H1,
  h1,
  isSelector,
  type Outputs,
  type SelectorContext,
} from "../../src/api/index.ts";

const context: SelectorContext = {
  ordinal: "0.0",
  workers: 1,
  file: "",
  entry: () => 0,
  random: generator(1),
  randomAt: (entry) => generator(1, entry),
  log: () => undefined,
};

test("a selector with declared branches and outputs", async () => {
  const selector = defineSelector<
    { M: number; Jet_pt: Float32Array },
    { mass: H1; jets: number },
    { low: number }
  >({
    name: "mass",
    branches: ["M", "Jet_pt"],
    workerBegin(out, input) {
      out.mass = h1("mass", "", 60, input.low, 120);
      out.jets = 0;
    },
    process(event, out) {
      out.mass.fill(event.M);
      for (const pt of event.Jet_pt) if (pt > 20) out.jets++;
    },
  });
  expect(isSelector(selector)).toBe(true);
  expect(Object.isFrozen(selector)).toBe(true);
  expect([selector.name, selector.branches]).toEqual(["mass", ["M", "Jet_pt"]]);
  const out: Outputs = {};
  await selector.workerBegin?.(out, { low: 60 }, context);
  selector.process?.({ M: 91, Jet_pt: new Float32Array([10, 30]) }, out, context);
  expect((out["mass"] as H1).mean).toBe(91);
  expect(out["jets"]).toBe(1);
  expect("processChunk" in selector).toBe(false);
});

test("a selector without declarations", () => {
  const selector = defineSelector({
    workerBegin(out, input) {
      out["mass"] = h1("mass", String(input["title"]), 60, 60, 120);
    },
    process(event, out, { random }) {
      const { M = 0 as never, Jet_pt } = event;
      if (M > 60) out["mass"]?.fill(M + random.uniform());
      for (const pt of Jet_pt ?? []) out["mass"]?.fill(pt, 0.5 * pt);
    },
  });
  expect([selector.name, selector.branches]).toEqual(["selector", undefined]);
});

test("columns have the types of their branches", () => {
  const selector = defineSelector<
    { M: number; Jet_pt: Float32Array; tag: string },
    { mass: H1; n: number }
  >({
    branches: "all",
    processChunk({ M, Jet_pt, tag }, n, out) {
      out.mass.fillN(n, M);
      out.n += (Jet_pt.offsets[n] ?? 0) + Jet_pt.values.length + (tag[0]?.length ?? 0);
    },
  });
  const out = { mass: h1("m", "", 1, 0, 10), n: 0 };
  const jets = { offsets: new Uint32Array([0, 1, 3]), values: new Float32Array(3) };
  selector.processChunk?.(
    { M: new Float64Array([1, 2]), Jet_pt: jets, tag: ["ab", ""] },
    2,
    out,
    context,
  );
  expect([out.mass.entries, out.n]).toEqual([2, 8]);
});

const process = (): void => undefined;
test.each<[unknown, string]>([
  [undefined, "defineSelector takes an object, not undefined"],
  [{}, 'selector "selector" must have one of process and processChunk, and has none'],
  [{ process, processChunk: process }, "has both"],
  [
    { process, proces: process },
    'has a member "proces", but there are only: name, branches, inputs, begin',
  ],
  [{ process: 5 }, "process is 5, but must be a function"],
  [{ process, name: "" }, 'name is "", but must be a text'],
  [{ process, branches: "M" }, 'branches is "M", but must be a list of names or "all"'],
  [{ process, branches: ["M", 1] }, "branches has 1"],
  [{ process, inputs: [1] }, "inputs is an Array, but must be an object of defaults"],
  [{ process, inputs: { a: undefined } }, "input a has the default undefined"],
  [{ process, inputs: { a: () => 1 } }, "input a has the default a function"],
])("definition %# is refused", (definition, message) => {
  expect(() => defineSelector(definition as { process(): void })).toThrow(message);
});

test("what is no selector", () => {
  for (const value of [undefined, null, 5, {}, { process }, process])
    expect(isSelector(value)).toBe(false);
});
