/** Selectors: what a user writes to be run over data by every worker, after ROOT's TSelector. */
import { isPlain, need, show } from "./check.ts";
import type { AnyEvent, AnyOutputs, Columns, Inputs, Outputs } from "./event.ts";
import type { Random } from "./random.ts";

/** What a selector can ask while it runs. */
export interface SelectorContext {
  /** Ordinal of this worker: `0.3`. */
  readonly ordinal: string;
  /** Number of workers that take part. */
  readonly workers: number;
  /** Path of the file that is being read, "" where there is none. */
  readonly file: string;
  /**
   * Number of an entry or cycle in the whole data set: in process of the one that is being processed, in
   * processChunk of the `i`-th of the chunk, counted from 0. Entries of text are numbered by the byte at
   * which their line begins, so that nobody has to count lines. Outside of both it is -1.
   *
   * In processChunk without `i` it is the first of the chunk. Throws Error for an `i` that is not in the
   * chunk, and without one over text, where adding to it would not give the next entry.
   */
  entry(i?: number): number;
  /**
   * Random numbers of the current entry: the same ones whichever worker processes it. Throws Error in
   * processChunk, which has many.
   */
  readonly random: Random;
  /** Random numbers of any entry, for processChunk: `randomAt(entry(i))`. */
  randomAt(entry: number): Random;
  /** Writes a line to this worker's log. */
  log(text: string): void;
}

/** What `defineSelector` takes. All but one of `process` and `processChunk` may be left out. */
export interface SelectorDefinition<Event, Out, In> {
  /** Name under which the query is listed. */
  readonly name?: string;
  /** Branches to read: these, or all. Left out: those that `process` is seen to use, as far as possible. */
  readonly branches?: readonly string[] | "all";
  /**
   * The parameters with their defaults. With these declared, another name or a value of another type is
   * refused before anything runs, what is typed is converted to the type of the default, and `input` always
   * has all of them. A default of null takes anything.
   */
  readonly inputs?: Required<In>;
  /** On the client, before anything is sent. */
  begin?(input: In): void | Promise<void>;
  /** On each worker before its first entry: makes the outputs. Must not depend on which worker it is. */
  workerBegin?(out: Out, input: In, context: SelectorContext): void | Promise<void>;
  /** For each entry or cycle. `event` is only valid during the call: copy what is to be kept. */
  process?(event: Event, out: Out, context: SelectorContext): void;
  /** For some thousand entries at once, column by column; the fastest way. `n` is their number. */
  processChunk?(columns: Columns<Event>, n: number, out: Out, context: SelectorContext): void;
  /** On each worker after its last entry, before outputs are merged. */
  workerTerminate?(out: Out, context: SelectorContext): void | Promise<void>;
  /** On the client, with the merged outputs. */
  terminate?(out: Out, context: SelectorContext): void | Promise<void>;
}

/** A selector that was checked, as those see it who run it. */
export interface Selector {
  readonly name: string;
  /** Undefined where the definition says nothing. */
  readonly branches: readonly string[] | "all" | undefined;
  /** Undefined where any may be given. */
  readonly inputs: Inputs | undefined;
  begin?(input: Inputs): void | Promise<void>;
  workerBegin?(out: Outputs, input: Inputs, context: SelectorContext): void | Promise<void>;
  process?(event: object, out: Outputs, context: SelectorContext): void;
  processChunk?(columns: object, n: number, out: Outputs, context: SelectorContext): void;
  workerTerminate?(out: Outputs, context: SelectorContext): void | Promise<void>;
  terminate?(out: Outputs, context: SelectorContext): void | Promise<void>;
}

/** Marks selectors, also those of another copy of this module. */
const MARK = Symbol.for("proof.selector");

const STEPS = [
  "begin",
  "workerBegin",
  "process",
  "processChunk",
  "workerTerminate",
  "terminate",
] as const;

/**
 * Checks a selector's definition; a file exports the result as its default:
 *
 * ```ts
 * export default defineSelector<{ M: number }, { mass: H1 }>({
 *   workerBegin(out) {
 *     out.mass = h1("mass", "di-muon mass;GeV", 60, 60, 120);
 *   },
 *   process(event, out) {
 *     out.mass.fill(event.M);
 *   },
 * });
 * ```
 *
 * With `inputs` the third type argument is their type: `typeof inputs`. Without type arguments it is taken
 * from them; branches may be used both as numbers and as arrays then, and outputs have `fill`.
 * Throws Error for a member that is unknown or of the wrong kind.
 */
export function defineSelector<Event = AnyEvent, Out = AnyOutputs, In = Inputs>(
  definition: SelectorDefinition<Event, Out, In>,
): Selector {
  need(
    typeof definition === "object" && definition !== null,
    `defineSelector takes an object, not ${show(definition)}`,
  );
  const { name = "selector", branches, inputs, ...steps } = definition;
  need(
    typeof name === "string" && name !== "",
    `defineSelector: name is ${show(name)}, but must be a text`,
  );
  const what = `selector "${name}"`;
  checkBranches(branches, what);
  checkInputs(inputs, what);
  for (const [step, value] of Object.entries(steps) as [string, unknown][]) {
    need(
      (STEPS as readonly string[]).includes(step),
      `${what} has a member "${step}", but there are only: name, branches, inputs, ${STEPS.join(", ")}`,
    );
    need(
      value === undefined || typeof value === "function",
      `${what}: ${step} is ${show(value)}, but must be a function`,
    );
  }
  need(
    (steps.process === undefined) !== (steps.processChunk === undefined),
    `${what} must have one of process and processChunk, and ${steps.process === undefined ? "has none" : "has both"}`,
  );
  const selector = {
    name,
    branches: Array.isArray(branches) ? Object.freeze([...(branches as string[])]) : branches,
    inputs: inputs === undefined ? undefined : Object.freeze({ ...inputs }),
    ...steps,
  };
  Object.defineProperty(selector, MARK, { value: true });
  // What the types promised the user is for the runner to keep.
  return Object.freeze(selector) as unknown as Selector;
}

/** Whether a value was made by `defineSelector`. */
export function isSelector(value: unknown): value is Selector {
  return typeof value === "object" && value !== null && Object.hasOwn(value, MARK);
}

function checkBranches(branches: unknown, what: string): void {
  if (branches === undefined || branches === "all") return;
  need(
    Array.isArray(branches),
    `${what}: branches is ${show(branches)}, but must be a list of names or "all"`,
  );
  for (const branch of branches as unknown[]) {
    need(
      typeof branch === "string" && branch !== "",
      `${what}: branches has ${show(branch)}, but must be a list of names`,
    );
  }
}

function checkInputs(inputs: unknown, what: string): void {
  if (inputs === undefined) return;
  need(isPlain(inputs), `${what}: inputs is ${show(inputs)}, but must be an object of defaults`);
  for (const [name, value] of Object.entries(inputs)) {
    need(
      value !== undefined && typeof value !== "function" && typeof value !== "symbol",
      `${what}: input ${name} has the default ${show(value)}, but must have a value that can travel; null takes anything`,
    );
  }
}
