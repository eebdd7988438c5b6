/** Queries from the prompt and from the command line: running them, showing and writing their results. */
import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { ProcessOptions, QueryData, QueryResult } from "../client/query.ts";
import type { TProof } from "../client/tproof.ts";
import { EXIT, messageOf, ProofError, systemCode } from "../lib/errors.ts";
import type { QueryInfo } from "../protocol/query-client.ts";
import type { Progress } from "../protocol/query.ts";
import type { Output } from "./output.ts";
import { partialLine } from "./partial-line.ts";
import { progressReporter, soFarLine, summaryLine } from "./query-progress.ts";
import { outputsAsJson } from "./result-json.ts";
import { unquote, wordsOf } from "./words.ts";
import { required } from "./worker-commands.ts";
import { reasonOf } from "../lib/system-error.ts";

/** Where results go besides the terminal. */
export interface ResultFiles {
  /** JSON, histograms in JSROOT's form. */
  output?: string | undefined;
  /** A page for a browser. */
  html?: string | undefined;
}

/** Runs a query in the foreground and shows its result. Resolves with an exit code, as {@link showResult} does. */
export async function processQuery(
  proof: TProof,
  output: Output,
  query: { selector: string; data: QueryData; options: ProcessOptions },
  files: ResultFiles = {},
): Promise<number> {
  checkFiles(files);
  const { takeConsole } = await import("./user-prints.ts");
  takeConsole(output);
  const reporter = progressReporter(output);
  let last: Progress | undefined;
  const result = await proof.process(query.selector, query.data, {
    ...query.options,
    onProgress: (progress) => {
      last = progress;
      reporter(progress);
    },
    ...(output.wantsJson ? {} : await liveFeedback(output, query.options, () => last)),
  });
  return showResult(result, output, files);
}

/** Histograms that grow while one watches, where a look at the outputs was asked for. */
async function liveFeedback(
  output: Output,
  options: ProcessOptions,
  last: () => Progress | undefined,
): Promise<Partial<ProcessOptions>> {
  if (options.feedback === undefined || options.feedback === 0) return {};
  const { drawOutputs } = await import("../view/terminal.ts");
  return {
    onFeedback: (outputs, entries) => {
      output.clearScreen();
      output.result(`${soFarLine(entries, last())}\n\n${drawOutputs(outputs, output.look)}`);
    },
  };
}

/**
 * Shows a result and writes it to files; resolves with the exit code, which tells whether it is whole. Throws
 * USAGE for a file that cannot be written.
 */
export async function showResult(
  result: QueryResult,
  output: Output,
  files: ResultFiles,
): Promise<number> {
  const { outputs, ...facts } = result;
  const code = facts.state === "done" ? EXIT.ok : EXIT.query;
  const partial = facts.state === "done" ? undefined : partialLine(result);
  if (output.wantsJson) output.json({ query: facts, outputs: outputsAsJson(outputs) });
  else {
    output.info(summaryLine({ ...facts, id: 0, active: 0 }));
    const { drawOutputs } = await import("../view/terminal.ts");
    const drawn = drawOutputs(outputs, output.look);
    // A picture is looked at without what was said about it.
    if (drawn !== "") output.result(partial === undefined ? drawn : `${partial}\n\n${drawn}`);
    else output.info("the selector has made no output");
  }
  if (files.output !== undefined) {
    write(
      files.output,
      `${JSON.stringify({ query: facts, outputs: outputsAsJson(outputs) }, undefined, 1)}\n`,
    );
    output.info(`wrote ${files.output}`);
  }
  if (files.html === undefined) return code;
  const { loadJsrootLibrary, renderPage } = await import("../view/html.ts");
  write(
    files.html,
    renderPage(
      {
        title: facts.selector,
        subtitle: summaryLine({ ...facts, id: 0, active: 0 }),
        partial,
        outputs,
      },
      await loadJsrootLibrary(),
    ),
  );
  output.info(`wrote ${files.html}`);
  return code;
}

