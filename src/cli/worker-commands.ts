/** Commands of the prompt that every worker carries out, and how their results are shown. */
import type { CommandOptions, WorkerResult } from "../client/options.ts";
import type { TProof } from "../client/tproof.ts";
import { EXIT, ProofError } from "../lib/errors.ts";
import { sanitize } from "../lib/sanitize.ts";
import { foldResults } from "./fold.ts";
import { FoldedOutput } from "./folded-output.ts";
import { LiveOutput, type Piece } from "./live-output.ts";
import type { WorkerFailure } from "../protocol/messages.ts";
import type { Output } from "./output.ts";

/** Shows results, equal ones once. */
function showResults(results: readonly WorkerResult[], output: Output): number {
  for (const { ordinals, ok, text } of foldResults(results)) {
    const body = sanitize(text).replaceAll("\n", `\n${" ".repeat(ordinals.length + 2)}`);
    output.result(`${ordinals}: ${ok ? body : output.style.red(body)}`);
  }
  const isCut = results.some(({ textCut }) => textCut !== undefined);
  return exitCodeOf(results) || (isCut ? EXIT.query : EXIT.ok);
}

/** 5 where something failed, or was lost of what was printed. */
function exitCodeOf(results: readonly WorkerResult[]): number {
  if (results.some(({ code }) => code === "INTERRUPTED")) return EXIT.interrupted;
  return results.every(({ ok, dropped }) => ok && dropped === undefined) ? EXIT.ok : EXIT.query;
}

/** Shows what became of a command as an object; 5 also where not everything is in it. */
function showJson(
  object: { exec: unknown } | { sh: unknown },
  results: readonly WorkerResult[],
  output: Output,
): number {
  output.json(object);
  const isWhole = ({ outputCut, textCut, unportable, ok }: WorkerResult): boolean =>
    outputCut === undefined && (textCut === undefined || (ok && unportable === undefined));
  return exitCodeOf(results) || (results.every(isWhole) ? EXIT.ok : EXIT.query);
}

/** `argument`, or USAGE if it is empty. */
export function required(argument: string, what: string): string {
  if (argument !== "") return argument;
  throw new ProofError("USAGE", `${what} is missing`, { hint: "see .help" });
}

/** Where output goes while it comes. */
interface Shown {
  /** Takes a piece of it; whether anything was written. */
  add(piece: Piece): boolean;
  end(): void;
}

/** Runs something that writes while it runs, handing on the output as it comes. */
async function live(
  proof: TProof,
  output: Output,
  shown: Shown,
  run: (options: CommandOptions) => Promise<WorkerResult[]>,
): Promise<WorkerResult[]> {
  if (output.wantsJson) return run({});
  let draining = false;
  const hold = (): void => {
    if (draining) return;
    // A terminal or pipe that can't keep up slows the workers down.
    draining = true;
    proof.pause();
    void output
      .drain()
      .catch(() => undefined)
      .then(() => {
        draining = false;
        proof.resume();
      });
  };
  try {
    return await run({
      onOutput(piece) {
        if (shown.add(piece)) hold();
      },
    });
  } finally {
    shown.end();
  }
}

/** Runs TypeScript on every worker. */
export async function exec(proof: TProof, code: string, output: Output): Promise<number> {
  const results = await live(proof, output, new LiveOutput(output), (options) =>
    proof.exec(required(code, "the code to run"), options),
  );
  if (!output.wantsJson) return showResults(results, output);
  return showJson({ exec: { code, results } }, results, output);
}

/** Runs a shell command on every worker's node. */
export async function shell(proof: TProof, line: string, output: Output): Promise<number> {
  const shown = new FoldedOutput(output, new LiveOutput(output));
  const results = await live(proof, output, shown, (options) =>
    proof.shell(required(line, "the command to run"), options),
  );
  if (output.wantsJson) return showJson({ sh: { command: line, results } }, results, output);
  showResults(
    results.filter(({ ok }) => !ok),
    output,
  );
  return exitCodeOf(results);
}

/** Shows the round trip to every worker. */
export async function ping(proof: TProof, _argument: string, output: Output): Promise<number> {
  const results = await proof.ping();
  if (output.wantsJson) {
    output.json({
      ping: results.map(({ ordinal, host, roundTrip, ok, text, code }) => ({
        ordinal,
        host,
        ok,
        ...(ok ? {} : { text, code }),
        milliseconds: roundTrip,
      })),
    });
  } else {
    const rows = results.map(({ ordinal, host, ok, text, roundTrip }) => [
      ordinal,
      host,
      ok ? `${roundTrip.toFixed(2)} ms` : text,
    ]);
    output.table(rows, ["ordinal", "host", "round trip"]);
  }
  return exitCodeOf(results);
}

const PHASES = ["tcp", "login", "create", "spawn", "callback", "setup"] as const;

/** The state of a worker that is not there. */
function stateOf({ phase, remedy }: WorkerFailure): string {
  if (remedy === "replace") return "replacing";
  if (phase !== "running") return "failed";
  return remedy === "retry" ? "away" : "lost";
}

/** Shows who is in the session. */
export async function workers(proof: TProof, _argument: string, output: Output): Promise<number> {
  const state = await proof.refresh();
  if (output.wantsJson) {
    output.json({ workers: state.workers, failures: state.failures });
    return EXIT.ok;
  }
  const rows = state.workers.map((worker) => [
    worker.ordinal,
    worker.role,
    `${worker.host}:${worker.port}`,
    worker.pid,
    worker.state,
    ...PHASES.map((phase) => worker.phases[phase]?.toFixed(1) ?? "-"),
  ]);
  const lost = state.failures.map((failure) => [
    failure.ordinal,
    "worker",
    failure.host,
    "-",
    stateOf(failure),
    ...PHASES.map((phase) => (phase === failure.phase ? "failed" : "-")),
  ]);
  output.table([...rows, ...lost], ["ordinal", "role", "host", "pid", "state", ...PHASES]);
  return EXIT.ok;
}

/** Shows the last lines of the logs. */
export async function log(proof: TProof, ordinal: string, output: Output): Promise<number> {
  if (ordinal !== "" && !/^\d+(\.\d+)*$/.test(ordinal)) {
    throw new ProofError("USAGE", `"${ordinal}" is not an ordinal`, {
      hint: "ordinals are 0 for the master, 0.0, 0.1, … for workers; see .workers",
    });
  }
  const own = ordinal === "" ? await proof.log({ ordinal: "0", lines: 20 }) : [];
  const results = [
    ...own,
    ...(await proof.log(ordinal === "" ? { lines: 10 } : { ordinal, lines: 200 })),
  ];
  const once = results.filter(
    (result, i) => results.findIndex(({ ordinal: same }) => same === result.ordinal) === i,
  );
  if (output.wantsJson) {
    output.json({
      log: once.map(({ ordinal: of, host, text }) => ({
        ordinal: of,
        host,
        lines: text.split("\n"),
      })),
    });
    return exitCodeOf(once);
  }
  for (const { ordinal: of, text, ok } of once) {
    for (const line of text.split("\n"))
      output.result(ok ? `${of}: ${sanitize(line)}` : `${of}: ${output.style.red(sanitize(line))}`);
  }
  return exitCodeOf(once);
}
