import { describe, expect, test } from "bun:test";
import { ShortRead } from "../../src/lib/bytes.ts";
import { CheckError } from "../../src/lib/check.ts";
import {
  type Created,
  type CreateOptions,
  decodeCreate,
  decodeCreated,
  encodeCreate,
  encodeCreated,
  isOrdinal,
  NO_OPTIONS,
} from "../../src/protocol/create.ts";
import { encodeItem } from "../../src/protocol/requests.ts";

const options: CreateOptions = {
  workers: { count: 8, perNode: true },
  masterOnly: true,
  startup: "parallel",
  requireAll: true,
  env: { PATH: "/bin:|,=", EMPTY: "" },
  host: "node-3.example.org",
};

const raw = (json: string, name = "alias"): Buffer =>
  Buffer.from(`${name}|proof:${Buffer.from(json).toString("base64url")}`);

test.each([
  ["0", true],
  ["0.0", true],
  ["0.3.2", true],
  ["999999.1", true],
  ["0.1.2.3.4.5.6.7", true],
  ["0.1.2.3.4.5.6.7.8", false],
  ["1000000", false],
  ["", false],
  [".", false],
  ["0.", false],
  [".0", false],
  ["0..1", false],
  ["-1", false],
  ["0.1\n", false],
  ["0.a", false],
  ["٠", false],
  ["../0", false],
])("%j is an ordinal: %p", (text, expected) => {
  expect(isOrdinal(text)).toBe(expected);
});

describe("create buffer of ours", () => {
  test("round trip", () => {
    expect(decodeCreate(encodeCreate("session-a-1-2", "0.3", options))).toEqual({
      name: "session-a-1-2",
      ordinal: "0.3",
      ours: true,
      conf: "",
      options,
    });
  });

  test("of a top master leaves out the ordinal", () => {
    const buffer = encodeCreate("alias", "0", NO_OPTIONS);
    expect(buffer.toString()).toStartWith("alias|proof:");
    expect(decodeCreate(buffer)).toEqual({
      name: "alias",
      ordinal: "0",
      ours: true,
      conf: "",
      options: { ...NO_OPTIONS, workers: undefined, startup: undefined },
    });
  });

  test("takes only our item where there is one", () => {
    const buffer = Buffer.from(`alias|cf:masteronly|envs:A=1|proof:${encodeItem(NO_OPTIONS)}`);
    expect(decodeCreate(buffer).options).toEqual({
      ...NO_OPTIONS,
      workers: undefined,
      startup: undefined,
    });
  });

  test("keeps a variable named __proto__ as a variable", () => {
    const { env } = decodeCreate(raw('{"env":{"__proto__":"x","constructor":"y"}}')).options;
    expect(Object.entries(env)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    expect(Object.getPrototypeOf(env)).toBeNull();
  });

  const nested = "[".repeat(100_000) + "]".repeat(100_000);
  test.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["workers as a number", '{"workers":8}'],
    ["workers as null", '{"workers":null}'],
    ["no count", '{"workers":{"perNode":true}}'],
    ["no workers wanted", '{"workers":{"count":0}}'],
    ["more workers than there can be", '{"workers":{"count":65537}}'],
    ["a huge count", '{"workers":{"count":1e400}}'],
    ["a count as text", '{"workers":{"count":"8"}}'],
    ["half a worker", '{"workers":{"count":1.5}}'],
    ["perNode as text", '{"workers":{"count":1,"perNode":"yes"}}'],
    ["masterOnly as a number", '{"masterOnly":1}'],
    ["an unknown startup", '{"startup":"fast"}'],
    ["env as a list", '{"env":["A=1"]}'],
    ["a variable that is no text", '{"env":{"A":1}}'],
    ["a variable that is an object", '{"env":{"A":{"toString":"x"}}}'],
    ["a variable that is long", `{"env":{"A":"${"x".repeat(32 * 1024 + 1)}"}}`],
    [
      "too many variables",
      JSON.stringify({ env: Object.fromEntries(Array.from({ length: 513 }, (_, i) => [i, ""])) }),
    ],
    ["deep nesting", `{"x":${nested}}`],
    ["a host of no letters", '{"host":""}'],
    ["a host with more in it", '{"host":"n1) proof: "}'],
    ["a host with a line end", '{"host":"n1\\n"}'],
    ["a host that is long", `{"host":"${"n".repeat(254)}"}`],
    ["a host that is no text", '{"host":7}'],
  ])("is refused with %s", (_what, json) => {
    expect(() => decodeCreate(raw(json))).toThrow(CheckError);
  });
});

