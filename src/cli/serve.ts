/** `proof serve`: a proofserv. Daemons start it; by hand it only says what it is. */
import { fstatSync } from "node:fs";
import { EXIT, ProofError } from "../lib/errors.ts";
import { COMMON_ARGS, defineProofCommand } from "./command.ts";

export default defineProofCommand({
  meta: { name: "serve", description: "Run a proofserv (daemons start it)" },
  args: { help: COMMON_ARGS.help },
  examples: [{ run: "proof daemon", does: "start the daemon that starts proofservs" }],
  exitCodes: [[EXIT.usage, "started by hand"]],
  async run() {
    // A daemon gives its proofservs a pipe with their parameters.
    const input = fstatSync(0);
    if (!input.isFIFO() && !input.isSocket()) throw byHand();
    const { readParameters, serve } = await import("../session/proofserv.ts");
    const parameters = readParameters();
    if (parameters === undefined) throw byHand();
    return serve(parameters);
  },
});

function byHand(): ProofError {
  return new ProofError(
    "NOT_BY_HAND",
    "this is a proofserv: a proof daemon starts it for each session, master or worker",
    {
      hint: "to start a node: proof daemon; to open a session: proof open HOST",
    },
  );
}
