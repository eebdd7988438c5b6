import { describe, expect, test } from "bun:test";
import { CheckError } from "../../src/lib/check.ts";
import { PROOF_MAJOR } from "../../src/protocol/codes.ts";
import {
  type Callee,
  type Caller,
  decodeCaller,
  decodeLoginReply,
  encodeCaller,
  encodeLoginReply,
  fingerprint,
  KEY_SIZE,
  newNonce,
  type ProofTerms,
  proveKey,
  sameProof,
} from "../../src/protocol/login.ts";

const key = Buffer.alloc(KEY_SIZE, 7);
const terms: ProofTerms = {
  callerNonce: "01".repeat(32),
  calleeNonce: "02".repeat(32),
  callerRole: "M",
  calleeRole: "master",
  user: "alice",
  ordinal: "0",
};
const caller: Caller = {
  major: PROOF_MAJOR,
  version: "0.1.0",
  nonce: terms.callerNonce,
  fingerprint: "0123456789abcdef",
  heartbeat: 15_000,
};
const callee: Callee = {
  major: PROOF_MAJOR,
  version: "0.1.0",
  role: "master",
  auth: "key",
  nonce: terms.calleeNonce,
  fingerprint: "0123456789abcdef",
  proof: "ab".repeat(32),
};

const toItem = (json: string): string => Buffer.from(json).toString("base64url");
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

describe("proof of the key", () => {
  test("is HMAC-SHA-256 over label and terms, so that other implementations agree", () => {
    const text = JSON.stringify([
      `proof ${PROOF_MAJOR} caller`,
      terms.callerNonce,
      terms.calleeNonce,
      "M",
      "master",
      "alice",
      "0",
    ]);
    const expected = new Bun.CryptoHasher("sha256", key).update(text).digest("hex");
    expect(proveKey(key, "caller", terms)).toBe(expected);
  });

  test("differs with the side, the key and every term", () => {
    const names = Object.keys(terms) as (keyof ProofTerms)[];
    const proofs = [
      proveKey(key, "caller", terms),
      proveKey(key, "callee", terms),
      proveKey(Buffer.alloc(KEY_SIZE, 8), "caller", terms),
      ...names.map((name) => proveKey(key, "caller", { ...terms, [name]: `${terms[name]}x` })),
      ...names.map((name) => proveKey(key, "caller", { ...terms, [name]: "" })),
    ];
    expect(new Set(proofs).size).toBe(proofs.length);
    for (const proof of proofs) expect(proof).toMatch(/^[0-9a-f]{64}$/);
  });

  test("cannot be had by moving characters from one term to the next", () => {
    const shifted = { ...terms, callerRole: "Mm", calleeRole: "aster" };
    const quoted = { ...terms, user: 'alice","0', ordinal: "" };
    const swapped = {
      ...terms,
      callerNonce: terms.calleeNonce,
      calleeNonce: terms.callerNonce,
    };
    const proof = proveKey(key, "caller", terms);
    for (const other of [shifted, quoted, swapped])
      expect(proveKey(key, "caller", other)).not.toBe(proof);
  });

  test.each([
    ["ab", "ab", true],
    ["ab", "ac", false],
    ["ab", "aB", false],
    ["ab", "abc", false],
    ["abc", "ab", false],
    ["", "", false],
    ["", "a", false],
    ["\u0061", "\u0161", false],
  ])("%j and %j are the same: %p", (a, b, same) => {
    expect(sameProof(a, b)).toBe(same);
  });
});

test("a nonce is 32 bytes in hex and never the same twice", () => {
  const nonces = Array.from({ length: 100 }, newNonce);
  for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(nonces).size).toBe(100);
});

test("a fingerprint tells keys apart and is no plain hash of the key", () => {
  expect(fingerprint(key)).toMatch(/^[0-9a-f]{16}$/);
  expect(fingerprint(key)).not.toBe(fingerprint(Buffer.alloc(KEY_SIZE, 8)));
  expect(new Bun.CryptoHasher("sha256").update(key).digest("hex")).not.toContain(fingerprint(key));
});

