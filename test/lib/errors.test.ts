import { describe, expect, test } from "bun:test";
import { causesOf, messageOf, ProofError } from "../../src/lib/errors.ts";

describe("an error of several", () => {
  test("tells its parts, the first first", () => {
    const error = new AggregateError([new Error("one"), new Error("two")], "both failed");
    expect(messageOf(error)).toBe("both failed: one; two");
    expect(messageOf(new AggregateError([new Error("one"), "two"]))).toBe("one; two");
  });

  test("tells each text once, errors of several within it too, and no more than a few", () => {
    const inner = new AggregateError([new Error("a"), new Error("b")]);
    expect(messageOf(new AggregateError([inner, new Error("a")]))).toBe("a; b");
    const many = Array.from({ length: 100 }, (_, i) => new Error(`e${i}`));
    expect(messageOf(new AggregateError(many))).toBe("e0; e1; e2; e3; e4; and 95 more");
    expect(messageOf(new AggregateError([], "nothing was tried"))).toBe("nothing was tried");
  });

  test("may hold itself", () => {
    const error = new AggregateError([], "loop");
    error.errors.push(error, new Error("x"));
    expect(messageOf(error)).toBe("loop: loop; x");
  });
});

describe("causes", () => {
  const system = Object.assign(new Error("open '/x'"), { code: "EIO" });

  test("are kept with --json, the nearest first", () => {
    const error = new ProofError("SERVER", "a", { cause: new Error("b", { cause: system }) });
    expect(error.toJSON()).toEqual({
      code: "SERVER",
      message: "a",
      causes: ["b", "EIO: open '/x'"],
    });
  });

  test("that the message says already are not said again, and a ring ends", () => {
    expect(new ProofError("SERVER", "b failed", { cause: new Error("b") }).toJSON()).toEqual({
      code: "SERVER",
      message: "b failed",
    });
    const ring = new Error("p");
    ring.cause = new Error("q", { cause: ring });
    expect(causesOf(ring)).toEqual(["q"]);
  });
});
