/** `proof open`: the client. */
import type { AttachOptions } from "../client/options.ts";
import type { TProof } from "../client/tproof.ts";
import { elapsedSince } from "../lib/clock.ts";
import { EXIT, ProofError, toProofError } from "../lib/errors.ts";
import { parseWait } from "../lib/units.ts";
import {
  RESULT_FILE_ARGS,
  COMMON_ARGS,
  CONFIG_ARG,
  type Context,
  defineProofCommand,
} from "./command.ts";
import { earlierReporter, reportEarlier } from "./earlier.ts";
import { worse } from "./exit-code.ts";
import { FailureReporter, reportFailures } from "./failures.ts";
import { describeSession, openingReporter, reportJoined, reportOpened } from "./open-status.ts";
import { Leaving } from "./leaving.ts";
import type { Output } from "./output.ts";
import type { WorkerFailure } from "../protocol/messages.ts";
import { reportUnfinished } from "./unfinished.ts";
import { codeProgress } from "./query-progress.ts";
import type { UserCodeListener } from "./prompt.ts";
import { QUIT, runLine } from "./session-commands.ts";

export default defineProofCommand({
  meta: { name: "open", description: "Open a session on a cluster" },
  args: {
    master: {
      type: "positional",
      required: false,
      description: "The master, [proofs://][user@]host[:port] (localhost:1093)",
    },
    attach: {
      type: "string",
      valueHint: "TAG",
      mayBeAlone: true,
      description: "Take up a session again that was left; alone, the only one there is",
    },
    workers: {
      type: "string",
      alias: "w",
      valueHint: "N|Nx",
      description: "How many workers; 2x is two on each node",
    },
    masterOnly: { type: "boolean", description: "Only the master, no workers" },
    requireAll: { type: "boolean", description: "Fail unless every worker could be opened" },
    startup: {
      type: "enum",
      options: ["serial", "parallel"],
      description: "How the master opens its workers",
    },
    env: {
      type: "string",
      multiple: true,
      valueHint: "NAME=VALUE",
      description: "Set a variable for master and workers",
      parse: parseVariable,
    },
    exec: {
      type: "string",
      alias: "e",
      multiple: true,
      valueHint: "CODE",
      description: "Run this on every worker, then close",
    },
    process: {
      type: "string",
      alias: "p",
      valueHint: "FILE",
      description: "Run the selector in FILE over the data, show the result, then close",
    },
    data: {
      type: "positional",
      required: false,
      multiple: true,
      description: "Files for --process (paths and globs), or a number of cycles",
    },
    tree: {
      type: "string",
      valueHint: "NAME",
      description: "The tree, for ROOT files with several",
    },
    input: {
      type: "string",
      alias: "i",
      multiple: true,
      valueHint: "NAME=VALUE",
      description: "A parameter for the selector",
      parse: parseVariable,
    },
    seed: {
      type: "string",
      valueType: "integer",
      min: 0,
      description: "Seed of the random numbers (0)",
    },
    packetizer: {
      type: "enum",
      options: ["adaptive", "unit", "file"],
      description: "How the work is cut",
    },
    feedback: {
      type: "string",
      valueHint: "TIME",
      description: "Draw the outputs this often while the query runs",
      parse: parseWait,
    },
    ...RESULT_FILE_ARGS,
    run: {
      type: "string",
      valueHint: "FILE",
      description: "Run a script whose default export receives the session, then close",
    },
    timeout: {
      type: "string",
      alias: "t",
      valueHint: "TIME",
      description: "Give up opening after this long, such as 30s",
      parse: parseWait,
    },
    ...CONFIG_ARG,
    ...COMMON_ARGS,
  },
  examples: [
    {
      run: "proof open master.example.org",
      does: "a session with all workers of that cluster, and a prompt",
    },
    {
      run: "proof open alice@master:2093 --workers 2x",
      does: "as user alice on another port, two workers on each node",
    },
    {
      run: "proof open master --attach gate-1795342777-4711",
      does: "take up a session again that was left with .detach",
    },
    {
      run: "proof open master -e 'const n = 2' -e 'n ** 10'",
      does: "run code on every worker and leave",
    },
    {
      run: "proof open master -e '.sh uptime'",
      does: "run a shell command on every worker's node",
    },
    {
      run: "proof open master --process dimuon.ts --tree events 'data/*.root' -o mass.json",
      does: "run a selector over files and keep the result",
    },
  ],
  exitCodes: [
    [EXIT.ok, "everything worked"],
    [EXIT.failed, "the session could not be opened, or a proofserv was lost"],
    [EXIT.usage, "bad option or configuration"],
    [EXIT.unreachable, "the daemon cannot be reached, or the link to it was lost"],
    [EXIT.refused, "the daemon refused: key, user, limits"],
    [EXIT.query, "code, a command or a query failed, or a result is not whole"],
    [EXIT.interrupted, "interrupted with Ctrl-C, also where a part of the result is shown"],
  ],
  async run(values, context) {
    const { output } = context;
    if (output.wantsJson) await keepStdout(output);
    await checkWork(values);
    const { TProof } = await import("../client/tproof.ts");
    const { parseWish } = await import("../client/wish.ts");
    const { askPassphrase } = await import("./passphrase.ts");
    const wish = values.workers === undefined ? undefined : parseWish(values.workers);
    if (wish !== undefined && values.masterOnly === true) {
      throw new ProofError("USAGE", "--workers and --master-only exclude each other");
    }
    checkAttach(values);
    const lost = Promise.withResolvers<ProofError>();
    const start = performance.now();
    const leaving = new Leaving();
    const master = values.master ?? "localhost";
    const losses = new FailureReporter(output);
    const listener: UserCodeListener = {};
    const common: AttachOptions = {
      signal: leaving.opening,
      timeout: values.timeout,
      config: values.config,
      askPassphrase: (file) => askPassphrase(file, leaving.opening),
      onStatus: openingReporter(output),
      onWorkerLost: (failure) => losses.add(failure),
      onAway: (error) => output.info(`connection lost, reconnecting ... (${error.message})`),
      onBack: () => output.info("connected again"),
      onEarlier: earlierReporter(output),
      onNotice: ({ ordinal, text }) => output.info(ordinal === "" ? text : `${ordinal}: ${text}`),
      onWorkerJoined: (joined) => {
        losses.flush();
        reportJoined(joined, output);
      },
      onUserCode: (isRunning) => listener.userCode?.(isRunning),
      onProgress: codeProgress(output, values.run !== undefined),
      onClosed: (error) => lost.resolve(error),
    };
    const { attach, workers, masterOnly, requireAll, startup, env } = values;
    const opening =
      attach === undefined
        ? TProof.open(master, {
            ...common,
            workers,
            masterOnly,
            requireAll,
            startup,
            env: Object.fromEntries(env),
          })
        : TProof.attach(master, attach === "" ? undefined : attach, common);
    const opened = await opening.catch((thrown: unknown) => {
      const error = toProofError(thrown);
      const failures = error.details["failures"];
      if (Array.isArray(failures)) reportFailures(failures as WorkerFailure[], output);
      if (leaving.exitCode === undefined) throw thrown;
      output.error(error);
      return leaving.exitCode;
    });
    if (typeof opened === "number") return opened;
    const proof = opened;
    reportOpened(proof, output, wish?.perNode === false ? wish.count : undefined);
    if (output.wantsJson) output.json({ session: describeSession(proof, elapsedSince(start)) });
    if (!proof.isNew) reportEarlier(await proof.queries(), output);
    const work = await plan(proof, values, output);
    const run = work ?? ((signal: AbortSignal) => atPrompt(proof, context, signal, listener));
    await leaving.work(values.exec.length === 0);
    try {
      return await use(proof, run, { leaving, lost: lost.promise, output });
    } finally {
      losses.flush();
    }
  },
});

