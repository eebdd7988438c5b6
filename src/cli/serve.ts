/**
 * `proof serve`: a proofserv. Daemons start it; by hand it only says what it is. Nothing is imported here
 * that a proofserv does not need before it has called back: node:fs alone costs a millisecond.
 */
import { EXIT, ProofError } from "../lib/errors.ts";
import { COMMON_ARGS, defineProofCommand } from "./command.ts";

export default defineProofCommand({
  meta: { name: "serve", description: "Run a proofserv (daemons start it)" },
  args: { help: COMMON_ARGS.help },
  examples: [{ run: "proof daemon", does: "start the daemon that starts proofservs" }],
  exitCodes: [[EXIT.usage, "started by hand"]],
  run() {
    throw new ProofError(
      "NOT_BY_HAND",
      "this is a proofserv: a proof daemon starts it for each session, master or worker",
      {
        hint: "to start a node: proof daemon; to open a session: proof open HOST",
      },
    );
  },
});

/** Serves for the daemon that started this process; undefined if none did. */
export async function serveDaemon(): Promise<number | undefined> {
  // A daemon gives its proofservs a pipe with their parameters.
  const loading = import("../session/proofserv.ts");
  const input = await Bun.stdin.stat().catch(() => undefined);
  if (input === undefined || !(input.isFIFO() || input.isSocket())) return undefined;
  const [{ readParameters, serve }, text] = await Promise.all([loading, Bun.stdin.text()]);
  const parameters = readParameters(text);
  return parameters === undefined ? undefined : serve(parameters);
}
