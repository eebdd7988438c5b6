/** Workers that are missing, for people: one line for each cause, however many workers have it. */
import type { Remedy, WorkerFailure } from "../protocol/messages.ts";
import type { Output } from "./output.ts";

/** Milliseconds within which losses are told together: all workers of a node are lost at once. */
const TOGETHER = 100;
/** Ordinals that are named in one line. */
const NAMED = 4;

/** What is done about a worker that is missing, in words. */
const REMEDIES: Readonly<Record<Remedy, string>> = {
  replace: "another is opened in its place",
  retry: "it is tried again",
  none: "it is given up",
};
const REMEDIES_OF_SEVERAL: Readonly<Record<Remedy, string>> = {
  replace: "others are opened in their places",
  retry: "they are tried again",
  none: "they are given up",
};

/** Shows failures: host, phase, cause, what is done about it, hint, log; those that differ in nothing else as one. */
export function reportFailures(failures: readonly WorkerFailure[], output: Output): void {
  const groups = Map.groupBy(failures, ({ host, phase, message, hint, remedy, log }) =>
    JSON.stringify([host, phase, message, hint, remedy, log]),
  );
  for (const group of groups.values()) reportGroup(group, output);
}

function reportGroup(group: readonly WorkerFailure[], output: Output): void {
  const [first] = group;
  if (first === undefined) return;
  const { host, phase, message, hint, remedy, log = [] } = first;
  const isOne = group.length === 1;
  const happened =
    phase === "running" ? (isOne ? "was lost" : "were lost") : `failed in phase ${phase}`;
  // Most messages begin with the host, for readers who see nothing else.
  const cause = message.startsWith(`${host}: `) ? message.slice(host.length + 2) : message;
  const done = (isOne ? REMEDIES : REMEDIES_OF_SEVERAL)[remedy];
  output.info(`  ${workers(group)} on ${host} ${happened}: ${cause}; ${done}`);
  if (hint !== undefined) output.info(`    hint: ${hint}`);
  for (const line of log) output.info(`    | ${line}`);
}

function workers(group: readonly WorkerFailure[]): string {
  const ordinals = group.map(({ ordinal }) => ordinal);
  if (ordinals.length === 1) return `worker ${ordinals[0]}`;
  const more = ordinals.length - NAMED;
  const named = ordinals.slice(0, NAMED).join(", ");
  return more > 0 ? `workers ${named} and ${more} more` : `workers ${named}`;
}

/** Failures as they come; those that come at about the same time are told together. */
export class FailureReporter {
  readonly #output: Output;
  #waiting: WorkerFailure[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  add(failure: WorkerFailure): void {
    this.#waiting.push(failure);
    this.#timer ??= setTimeout(() => this.flush(), TOGETHER);
  }

  /** Tells what waits now: before whatever must come behind it. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    reportFailures(this.#waiting.splice(0), this.#output);
  }
}