/** What user code here, or what it starts, writes to stdout is no object: it goes to stderr. */
async function keepStdout(output: Output): Promise<void> {
  const { takeStdout } = await import("../lib/own-stdout.ts");
  const own = takeStdout();
  if (own !== undefined) output.keepStdout(own);
}

/** A session that is there is as it was opened. Throws USAGE. */
function checkAttach(values: {
  attach: string | undefined;
  workers: string | undefined;
  masterOnly: boolean | undefined;
  requireAll: boolean | undefined;
  startup: string | undefined;
  env: readonly unknown[];
}): void {
  const { attach, workers, masterOnly, requireAll, startup, env } = values;
  if (attach === undefined) return;
  const others = { workers, "master-only": masterOnly, "require-all": requireAll, startup };
  const [other] = [
    ...Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name])),
    ...(env.length > 0 ? ["env"] : []),
  ];
  if (other !== undefined)
    throw new ProofError("USAGE", `--attach and --${other} exclude each other`);
}

/** What the command line asks for; undefined for the prompt. */
async function plan(
  proof: TProof,
  values: {
    exec: readonly string[];
    process: string | undefined;
    run: string | undefined;
    data: readonly string[];
    tree: string | undefined;
    input: readonly [string, string][];
    seed: number | undefined;
    packetizer: "adaptive" | "unit" | "file" | undefined;
    feedback: number | undefined;
    output: string | undefined;
    html: string | undefined;
  },
  output: Output,
): Promise<(() => Promise<number>) | undefined> {
  const { exec, process: selector, run, data, tree, seed, packetizer, feedback } = values;
  if (selector !== undefined) {
    const { dataOf, inputTextOf, processQuery } = await import("./query-commands.ts");
    const inputText = inputTextOf(values.input);
    const options = { inputText, tree, seed, packetizer, feedback };
    return () =>
      interruptible(proof, () =>
        processQuery(proof, output, { selector, data: dataOf(data), options }, values),
      );
  }
  if (run !== undefined) {
    const { runScript } = await import("./local-scope.ts");
    return () => interruptible(proof, () => runScript(proof, run, output), true);
  }
  return exec.length > 0 ? () => runLines(proof, exec, output) : undefined;
}

