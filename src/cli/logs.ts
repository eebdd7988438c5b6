/** `proof logs`: the logs of sessions on all nodes, of those that run and of those that are over. */
import { EXIT, ProofError } from "../lib/errors.ts";
import { sanitize } from "../lib/sanitize.ts";
import type { LogOptions } from "../client/session-logs.ts";
import type { TProofMgr } from "../client/manager.ts";
import { COMMON_ARGS, CONFIG_ARG, defineProofCommand, OWNER_ARG } from "./command.ts";
import { showSessions } from "./session-list.ts";
import type { Output } from "./output.ts";

export default defineProofCommand({
  meta: { name: "logs", description: "Show the logs of sessions" },
  args: {
    master: {
      type: "positional",
      required: true,
      description: "The master, [proofs://][user@]host[:port]",
    },
    tag: {
      type: "positional",
      required: false,
      description: "The session; without it those that have logs are listed",
    },
    ordinal: {
      type: "positional",
      required: false,
      description: "Only of this proofserv: 0 is the master, 0.0, 0.1, … are workers",
    },
    tail: {
      type: "string",
      alias: "n",
      valueType: "integer",
      min: 0,
      max: 1_000_000_000,
      valueHint: "N",
      description: "Only the last N lines of each log",
    },
    grep: {
      type: "string",
      alias: "g",
      valueHint: "PATTERN",
      description: "Only lines that match this regular expression",
    },
    follow: {
      type: "boolean",
      alias: "f",
      description: "Wait for further lines until the session is over",
    },
    ...OWNER_ARG,
    ...CONFIG_ARG,
    ...COMMON_ARGS,
  },
  examples: [
    { run: "proof logs gate", does: "the sessions that have logs" },
    { run: "proof logs gate gate-1767323049-4720", does: "what all proofservs of one have logged" },
    { run: "proof logs gate gate-1767323049-4720 0.3 -n 50 -f", does: "watch one worker" },
    {
      run: "proof logs gate gate-1767323049-4720 --grep 'error|signal'",
      does: "look for something in all of them",
    },
  ],
  exitCodes: [
    [EXIT.ok, "all that there is was shown"],
    [EXIT.usage, "bad option, pattern, configuration or key"],
    [EXIT.unreachable, "the daemon, or a node that has logs of the session, cannot be reached"],
    [EXIT.refused, "there is no such session, or it is somebody else's"],
  ],
  async run(values, { output }) {
    const { master, tag, ordinal, tail, grep, follow, user, config } = values;
    if (ordinal !== undefined && !/^\d+(\.\d+)*$/.test(ordinal)) {
      throw new ProofError("USAGE", `"${ordinal}" is not an ordinal`, {
        hint: "ordinals are 0 for the master, 0.0, 0.1, … for workers",
      });
    }
    const { matcher } = await import("./grep.ts");
    const matches = grep === undefined ? () => true : matcher(grep);
    const [{ TProofMgr }, { askPassphrase }] = await Promise.all([
      import("../client/manager.ts"),
      import("./passphrase.ts"),
    ]);
    await using manager = await TProofMgr.open(master, { user, config, askPassphrase });
    if (tag === undefined) return showSessions(await manager.getSessions(), output, "logs");
    return await show(manager, tag, { ordinal, tail, follow }, matches, output);
  },
});

/** Shows lines until there are no more, Ctrl-C, or nobody reads. */
async function show(
  manager: TProofMgr,
  tag: string,
  options: LogOptions,
  matches: (line: string) => boolean,
  output: Output,
): Promise<number> {
  let failures = 0;
  const stop = new AbortController();
  if (options.follow === true) {
    process.once("SIGINT", () => stop.abort());
    process.once("SIGTERM", () => stop.abort());
  }
  output.stdoutClosed.addEventListener("abort", () => stop.abort());
  const onFailure = ({ message }: { message: string }): void => {
    failures++;
    output.warn(`its logs are missing here: ${message}`);
  };
  const lines = manager.getSessionLogs(tag, { ...options, signal: stop.signal, onFailure });
  let shown = 0;
  for await (const { ordinal, host, line } of lines) {
    if (stop.signal.aborted) break;
    if (!matches(line)) continue;
    if (output.wantsJson) output.json({ ordinal, host, line });
    else output.write(`${ordinal}: ${sanitize(line)}\n`);
    // A reader that can't keep up slows us down instead of filling memory.
    if (++shown % 1000 === 0) await output.drain();
  }
  return failures === 0 ? EXIT.ok : EXIT.unreachable;
}
