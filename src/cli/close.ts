/** `proof close`: ends sessions whose client is gone, or that somebody else has opened. */
import { EXIT, ProofError } from "../lib/errors.ts";
import { COMMON_ARGS, CONFIG_ARG, defineProofCommand } from "./command.ts";

export default defineProofCommand({
  meta: { name: "close", description: "End sessions on a cluster" },
  args: {
    master: {
      type: "positional",
      required: true,
      description: "The master, [user@]host[:port]",
    },
    tag: {
      type: "positional",
      required: false,
      description: "The session, as proof status shows it",
    },
    all: { type: "boolean", description: "All sessions of this user" },
    hard: {
      type: "boolean",
      description: "At once, with SIGKILL on all nodes, however stuck they are",
    },
    ...CONFIG_ARG,
    ...COMMON_ARGS,
  },
  examples: [
    { run: "proof close gate gate-1767323049-4720", does: "end that session" },
    { run: "proof close gate --all", does: "end all of your sessions" },
    { run: "proof close gate --all --hard", does: "the same for sessions that do not end" },
  ],
  exitCodes: [
    [EXIT.ok, "the sessions have ended"],
    [EXIT.usage, "bad option, configuration or key"],
    [EXIT.unreachable, "the daemon, or with --hard one of its nodes, cannot be reached"],
    [EXIT.refused, "there is no such session, or it is somebody else's"],
  ],
  async run(values, { output }) {
    const { tag, all, master, config } = values;
    if ((tag === undefined) !== (all === true)) {
      throw new ProofError("USAGE", "give either the tag of a session or --all", {
        hint: "proof status HOST shows the sessions of a daemon",
      });
    }
    const [{ clientSettings }, { parseAddress }, { askToClose }, { withUserKey }] =
      await Promise.all([
        import("../client/settings.ts"),
        import("../client/address.ts"),
        import("../comm/close-sessions.ts"),
        import("../comm/log-in.ts"),
      ]);
    const { askPassphrase } = await import("./passphrase.ts");
    const address = parseAddress(master);
    const settings = clientSettings({ user: address.user, config, passphrase: askPassphrase });
    const daemon = { ...address, secure: settings.secure(address) };
    const request = { tag: tag ?? "", hard: values.hard === true, isPart: false };
    const { closed, failures } = await withUserKey(settings.identity, (identity) =>
      askToClose(daemon, identity, request, settings.limits),
    );
    if (output.wantsJson) output.json({ closed, failures });
    else if (closed.length === 0) output.info(`${address.user} has no session there`);
    for (const ended of output.wantsJson ? [] : closed) output.result(`closed ${ended}`);
    for (const { message } of failures) output.warn(`may still be running: ${message}`);
    return failures.length === 0 ? EXIT.ok : EXIT.unreachable;
  },
});