describe("caller", () => {
  test("round trip", () => {
    expect(decodeCaller(encodeCaller(caller))).toEqual(caller);
  });

  test("fields of other versions are left out", () => {
    const item = toItem(JSON.stringify({ ...caller, admin: true }));
    expect(decodeCaller(item)).toEqual(caller);
  });

  test("of another major, only the versions are read", () => {
    expect(decodeCaller(toItem('{"major":9,"version":"9.0","nonce":[]}'))).toEqual({
      major: 9,
      version: "9.0",
      nonce: "",
      fingerprint: "",
      heartbeat: 0,
    });
  });

  test("fingerprint and heartbeat may be absent", () => {
    const { major, version, nonce } = caller;
    expect(decodeCaller(toItem(JSON.stringify({ major, version, nonce })))).toEqual({
      ...caller,
      fingerprint: "",
      heartbeat: 0,
    });
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["a number", "1"],
    ["no fields", "{}"],
    ["fields of __proto__", `{"__proto__":${JSON.stringify(caller)}}`],
    ["a major as text", JSON.stringify({ ...caller, major: "1" })],
    ["a major that is no integer", JSON.stringify({ ...caller, major: 1.5 })],
    ["a major that is huge", '{"major":1e400,"version":"","nonce":""}'],
    ["a negative heartbeat", JSON.stringify({ ...caller, heartbeat: -1 })],
    ["a heartbeat of days", JSON.stringify({ ...caller, heartbeat: 1e9 })],
    ["a nonce that is too long", JSON.stringify({ ...caller, nonce: "0".repeat(65) })],
    ["a nonce that is a list", JSON.stringify({ ...caller, nonce: ["0"] })],
    ["a version that is long", JSON.stringify({ ...caller, version: "0".repeat(65) })],
    ["a field that is nested deeply", `{"major":1,"version":"","nonce":"","x":${nested(100_000)}}`],
  ])("is refused with %s", (_what, json) => {
    expect(() => decodeCaller(toItem(json))).toThrow(CheckError);
  });
});

describe("login reply", () => {
  test("is four bytes to callers that are not ours", () => {
    expect(encodeLoginReply().toString("hex")).toBe("000003ef");
    expect(decodeLoginReply(encodeLoginReply())).toBeUndefined();
  });

  test("round trip, behind the four bytes", () => {
    const reply = encodeLoginReply(callee);
    expect(reply.readInt32BE(0)).toBe(1007);
    expect(decodeLoginReply(reply)).toEqual(callee);
  });

  test("may leave out what only a daemon with a key has", () => {
    const json = '{"major":1,"version":"0.1.0","role":"any","auth":"none"}';
    const reply = Buffer.concat([encodeLoginReply(), Buffer.from(`&P=proof,${toItem(json)}`)]);
    expect(decodeLoginReply(reply)).toEqual({
      major: 1,
      version: "0.1.0",
      role: "any",
      auth: "none",
      nonce: "",
      fingerprint: "",
      proof: "",
    });
  });

  test.each([[""], ["&P=unix"], ["&P=proof"], [" &P=proof,e30"]])(
    "with %j is not one of ours",
    (text) => {
      const reply = Buffer.concat([encodeLoginReply(), Buffer.from(text)]);
      expect(decodeLoginReply(reply)).toBeUndefined();
    },
  );

  test.each([
    ["nothing", ""],
    ["an unknown auth", JSON.stringify({ ...callee, auth: "both" })],
    ["no auth", JSON.stringify({ ...callee, auth: undefined })],
    ["a long proof", JSON.stringify({ ...callee, proof: "0".repeat(65) })],
    ["deep nesting", `{"major":1,"version":"","role":"","auth":"none","x":${nested(100_000)}}`],
  ])("is refused with %s", (_what, json) => {
    const reply = Buffer.concat([encodeLoginReply(), Buffer.from(`&P=proof,${toItem(json)}`)]);
    expect(() => decodeLoginReply(reply)).toThrow(CheckError);
  });
});