/** What fits together on the command line, before a session is opened for it. Throws USAGE. */
async function checkWork(values: {
  master: string | undefined;
  exec: readonly string[];
  process: string | undefined;
  run: string | undefined;
  data: readonly string[];
  tree: string | undefined;
  input: readonly [string, string][];
  seed: number | undefined;
  packetizer: string | undefined;
  feedback: number | undefined;
  output: string | undefined;
  html: string | undefined;
}): Promise<void> {
  const { master, exec, process: selector, run, data } = values;
  const ways = Object.entries({ exec: exec.length > 0, process: selector, run })
    .filter(([, given]) => given !== undefined && given !== false)
    .map(([name]) => `--${name}`);
  if (ways.length > 1) throw new ProofError("USAGE", `${ways.join(" and ")} exclude each other`);
  if (selector === undefined) {
    const { tree, input, seed, packetizer, feedback, output, html } = values;
    const alone = Object.entries({ tree, seed, packetizer, feedback, output, html })
      .filter(([, value]) => value !== undefined)
      .map(([name]) => `--${name}`);
    if (input.length > 0) alone.push("--input");
    const [first = data.length > 0 ? data[0] : undefined] = alone;
    if (first === undefined) return;
    throw new ProofError("USAGE", `${first} is for --process, which is missing`, {
      hint: "see proof open --help",
    });
  }
  const { checkFiles, dataOf, inputTextOf, isCycles } = await import("./query-commands.ts");
  if (master !== undefined && (isCycles(master) || (await Bun.file(master).exists()))) {
    throw new ProofError("USAGE", `"${master}" stands where the master belongs`, {
      hint: `the master comes before the data: proof open localhost --process ${selector} ${master}`,
    });
  }
  dataOf(data);
  inputTextOf(values.input);
  checkFiles(values);
}