/** Before a query runs for an hour: that its result can be written. Throws USAGE. */
export function checkFiles({ output, html }: ResultFiles): void {
  for (const path of [output, html]) {
    if (path === undefined) continue;
    try {
      const isThere = statSync(path, { throwIfNoEntry: false });
      if (isThere?.isDirectory() === true) throw new Error("it is a directory");
      accessSync(isThere === undefined ? dirname(path) : path, constants.W_OK);
    } catch (error) {
      throw unwritable(path, error);
    }
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable(path, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such directory",
  ENOTDIR: "there is no such directory",
  EACCES: "no permission",
};

function unwritable(path: string, error: unknown): ProofError {
  const reason = REASONS[systemCode(error) ?? ""] ?? reasonOf(error);
  return new ProofError("USAGE", `${path}: cannot be written: ${reason}`, { cause: error });
}

/** `.process SELECTOR [FILE … | N] [name=value …] [&]`. */
export async function processLine(
  proof: TProof,
  argument: string,
  output: Output,
): Promise<number> {
  const words = wordsOf(required(argument, "the selector"));
  const isBackground = words.at(-1) === "&";
  if (isBackground) words.pop();
  const [selector = "", ...rest] = words;
  const settings = rest.filter((word) => /^[A-Za-z_]\w*=/.test(word));
  const data = rest.filter((word) => !settings.includes(word));
  const { options, files } = readSettings(settings);
  const query = { selector: pathOf(selector), data: dataOf(data.map(pathOf)), options };
  if (!isBackground) return processQuery(proof, output, query, files);
  if (files.output !== undefined || files.html !== undefined) {
    throw new ProofError("USAGE", "output= and html= are for queries in the foreground", {
      hint: "leave out the & at the end",
    });
  }
  const { takeConsole } = await import("./user-prints.ts");
  takeConsole(output);
  const { result } = await proof.submit(query.selector, query.data, options);
  void result.then(
    (done) =>
      output.info(`${summaryLine({ ...done, id: 0, active: 0 })}; see .retrieve ${done.seq}`),
    (error: unknown) => output.info(`${selector} in the background: ${messageOf(error)}`),
  );
  if (output.wantsJson) output.json({ submit: query.selector });
  output.info("the query runs in the background; see .queries");
  return EXIT.ok;
}

/** A path as a shell would read it. */
function pathOf(word: string): string {
  const path = unquote(word);
  return word.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}

/** Parameters by name. Throws USAGE for a name that is given twice: only one could count. */
export function inputTextOf(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new ProofError("USAGE", `input ${twice} is given twice`);
  return Object.fromEntries(pairs);
}

/** Files, or one number: so many cycles, such as 1000000 or 1e6. */
export function dataOf(words: readonly string[]): QueryData {
  const [only] = words;
  if (only === undefined) {
    throw new ProofError("USAGE", "the data is missing: files, or a number of cycles", {
      hint: "write it behind the selector, such as data/*.root or 1000000",
    });
  }
  return words.length === 1 && isCycles(only) ? Number(only) : words;
}

/** Whether a word is a number of cycles, not a file. */
export function isCycles(word: string): boolean {
  return /^\d{1,15}$|^\d{1,3}e\d{1,4}$/.test(word);
}

/** `tree=…`, `seed=…`, `packetizer=…`, `feedback=…` (seconds), `output=…`, `html=…`; anything else is input. */
function readSettings(settings: readonly string[]): {
  options: ProcessOptions;
  files: ResultFiles;
} {
  const options: ProcessOptions = {};
  const files: ResultFiles = {};
  const inputs: [string, string][] = [];
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    const name = setting.slice(0, equals);
    const value = setting.slice(equals + 1);
    if (name === "tree") options.tree = unquote(value);
    else if (name === "seed") options.seed = numberOf(name, value);
    else if (name === "feedback") options.feedback = Math.round(numberOf(name, value) * 1000);
    else if (name === "packetizer") options.packetizer = value as "adaptive" | "unit" | "file";
    else if (name === "output" || name === "html") files[name] = pathOf(value);
    // JSON has quotes of its own.
    else inputs.push([name, value.startsWith('"') ? value : unquote(value)]);
  }
  return { options: { ...options, inputText: inputTextOf(inputs) }, files };
}

function numberOf(name: string, value: string): number {
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value);
  throw new ProofError("USAGE", `${name}: expected a number, found "${value}"`);
}

/** Shows the queries of the session. */
export async function queries(proof: TProof, _argument: string, output: Output): Promise<number> {
  showQueries(await proof.queries(), output);
  return EXIT.ok;
}

/** Shows a list of queries. */
export function showQueries(
  all: readonly (QueryInfo & { isEarlier?: boolean })[],
  output: Output,
): void {
  if (output.wantsJson) return output.json({ queries: all });
  if (all.length === 0) output.info("no queries yet");
  const rows = all.map((query) => [
    query.seq,
    query.selector,
    query.state,
    query.processed,
    query.total,
    query.unit,
    `${(query.elapsed / 1000).toFixed(2)} s`,
    `${query.kept ? (query.state === "stopped" ? "kept, partial" : "kept") : "-"}${query.isEarlier === true ? ", begun by an earlier client" : ""}`,
  ]);
  if (rows.length > 0)
    output.table(rows, ["query", "selector", "state", "processed", "of", "unit", "time", "result"]);
}

function sequence(argument: string): number {
  if (/^\d{1,9}$/.test(argument)) return Number(argument);
  throw new ProofError("USAGE", `"${argument}" is not the number of a query`, {
    hint: "see .queries",
  });
}

/** Shows a kept result again. */
export async function retrieve(proof: TProof, argument: string, output: Output): Promise<number> {
  return showResult(await proof.retrieve(sequence(argument)), output, {});
}

/** Forgets a kept result. */
export async function removeQuery(
  proof: TProof,
  argument: string,
  output: Output,
): Promise<number> {
  const seq = sequence(argument);
  await proof.remove(seq);
  if (output.wantsJson) output.json({ remove: seq });
  return EXIT.ok;
}

/** Ends the query that runs. */
export async function stopQuery(proof: TProof, abort: boolean, output: Output): Promise<number> {
  await proof.stopProcess(abort);
  if (output.wantsJson) output.json({ [abort ? "abort" : "stop"]: true });
  return EXIT.ok;
}
