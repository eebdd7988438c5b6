import { describe, expect, test } from "bun:test";
import type { Context } from "../../src/daemon/context.ts";
import { KeyRing } from "../../src/daemon/key-ring.ts";
import type { Session } from "../../src/daemon/session.ts";
import { vouchFor } from "../../src/daemon/vouch.ts";
import { fingerprint, proveKey, type ProofTerms } from "../../src/protocol/login.ts";
import { encodeVouchRequest } from "../../src/protocol/vouch.ts";

const KEY = new Uint8Array(32).fill(1);
const NEXT = new Uint8Array(32).fill(2);
const named = (key: Uint8Array) => ({ key, fingerprint: fingerprint(key), file: "" });
const context = {
  host: "node",
  keys: new KeyRing(named(KEY), [named(NEXT)]),
} as unknown as Context;
const session = (role: string, ordinal: string): Session =>
  ({ role, ordinal, user: "alice" }) as unknown as Session;
const master = session("master", "0");

const TERMS: ProofTerms = {
  callerNonce: "aa",
  calleeNonce: "bb",
  callerRole: "s",
  calleeRole: "worker",
  user: "alice",
  ordinal: "0.3",
};

function vouch(changes: Partial<ProofTerms> = {}, by = master, key = KEY): string {
  const terms = { ...TERMS, ...changes };
  const proof = proveKey(key, "callee", terms);
  const request = { terms, fingerprint: fingerprint(key), proof };
  return vouchFor(context, by, encodeVouchRequest(request)).toString();
}

describe("a daemon vouches", () => {
  test("for the master of a session, towards workers and submasters below it", () => {
    expect(vouch()).toBe(proveKey(KEY, "caller", TERMS));
    const terms = { ...TERMS, callerRole: "m" };
    expect(vouch({ callerRole: "m" })).toBe(proveKey(KEY, "caller", terms));
    expect(vouch({}, master, NEXT)).toBe(proveKey(NEXT, "caller", TERMS));
  });

  test.each([
    ["another user", { user: "bob" }],
    ["a client", { callerRole: "M" }],
    ["a daemon", { callerRole: "A" }],
    ["a proofserv", { callerRole: "i" }],
    ["the session itself", { ordinal: "0" }],
    ["another session", { ordinal: "1.0" }],
    ["no ordinal", { ordinal: "0.x" }],
  ])("not as %s", (_name, changes) => {
    expect(() => vouch(changes)).toThrow("may not log in as");
  });

  test("not below too many submasters, which is said", () => {
    const deep = session("submaster", "0.0.0.0.0.0.0.0");
    expect(() => vouch({ ordinal: "0.0.0.0.0.0.0.0.0" }, deep)).toThrow(
      "too many submasters above each other (0.0.0.0.0.0.0.0.0)",
    );
  });

  test("not for a worker, and for a submaster only below it", () => {
    expect(() => vouch({}, session("worker", "0"))).toThrow();
    const submaster = session("submaster", "0.1");
    expect(vouch({ ordinal: "0.1.0" }, submaster)).not.toBe("");
    expect(() => vouch({ ordinal: "0.10.0" }, submaster)).toThrow("may not log in as");
  });

  test("only towards a daemon that has proved the key, and never makes a daemon's proof", () => {
    expect(vouch({}, master, new Uint8Array(32).fill(3))).toBe("");
    const request = { terms: TERMS, fingerprint: fingerprint(KEY), proof: "0".repeat(64) };
    expect(vouchFor(context, master, encodeVouchRequest(request)).toString()).toBe("");
    expect(vouch()).not.toBe(proveKey(KEY, "callee", TERMS));
  });
});
