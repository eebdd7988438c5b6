/** The commands of a session's prompt; `--exec` takes them too. */
import type { TProof } from "../client/tproof.ts";
import { EXIT, ProofError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { formatDuration } from "../lib/units.ts";
import type { Output } from "./output.ts";
import { processLine, queries, removeQuery, retrieve, stopQuery } from "./query-commands.ts";
import { exec, log, ping, shell, workers } from "./worker-commands.ts";

/** One command of the prompt. */
interface SessionCommand {
  usage: string;
  does: string;
  /** Further lines of the help. */
  more?: readonly string[];
  run(proof: TProof, argument: string, output: Output): Promise<number>;
}

/** Exit code that a session ends with after `.quit`; only the prompt looks at it. */
export const QUIT = -1;

const COMMANDS = new Map<string, SessionCommand>([
  [
    "workers",
    {
      usage: ".workers",
      does: "who is in the session, with the time of each phase",
      run: workers,
    },
  ],
  ["ping", { usage: ".ping", does: "round trip to every worker", run: ping }],
  [
    "exec",
    {
      usage: ".exec CODE",
      does: "run TypeScript on every worker; variables last",
      run: exec,
    },
  ],
  ["sh", { usage: ".sh COMMAND", does: "run a shell command on every worker's node", run: shell }],
  ["log", { usage: ".log [ORDINAL]", does: "the last lines of the logs, or of one", run: log }],
  [
    "process",
    {
      usage: ".process FILE DATA...",
      does: "run a selector over files, or for a number of cycles",
      more: [
        "name=value: tree, seed, packetizer, feedback, output,",
        "html or a parameter; & at the end: in the background",
      ],
      run: processLine,
    },
  ],
  ["queries", { usage: ".queries", does: "the queries of this session", run: queries }],
  ["retrieve", { usage: ".retrieve N", does: "show the result of query N again", run: retrieve }],
  ["remove", { usage: ".remove N", does: "forget the result of query N", run: removeQuery }],
  [
    "stop",
    {
      usage: ".stop",
      does: "end the query that runs and keep what is done",
      run: (proof, _, output) => stopQuery(proof, false, output),
    },
  ],
  [
    "abort",
    {
      usage: ".abort",
      does: "end the query that runs, without a result",
      run: (proof, _, output) => stopQuery(proof, true, output),
    },
  ],
  [
    "detach",
    {
      usage: ".detach",
      does: "leave the session to itself, with what runs in it",
      run: detach,
    },
  ],
  ["help", { usage: ".help", does: "this list", run: help }],
  [
    "quit",
    { usage: ".quit", does: "end the session (also Ctrl-D)", run: () => Promise.resolve(QUIT) },
  ],
]);

const HERE = "run TypeScript here; p is the session";

/** Names with their dot, for completion. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys()].map((name) => `.${name}`);

/**
 * Runs one line: a command with its dot, or TypeScript: on every worker where `bare` is "exec", here where
 * it is "local", until `givenUp`. Resolves with an exit code: 0, 5 where code failed, QUIT. Throws USAGE for a command that
 * does not exist.
 */
export async function runLine(
  proof: TProof,
  line: string,
  output: Output,
  bare: "exec" | "local",
  givenUp?: AbortSignal,
): Promise<number> {
  const text = line.trim();
  if (text === "") return EXIT.ok;
  const match = /^\.([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(text);
  if (match === null) {
    if (bare === "exec") return exec(proof, text, output);
    const { evaluateLine } = await import("./local-scope.ts");
    return evaluateLine(proof, text, output, givenUp);
  }
  const [, name = "", argument = ""] = match;
  const command = COMMANDS.get(name);
  if (command === undefined) {
    throw new ProofError(
      "USAGE",
      `there is no command .${name}${didYouMean(`.${name}`, COMMAND_NAMES)}`,
      {
        hint: "see .help",
      },
    );
  }
  return command.run(proof, argument.trim(), output);
}

/** Leaves the session, and says how to come back and until when. */
async function detach(proof: TProof, _argument: string, output: Output): Promise<number> {
  const wait = await proof.detach();
  if (output.wantsJson) output.json({ detach: { tag: proof.tag, wait: wait ?? null } });
  const until =
    wait === undefined
      ? "the connection is lost; what becomes of the session is up to its master"
      : wait === Number.POSITIVE_INFINITY
        ? "it stays"
        : `unless somebody comes, it ends in ${formatDuration(wait)}`;
  output.info(`left session ${proof.tag}: ${until}`);
  output.info(`to come back: proof open ${proof.address} --attach ${proof.tag}`);
  return QUIT;
}

function help(_proof: TProof, _argument: string, output: Output): Promise<number> {
  if (output.wantsJson) {
    const all = [...COMMANDS.values()].map(({ usage, does }) => ({ usage, does }));
    output.json({ help: [{ usage: "CODE", does: HERE }, ...all] });
    return Promise.resolve(EXIT.ok);
  }
  output.table([
    ["CODE", HERE],
    ...[...COMMANDS.values()].flatMap(({ usage, does, more = [] }) => [
      [usage, does],
      ...more.map((text) => ["", text]),
    ]),
  ]);
  return Promise.resolve(EXIT.ok);
}
