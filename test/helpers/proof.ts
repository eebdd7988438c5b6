/** Running `proof` as a user does. */
import { binary } from "./binary.ts";
import type { Home } from "./home.ts";
import { type Finished, type Place, Program } from "./program.ts";
import { waitFor } from "./wait-for.ts";

/** Starts `proof ARGS`; its standard input stays open. */
export async function startProof(args: readonly string[], place: Place): Promise<Program> {
  return new Program([await binary(), ...args], place);
}

/** Runs `proof ARGS` to its end with `input` as all of its standard input. */
export async function runProof(
  args: readonly string[],
  { input = "", ...place }: Place & { input?: string },
): Promise<Finished> {
  await using program = await startProof(args, place);
  if (input !== "") program.write(input);
  program.end();
  return await program.finished();
}

/** Waits until a master of `daemon` says that a command is running on its workers. */
export async function waitForRunning({ address }: { address: string }, home: Home): Promise<void> {
  await waitFor("a session that is running a command", async () => {
    const { stdout } = await runProof(["status", address, "--json"], { home });
    return stdout.includes('"state":"running"');
  });
}

/** PROOF's lines for a session with `n` workers, as they stand on stderr. */
export function openingLines(n: number): string {
  return [
    "Starting master: opening connection ...",
    "Starting master: OK",
    `Opening connections to workers: OK (${n} workers)`,
    `Setting up worker servers: OK (${n} workers)`,
    `PROOF set to parallel mode (${n} workers)`,
    "",
  ].join("\n");
}
