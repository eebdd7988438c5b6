import { expect, test } from "bun:test";
import { describeDisk, judgeDisk } from "../../src/cli/disk-report.ts";
import type { DiskHealth } from "../../src/protocol/health.ts";

const GIB = 2 ** 30;
const good: DiskHealth = {
  what: "sandbox",
  path: "/box",
  size: 100 * GIB,
  free: 50 * GIB,
  files: 1000,
  freeFiles: 500,
};

test.each<[string, Partial<DiskHealth>, string | undefined]>([
  ["room", {}, undefined],
  ["below 5 % and 10 GiB", { free: 4.9 * GIB }, "WARNING"],
  ["below 1 % and 1 GiB", { free: 0.9 * GIB }, "CRITICAL"],
  ["4 % of a large disk", { size: 1000 * GIB, free: 40 * GIB }, undefined],
  ["nothing", { free: 0 }, "CRITICAL"],
  ["few files", { freeFiles: 40 }, "WARNING"],
  ["no files", { freeFiles: 0 }, "CRITICAL"],
  ["a file system without a limit of files", { files: 0, freeFiles: 0 }, undefined],
  ["a pseudo file system without a size", { size: 0, free: 0 }, undefined],
  ["one that is read-only", { problem: "the file system is read-only" }, "CRITICAL"],
])("%s", (_what, part, level) => {
  expect(judgeDisk({ ...good, ...part })?.level).toBe(level as never);
});

test("sizes that are no round numbers", () => {
  const disk = { ...good, size: 252 * GIB - 4096, free: 71.98 * GIB };
  expect(describeDisk(disk)).toBe("sandbox /box, 71.9 GiB of 251 GiB free");
});
