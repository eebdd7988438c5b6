/**
 * Opens a session from a program, runs TypeScript on every worker, and adds up what comes back.
 *
 *   bun examples/exec.ts [MASTER]
 */
import { ProofError, TProof } from "proof";

const master = process.argv[2] ?? "localhost";

try {
  await using proof = await TProof.open(master, {
    workers: 4,
    requireAll: true,
    onWorkerLost: ({ ordinal, message }) => console.error(`worker ${ordinal} is gone: ${message}`),
  });
  console.log(`session ${proof.tag} with ${proof.getParallel()} workers`);

  // Each worker sums its own quarter of 4 (1 - 1/3 + 1/5 - …).
  const results = await proof.exec(`
    const first = Number(process.env.PROOF_ORDINAL!.split(".")[1]);
    let sum = 0;
    for (let k = first; k < 4e6; k += ${proof.getParallel()}) sum += (k % 2 === 0 ? 4 : -4) / (2 * k + 1);
    sum
  `);
  const failed = results.filter(({ ok }) => !ok);
  for (const { ordinal, text } of failed) console.error(`worker ${ordinal}: ${text}`);
  if (failed.length > 0) process.exitCode = 1;
  else {
    const pi = results.reduce((sum, { value }) => sum + Number(value), 0);
    console.log(`pi is about ${pi.toFixed(6)}`);
  }
} catch (error) {
  if (!(error instanceof ProofError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
  process.exitCode = error.exitCode;
}
