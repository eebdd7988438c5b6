import { describe, expect, test } from "bun:test";
import { CheckError } from "../../src/lib/check.ts";
import {
  decodeWorkers,
  encodeWorkers,
  ENQUEUED,
  FAILED,
  type WorkerRecord,
  workersAnswer,
} from "../../src/protocol/workers.ts";

const LIMITS = { records: 4, field: 40 };
const NOTHING = { user: "", ordinal: "", id: "", perf: 100, image: "", workdir: "", msd: "" };
const master: WorkerRecord = { ...NOTHING, type: "M", host: "head", port: 1093 };
const full: WorkerRecord = {
  type: "W",
  user: "alice",
  host: "node1.example.org",
  port: 65_535,
  ordinal: "3",
  id: "id7",
  perf: 250,
  image: "img",
  workdir: "/pool/größer dir",
  msd: "root://x",
};

const decode = (text: string): WorkerRecord[] => decodeWorkers(Buffer.from(text), LIMITS);
/** A list of the master and one more record, whose bytes are given. */
const second =
  (record: string): (() => unknown) =>
  () =>
    decode(`M|head|1093|-|-|100|-|-|-&${record}`);

describe("a list", () => {
  test("makes a round trip", () => {
    const records: WorkerRecord[] = [master, full, { ...full, type: "S", user: "", port: 0 }];
    const bytes = encodeWorkers(records);
    expect(bytes.toString()).toBe(
      "M|head|1093|-|-|100|-|-|-&" +
        "W|alice@node1.example.org|65535|3|id7|250|img|/pool/größer dir|root://x&" +
        "S|node1.example.org|-|3|id7|250|img|/pool/größer dir|root://x\0",
    );
    expect(decodeWorkers(bytes, LIMITS)).toEqual(records);
  });

  test.each(["::1", "[::1]", "fe80::1%eth0", "2001:db8::1", "10.0.0.1", "a"])(
    "keeps the host %s",
    (host) => {
      for (const user of ["", "alice", "a@b"]) {
        const records = [{ ...master, host, user }];
        expect(decodeWorkers(encodeWorkers(records), LIMITS)).toEqual(records);
      }
    },
  );

  test("needs no NUL", () => {
    expect(decode("M|head|1093|-|-|100|-|-|-")).toEqual([master]);
    expect(decode("M|head|1093|-|-|100|-|-|-\0")).toEqual([master]);
  });

  test("may leave out port and performance, and name a configuration", () => {
    expect(decode("M|head|-|-|-|-|-|-|-|proof.conf")).toEqual([{ ...master, port: 0 }]);
  });

  test("may use its limits to the full", () => {
    const host = "h".repeat(LIMITS.field);
    const record = `W|${host}|1|-|-|1|-|-|-`;
    const text = `M|head|1093|-|-|100|-|-|-&${record}&${record}&${record}`;
    expect(decode(text).map((node) => node.host)).toEqual(["head", host, host, host]);
  });
});

describe("the special answers", () => {
  test.each([
    ["enqueued", ENQUEUED],
    ["enqueued", ENQUEUED.subarray(0, -1)],
    ["failed", FAILED],
    ["failed", Buffer.from("|failed|and why")],
    ["list", encodeWorkers([master])],
    ["list", Buffer.alloc(0)],
    ["list", Buffer.from("enqueued")],
  ] as const)("are told apart: %s", (answer, bytes) => {
    expect(workersAnswer(bytes)).toBe(answer);
  });

  test("are no lists", () => {
    expect(() => decodeWorkers(ENQUEUED, LIMITS)).toThrow(CheckError);
    expect(() => decodeWorkers(FAILED, LIMITS)).toThrow(CheckError);
  });
});

