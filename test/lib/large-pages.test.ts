/** Memory in large pages: asked for, and otherwise as any other. */
import { expect, test } from "bun:test";
import { ptr } from "bun:ffi";
import { existsSync, readFileSync } from "node:fs";
import { inLargePages } from "../../src/lib/large-pages.ts";

const SETTING = "/sys/kernel/mm/transparent_hugepage/enabled";

/** Flags of the mapping that holds `address`, as the kernel shows them. */
function flagsAt(address: number): string[] {
  let isThere = false;
  for (const line of readFileSync("/proc/self/smaps", "utf8").split("\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) {
      const [begin, end] = [range[1], range[2]].map((hex) => Number.parseInt(hex ?? "", 16));
      isThere = address >= (begin ?? 0) && address < (end ?? 0);
    }
    if (isThere && line.startsWith("VmFlags:")) return line.split(/\s+/).slice(1);
  }
  return [];
}

test.skipIf(!existsSync(SETTING))(
  "the kernel knows that the memory is wanted in large pages",
  () => {
    const memory = Buffer.allocUnsafeSlow(16 * 1024 * 1024);
    inLargePages(memory);
    expect(flagsAt(Number(ptr(memory)) + memory.length / 2)).toContain("hg");
    memory.fill(7);
    expect(memory.every((byte) => byte === 7)).toBe(true);
  },
);

test("less than a page is left alone", () => {
  const memory = Buffer.from("abc");
  inLargePages(memory);
  expect(memory.toString()).toBe("abc");
});