describe("create buffer of ROOT", () => {
  test.each<[string, Partial<CreateOptions>]>([
    ["localhost", {}],
    ["localhost|cf:masteronly", { masterOnly: true }],
    ["localhost|cf:workers=4", { workers: { count: 4, perNode: false } }],
    ["localhost|cf:workers=2x", { workers: { count: 2, perNode: true } }],
    ["localhost|cf:workers=0", { workers: { count: 1, perNode: false } }],
    ["localhost|cf:workers=99999", { workers: { count: 65_536, perNode: false } }],
    ["localhost|cf:workers=2y", {}],
    ["localhost|cf:workers=123456", {}],
    ["localhost|cf:proof.conf", {}],
    ["localhost|envs:A=1,B=x=y,C=", { env: { A: "1", B: "x=y", C: "" } }],
    ["localhost|envs:,=x,D,A=1,A=2", { env: { A: "2" } }],
    ["localhost|envs:", {}],
  ])("%j", (text, expected) => {
    expect(decodeCreate(Buffer.from(text))).toEqual({
      name: "localhost",
      ordinal: "0",
      ours: false,
      conf: /cf:([^|]*)/.exec(text)?.[1] ?? "",
      options: { ...NO_OPTIONS, workers: undefined, ...expected },
    });
  });

  test("an empty one, as a retry sends it", () => {
    expect(decodeCreate(Buffer.alloc(0))).toMatchObject({ name: "", ordinal: "0", ours: false });
  });

  test("with too many or too long variables is refused", () => {
    const many = Array.from({ length: 513 }, (_, i) => `V${i}=x`).join(",");
    expect(() => decodeCreate(Buffer.from(`a|envs:${many}`))).toThrow(CheckError);
    const long = "x".repeat(32 * 1024 + 1);
    expect(() => decodeCreate(Buffer.from(`a|envs:A=${long}`))).toThrow(CheckError);
  });
});

describe("answer", () => {
  const facts = {
    tag: "host-1795338463-5836",
    host: "host.example.org",
    pid: 5836,
    version: "0.1.0",
    secret: "s",
    phases: { spawn: 1.5, callback: 20 },
  };

  test.each<[string, Created]>([
    ["with a log", { sid: 3, logPath: "/tmp/a b/ü.log" }],
    ["with facts", { sid: 3, logPath: "/tmp/x.log", facts }],
    ["with a log path that looks like more", { sid: 0, logPath: "/tmp/|log:|proof:x.log", facts }],
    ["with a pool", { sid: 0, pool: "root://a//pool", logPath: "/tmp/x.log" }],
    ["with a pool alone", { sid: 32_767, pool: "root://a//pool", logPath: "" }],
    ["with everything", { sid: 1, pool: "root://a//pool", logPath: "/x", facts }],
    ["with nothing", { sid: 1, logPath: "" }],
  ])("%s makes a round trip", (_what, created) => {
    expect(decodeCreated(encodeCreated(created))).toEqual(created);
  });

  test("has both versions where ROOT expects them, and no NUL", () => {
    const bytes = encodeCreated({ sid: 1, logPath: "/x" });
    expect(bytes.toString("latin1")).toBe("\0\0\0\x01\0\x24\x03\xef|log:/x");
  });

  test("that is too short is refused", () => {
    expect(() => decodeCreated(Buffer.alloc(7))).toThrow(ShortRead);
  });

  test.each([
    ["no JSON", "{"],
    ["wrong types", JSON.stringify({ ...facts, pid: "1" })],
    ["phases that are no numbers", JSON.stringify({ ...facts, phases: { spawn: "1" } })],
    ["deep nesting", `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ])("with facts that are %s is refused", (_what, json) => {
    const head = encodeCreated({ sid: 1, logPath: "" }).subarray(0, 8);
    const item = Buffer.from(json).toString("base64url");
    const answer = Buffer.concat([head, Buffer.from(`|proof:${item}|log:/x`)]);
    expect(() => decodeCreated(answer)).toThrow(CheckError);
  });
});
