/** Whether a disk has room, judged and put in words. Pure. */
import { roughBytes } from "../lib/units.ts";
import type { DiskHealth } from "../protocol/health.ts";

/**
 * Room below which a disk is worth a word: less than that part of it, and less than so many bytes. A large disk of which
 * little is left may still have more than is needed. For files (inodes) the part alone counts.
 */
const LIMITS = {
  CRITICAL: { part: 0.01, bytes: 2 ** 30 },
  WARNING: { part: 0.05, bytes: 10 * 2 ** 30 },
} as const;

/** What is wrong with a disk. */
export interface DiskProblem {
  level: keyof typeof LIMITS;
  text: string;
}

/** A disk in one line. */
export function describeDisk({ what, path, size, free }: DiskHealth): string {
  return `${what} ${path}, ${roughBytes(free)} of ${roughBytes(size)} free`;
}

/** Judges a disk; undefined for a good one. */
export function judgeDisk(disk: DiskHealth): DiskProblem | undefined {
  const { what, path, size, free, files, freeFiles, problem } = disk;
  const name = `the disk of the ${what} directory ${path}`;
  if (problem !== undefined)
    return { level: "CRITICAL", text: `${name} cannot be used: ${problem}` };
  for (const level of ["CRITICAL", "WARNING"] as const) {
    const { part, bytes } = LIMITS[level];
    const state = level === "CRITICAL" ? "is full" : "is nearly full";
    if (size > 0 && free < part * size && free < bytes)
      return { level, text: `${name} ${state}: ${roughBytes(free)} of ${roughBytes(size)} free` };
    if (files > 0 && freeFiles < part * files)
      return { level, text: `${name} ${state}: ${freeFiles} of ${files} files (inodes) free` };
  }
  return undefined;
}
