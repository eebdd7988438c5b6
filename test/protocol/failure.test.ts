import { describe, expect, test } from "bun:test";
import { CheckError, Fields, parseObject } from "../../src/lib/check.ts";
import { ProofError } from "../../src/lib/errors.ts";
import {
  errorOfReply,
  failureOf,
  type FailureFacts,
  LOG_TAIL,
  readFailure,
} from "../../src/protocol/failure.ts";

const facts: FailureFacts = {
  code: "PROOFSERV_DIED",
  phase: "callback",
  host: "node1",
  message: "node1: proofserv died",
  hint: "look at its log",
  log: ["one", "two"],
};

const read = (json: string): FailureFacts => readFailure(new Fields(parseObject(json, "f"), "f"));

describe("readFailure", () => {
  test("round trip", () => {
    expect(read(JSON.stringify(facts))).toEqual(facts);
  });

  test("cuts long log lines", () => {
    const long = "x".repeat(LOG_TAIL.characters + 1);
    expect(read(JSON.stringify({ ...facts, log: [long] })).log).toEqual([
      "x".repeat(LOG_TAIL.characters),
    ]);
  });

  test.each([
    ["a number", "[1]"],
    ["an object that has no text", '[{"toString":1,"valueOf":1}]'],
    ["a list that is nested deeply", `[${"[".repeat(10_000)}${"]".repeat(10_000)}]`],
    ["a text", '"one"'],
    ["too many lines", JSON.stringify(Array.from({ length: LOG_TAIL.lines + 1 }, () => ""))],
  ])("refuses %s as log", (_what, log) => {
    const json = JSON.stringify({ ...facts, log: undefined }).replace(/\}$/, `,"log":${log}}`);
    expect(() => read(json)).toThrow(CheckError);
  });
});

describe("failureOf", () => {
  test("says what readFailure accepts, however much the error says", () => {
    const error = new ProofError("PROOFSERV_DIED", "m".repeat(10_000), {
      hint: "h".repeat(5000),
      details: {
        phase: "p".repeat(100),
        host: "n".repeat(300),
        log: Array.from({ length: 50 }, (_, i) => `${i} ${"x".repeat(1000)}`),
      },
    });
    const said = failureOf(error, "spawn", "here");
    const heard = read(JSON.stringify(said));
    expect(heard).toEqual(said);
    expect(heard.log?.map((line) => line.slice(0, 2))).toEqual(
      Array.from({ length: LOG_TAIL.lines }, (_, i) => String(50 - LOG_TAIL.lines + i)),
    );
  });
});

describe("errorOfReply", () => {
  test("falls back on number and text where the facts are no good", () => {
    for (const bad of ["{", "[]", '{"log":[{"toString":1,"valueOf":1}]}']) {
      const error = errorOfReply({ number: 3109, text: "no luck", facts: bad }, "create", "node1");
      expect([error.code, error.message, error.details]).toEqual([
        "SERVER",
        "node1: no luck",
        { phase: "create", host: "node1", number: 3109 },
      ]);
    }
  });

  test("takes the facts where they are", () => {
    const reply = { number: 3109, text: "no luck", facts: JSON.stringify(facts) };
    const error = errorOfReply(reply, "create", "elsewhere");
    expect([error.code, error.message, error.hint, error.details]).toEqual([
      "PROOFSERV_DIED",
      "node1: proofserv died",
      "look at its log",
      { phase: "callback", host: "node1", log: ["one", "two"] },
    ]);
  });

  test("calls a code that nobody knows SERVER", () => {
    const reply = { number: 3109, text: "", facts: JSON.stringify({ ...facts, code: "toString" }) };
    expect(errorOfReply(reply, "create", "x").code).toBe("SERVER");
  });
});
