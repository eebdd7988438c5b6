/** `proof serve` by hand, which only says what it is. Started by a daemon it never gets here: see main.ts. */
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
