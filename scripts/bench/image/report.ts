/** What every mode does at its end. */
import { writeSync } from "node:fs";

/** Prints what was measured, for the bench to read. */
export function report(result: object): void {
  writeSync(1, `${JSON.stringify(result)}\n`);
}

/** Resolves when the bench lets go: it holds our standard input. */
export async function released(): Promise<void> {
  await Bun.stdin.text();
}