/**
 * Runs something that Ctrl-C stops: what runs on the workers, at the third time whatever it is. Whatever comes
 * of it then, it was interrupted.
 */
async function interruptible(
  proof: TProof,
  run: () => Promise<number>,
  isScript = false,
): Promise<number> {
  const givenUp = Promise.withResolvers<never>();
  let times = 0;
  process.on("SIGINT", () => {
    const isBusy = proof.isBusy;
    proof.interrupt();
    // A script may wait for something that has nothing to do with the session.
    if (++times > 2 || (isScript && !isBusy))
      givenUp.reject(new ProofError("INTERRUPTED", "interrupted"));
  });
  const code = await Promise.race([run(), givenUp.promise]).catch((error: unknown) => {
    if (times === 0 || !(error instanceof ProofError) || error.code !== "ABORTED") throw error;
    throw new ProofError("INTERRUPTED", error.message);
  });
  return times > 0 ? EXIT.interrupted : code;
}

/** Does the work, until it is done, the session is lost or we are told to go. */
async function use(
  proof: TProof,
  run: (signal: AbortSignal) => Promise<number>,
  { leaving, lost, output }: { leaving: Leaving; lost: Promise<ProofError>; output: Output },
): Promise<number> {
  const over = new AbortController();
  // The terminal is gone, as with a connection that breaks: the session may be taken up again.
  let left: Promise<unknown> | undefined;
  const signalled = leaving.left.then((signal) => {
    if (signal === "SIGHUP") left = proof.detach();
    return leaving.exitCode ?? EXIT.interrupted;
  });
  // proof open -e '.sh yes' | head -1: the reader has what it wanted.
  const unread = Promise.withResolvers<number>();
  output.stdoutClosed.addEventListener("abort", () => unread.resolve(EXIT.ok));
  const work = leaving.exitCode === undefined ? run(over.signal) : signalled;
  work.catch(() => undefined);
  try {
    return await Promise.race([
      work,
      signalled,
      unread.promise,
      lost.then((error) => Promise.reject(error)),
    ]);
  } finally {
    over.abort();
    const closed = Promise.resolve(left).then(() => proof.close());
    leaving.close();
    await closed;
  }
}

async function atPrompt(
  proof: TProof,
  { output, env }: Context,
  signal: AbortSignal,
  listener: UserCodeListener,
): Promise<number> {
  const { prompt } = await import("./prompt.ts");
  return prompt(proof, output, env, signal, listener);
}

async function runLines(proof: TProof, lines: readonly string[], output: Output): Promise<number> {
  let exitCode: number = EXIT.ok;
  let stopped = false;
  process.on("SIGINT", () => {
    stopped = true;
    proof.interrupt();
  });
  for (const line of lines) {
    if (stopped) return EXIT.interrupted;
    const code = await runLine(proof, line, output, "exec").catch((error: unknown) => {
      // Code that does not compile fails like code that throws: the lines behind it still run.
      if (!(error instanceof ProofError) || !proof.isValid()) throw error;
      output.error(error);
      // Code that computes is broken off before a handler here gets the signal.
      if (error.code === "INTERRUPTED") stopped = true;
      return error.exitCode;
    });
    if (code === QUIT) break;
    exitCode = worse(exitCode, code);
  }
  if (stopped) return EXIT.interrupted;
  // Also of one that ran in the background.
  const whole = proof.partialResults.length === 0 ? EXIT.ok : EXIT.query;
  return worse(worse(exitCode, whole), reportUnfinished(proof, output));
}

function parseVariable(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new Error("expected NAME=VALUE");
  return [text.slice(0, equals), text.slice(equals + 1)];
}
