/**
 * `proof keeper`: waits beside a daemon in case that is killed. Daemons start it; by hand it only says what it
 * is. Nothing is imported here that it does not need while it waits.
 */
import { EXIT, ProofError } from "../lib/errors.ts";
import { ignoreSignals } from "../lib/signals.ts";
import { decodeKeeper, FAREWELL } from "../protocol/keeper.ts";
import { COMMON_ARGS, defineProofCommand } from "./command.ts";

export default defineProofCommand({
  meta: { name: "keeper", description: "Wait beside a daemon (daemons start it)" },
  args: { help: COMMON_ARGS.help },
  examples: [{ run: "proof daemon", does: "start the daemon that starts its keeper" }],
  exitCodes: [[EXIT.usage, "started by hand"]],
  async run() {
    const input = await Bun.stdin.stat().catch(() => undefined);
    if (input === undefined || !(input.isFIFO() || input.isSocket())) throw byHand();
    // What ends the daemon, and all that a batch system sends to all of its job, must not end this.
    ignoreSignals("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGXCPU");
    return keep();
  },
});

function byHand(): ProofError {
  return new ProofError(
    "NOT_BY_HAND",
    "this is a keeper: a proof daemon starts one beside itself",
    {
      hint: "to start a node: proof daemon",
    },
  );
}

/** Waits until the daemon says farewell, or its end of the pipe closes without. */
async function keep(): Promise<number> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text += decoder.decode(chunk, { stream: true });
    if (text.endsWith(`\n${FAREWELL}\n`)) return EXIT.ok;
  }
  const { keepWatch } = await import("../daemon/keeper-watch.ts");
  await keepWatch(decodeKeeper(text.split("\n", 1)[0] ?? ""));
  return EXIT.ok;
}
