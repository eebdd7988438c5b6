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

/**
 * What stands on stderr when a session with `n` workers has opened: PROOF's lines, then its tag; and `rest`, the
 * source of a pattern.
 */
export function openingLines(n: number, rest = ""): RegExp {
  return linesThen(
    [
      "Starting master: opening connection ...",
      "Starting master: OK",
      `Opening connections to workers: OK (${n} workers)`,
      `Setting up worker servers: OK (${n} workers)`,
      `PROOF set to parallel mode (${n} workers)`,
    ],
    rest,
  );
}

/** The same with other lines. */
export function linesThen(lines: readonly string[], rest = ""): RegExp {
  const text = lines.map((line) => `${line}\n`).join("");
  return new RegExp(`^${RegExp.escape(text)}new session \\S+-\\d+-\\d+\\n${rest}$`);
}
