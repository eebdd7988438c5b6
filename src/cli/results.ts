/** `proof results`: results of queries that sessions have kept, whether or not these still run. */
import { EXIT, ProofError } from "../lib/errors.ts";
import {
  RESULT_FILE_ARGS,
  COMMON_ARGS,
  CONFIG_ARG,
  defineProofCommand,
  OWNER_ARG,
} from "./command.ts";
import { showSessions } from "./session-list.ts";

export default defineProofCommand({
  meta: { name: "results", description: "Show results of queries that sessions have kept" },
  args: {
    master: {
      type: "positional",
      required: true,
      description: "The master, [proofs://][user@]host[:port]",
    },
    tag: {
      type: "positional",
      required: false,
      description: "The session; without it those that have results are listed",
    },
    query: {
      type: "positional",
      required: false,
      description: "Number of the query; without it the session's results are listed",
    },
    ...RESULT_FILE_ARGS,
    ...OWNER_ARG,
    ...CONFIG_ARG,
    ...COMMON_ARGS,
  },
  examples: [
    { run: "proof results gate", does: "the sessions that have kept results" },
    { run: "proof results gate gate-1767323049-4720", does: "the results of one" },
    {
      run: "proof results gate gate-1767323049-4720 3 -o mass.json --html mass.html",
      does: "show a result and write it to files",
    },
  ],
  exitCodes: [
    [EXIT.ok, "shown"],
    [EXIT.usage, "bad option, configuration or key, or a file that cannot be written"],
    [EXIT.unreachable, "the daemon cannot be reached"],
    [EXIT.refused, "there is no such session or result, or it is somebody else's"],
    [EXIT.query, "the result that is shown is not whole: its query was stopped"],
  ],
  async run(values, { output }) {
    const { master, tag, query, user, config } = values;
    const seq = query === undefined ? 0 : Number(query);
    if (query !== undefined && !/^[1-9]\d{0,8}$/.test(query))
      throw new ProofError("USAGE", `"${query}" is not the number of a query`);
    const files = { output: values.output, html: values.html };
    if (seq === 0 && (files.output ?? files.html) !== undefined)
      throw new ProofError("USAGE", "--output and --html take the number of a query");
    const [{ TProofMgr }, { askPassphrase }, { checkFiles, showQueries, showResult }] =
      await Promise.all([
        import("../client/manager.ts"),
        import("./passphrase.ts"),
        import("./query-commands.ts"),
      ]);
    checkFiles(files);
    await using manager = await TProofMgr.open(master, { user, config, askPassphrase });
    if (tag === undefined) return showSessions(await manager.getSessions(), output, "results");
    if (seq === 0) showQueries(await manager.getListOfQueries(tag), output);
    else return showResult(await manager.retrieve(tag, seq), output, files);
    return EXIT.ok;
  },
});
