import { describe, expect, test } from "bun:test";
import { readKeyLine, refuseOptions } from "../../src/daemon/key-options.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI alice@home";

describe("a line of authorized_keys", () => {
  test.each([
    [KEY, []],
    [`  \t${KEY}\r`, []],
    [`no-pty ${KEY}`, [["no-pty", ""]]],
    [`No-PTY,from="10.0.0.1"  ${KEY}`, [["no-pty", ""], ["from", "10.0.0.1"]]], // prettier-ignore
    [`command="echo \\"a, b\\" ssh-rsa x" ${KEY}`, [["command", 'echo "a, b" ssh-rsa x']]],
    [`environment="A=ssh-ed25519 B" ${KEY}`, [["environment", "A=ssh-ed25519 B"]]],
  ])("%j is read", (line, options) => {
    const found = readKeyLine(line);
    expect(found?.options as unknown).toEqual(options);
    expect(found?.key).toBe(KEY);
  });

  test.each([
    "",
    "   ",
    `# ${KEY}`,
    "garbage",
    `no-pty,${KEY}`,
    `from="10.0.0.1 ${KEY}`,
    `no-pty x ${KEY}`,
  ])("%j is none", (line) => {
    expect(readKeyLine(line)).toBeUndefined();
  });
});

describe("options", () => {
  const now = new Date("2026-06-01T12:00:00Z");
  const refused = (name: string, value = "", address = "10.0.0.7"): boolean =>
    refuseOptions([[name, value]], address, now) !== undefined;

  test("that concern nothing of ours do not matter", () => {
    for (const name of ["no-pty", "environment", "permitopen", "no-x11-forwarding"])
      expect(refused(name)).toBe(false);
  });

  test.each([
    "command",
    "restrict",
    "cert-authority",
    "principals",
    "verify-required",
    "of-tomorrow",
  ])("%s makes a key unusable", (name) => {
    expect(refused(name)).toBe(true);
  });

  test.each([
    ["10.0.0.7", true],
    ["10.0.0.*", true],
    ["10.0.0.?", true],
    ["10.0.0.0/24", true],
    ["10.0.1.0/24", false],
    ["10.0.0.0/33", false],
    ["10.0.0.7,!10.0.0.7", false],
    ["!10.0.0.8,10.0.0.*", true],
    ["*", true],
    ["*0*.7*", true],
    ["*1*.8", false],
    ["10.0.0.70", false],
    ["10x0.0.7", false],
    ["*.example.org", false],
    ["10.0.0.7,!*.example.org", false],
    ["", false],
  ])('from="%s" lets 10.0.0.7 in: %p', (list, isIn) => {
    expect(refused("from", list)).toBe(!isIn);
  });

  test("from knows IPv6", () => {
    expect(refused("from", "fe80::/16", "fe80::1")).toBe(false);
    expect(refused("from", "fe80::/16", "10.0.0.7")).toBe(true);
    expect(refused("from", "::1", "::1")).toBe(false);
  });

  test.each([
    ["20260601120001Z", false],
    ["20260601115959Z", true],
    ["20270101", false],
    ["20250101", true],
    ["tomorrow", true],
    ["20261301", true],
  ])('expiry-time="%s" is over: %p', (time, isOver) => {
    expect(refused("expiry-time", time)).toBe(isOver);
  });
});
