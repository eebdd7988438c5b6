import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../src/client/address.ts";
import { accountName } from "../../src/lib/account.ts";

const user = accountName();

describe("parseAddress", () => {
  test.each([
    ["gate", { user, host: "gate", port: 1093, tls: undefined }],
    ["alice@gate:2093", { user: "alice", host: "gate", port: 2093, tls: undefined }],
    ["proof://gate", { user, host: "gate", port: 1093, tls: false }],
    ["proofs://gate/", { user, host: "gate", port: 1093, tls: true }],
    ["proofs://alice@[::1]:2093", { user: "alice", host: "::1", port: 2093, tls: true }],
    ["fe80::1", { user, host: "fe80::1", port: 1093, tls: undefined }],
  ])("%s", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  test.each(["", "https://gate", "proofs:gate", "proofs://", "gate:0", "a b"])("not %p", (text) => {
    expect(() => parseAddress(text)).toThrow("is not an address");
  });
});