describe("malformed lists are refused:", () => {
  test.each([
    ["nothing", () => decode("")],
    ["a NUL alone", () => decode("\0")],
    ["no master", () => decode("W|a|1|-|-|1|-|-|-")],
    ["a second master", second("M|a|1|-|-|1|-|-|-")],
    ["an unknown type", second("X|a|1|-|-|1|-|-|-")],
    ["a long type", second("WW|a|1|-|-|1|-|-|-")],
    ["no type", second("-|a|1|-|-|1|-|-|-")],
    ["an empty record", second("")],
    ["a record at the end that is empty", () => decode("M|head|1093|-|-|100|-|-|-&")],
    ["a missing field", second("W|a|1|-|-|1|-|-")],
    ["two fields too many", second("W|a|1|-|-|1|-|-|-|c|d")],
    ["an empty field", second("W|a|1|-|-|1||-|-")],
    ["no host", second("W|-|1|-|-|1|-|-|-")],
    ["a user at no host", second("W|u@-|1|-|-|1|-|-|-")],
    ["a user without a host", second("W|u@|1|-|-|1|-|-|-")],
    ["a host without its user", second("W|@a|1|-|-|1|-|-|-")],
    ["a port that is text", second("W|a|x|-|-|1|-|-|-")],
    ["a port with a sign", second("W|a|-1|-|-|1|-|-|-")],
    ["a port with a blank", second("W|a| 1|-|-|1|-|-|-")],
    ["a port in hex", second("W|a|0x1|-|-|1|-|-|-")],
    ["a port that is none", second("W|a|65536|-|-|1|-|-|-")],
    ["a huge performance", second("W|a|1|-|-|9999999999|-|-|-")],
    ["a performance with a point", second("W|a|1|-|-|1.5|-|-|-")],
    ["an ordinal that is a path", second("W|a|1|../0|-|1|-|-|-")],
    ["a NUL inside", second("W|a\0b|1|-|-|1|-|-|-")],
    ["two NULs at the end", second("W|a|1|-|-|1|-|-|-\0\0")],
    ["a line end", second("W|a|1|-|-|1|-|-|b\n")],
    ["an escape sequence", second("W|a|1|-|-|1|-|-|\u001b[2J")],
    ["a field over its limit", second(`W|${"h".repeat(LIMITS.field + 1)}|1|-|-|1|-|-|-`)],
    [
      "a record too many",
      () => decode(["M", "W", "W", "W", "W"].map((type) => `${type}|a|1|-|-|1|-|-|-`).join("&")),
    ],
    ["nothing but separators", () => decode("&".repeat(1_000_000))],
    [
      "bytes that are no UTF-8",
      () => decodeWorkers(Buffer.from("M|h\xff|1|-|-|1|-|-|-", "latin1"), LIMITS),
    ],
  ])("%s", (_what, read) => {
    expect(read).toThrow(CheckError);
  });
});

describe("what cannot be written down is refused:", () => {
  test.each<[string, Partial<WorkerRecord>]>([
    ["a bar", { image: "a|b" }],
    ["an ampersand", { workdir: "/a&b" }],
    ["a NUL", { msd: "a\0" }],
    ["a line end", { id: "a\n" }],
    ["half a surrogate pair", { image: "\ud800" }],
    ["the sign for nothing", { image: "-" }],
    ["no host", { host: "" }],
    ["a host with a user", { host: "u@a" }],
    ["a host that is the sign for nothing", { host: "-" }],
    ["a user that is the sign for nothing", { user: "-" }],
    ["an ordinal that is none", { ordinal: "a" }],
    ["a port that is none", { port: 65_536 }],
    ["a negative port", { port: -1 }],
    ["a port that is no number", { port: Number.NaN }],
    ["half a performance", { perf: 0.5 }],
    ["a second master", { type: "M" }],
  ])("%s", (_what, change) => {
    expect(() => encodeWorkers([master, { ...full, ...change }])).toThrow(CheckError);
  });

  test("a list without a master", () => {
    expect(() => encodeWorkers([])).toThrow(CheckError);
    expect(() => encodeWorkers([full, master])).toThrow(CheckError);
  });
});
