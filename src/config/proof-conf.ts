/**
 * The one parser of proof.conf, the inventory file of PROOF.
 *
 *     KEYWORD [user@]HOST[:port] [option=value …]
 *
 * An unusable line is an error: nothing ever becomes a worker without a name. An option that nobody
 * knows is a warning, because old files have them. The grammar is in docs/configuration.md.
 */
import { checkField, checkUser } from "./checks.ts";
import { expandHost, splitHostSpec } from "./host.ts";
import {
  DEFAULT_PERF,
  DEFAULT_PORT,
  MOST_WORKERS,
  repeatNodes,
  type InventoryNode,
} from "./node.ts";
import { placeOf, throwProblems, type Problem } from "./problems.ts";
import { didYouMean } from "../lib/suggest.ts";

/** What a proof.conf says. */
export interface ProofConf {
  /** One entry per worker, and the master lines, in file order. */
  readonly nodes: InventoryNode[];
  /** Things that were passed over, each beginning with FILE:LINE:COLUMN. */
  readonly warnings: string[];
}

const ROLES: Readonly<Record<string, InventoryNode["role"]>> = {
  master: "master",
  node: "master",
  submaster: "submaster",
  worker: "worker",
  slave: "worker",
};

const OPTIONS = ["port", "perf", "image", "workdir", "msd", "repeat"];

/** A word of a line and the column it begins at. */
interface Token {
  readonly text: string;
  readonly column: number;
}

/** Where the reader of a line reports to. */
interface Report {
  problem(column: number, text: string): void;
  warning(column: number, text: string): void;
}

/** A line that was understood. */
interface Entry {
  readonly hosts: readonly string[];
  readonly repeat: number;
  readonly fields: Omit<InventoryNode, "host">;
}

/**
 * Parses the text of a proof.conf.
 * Throws INVENTORY with the first unusable line in the message and all others in `details.more`.
 * @param file name for messages
 */
export function parseProofConf(text: string, file: string): ProofConf {
  const nodes: InventoryNode[] = [];
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [index, content] of lines.entries()) {
    const line = index + 1;
    const before = problems.length;
    const entry = readLine(tokensOf(content), {
      problem: (column, what) => problems.push({ code: "INVENTORY", line, column, text: what }),
      warning: (column, what) => warnings.push(`${placeOf(file, { line, column })}: ${what}`),
    });
    if (entry === undefined || problems.length > before) continue;
    const { hosts, repeat, fields } = entry;
    // Counted before anything is built: a slip must not fill the memory.
    if (nodes.length + hosts.length * repeat > MOST_WORKERS) {
      const what = `expected at most ${MOST_WORKERS} workers in one file`;
      problems.push({ code: "INVENTORY", line, column: 1, text: what });
      break;
    }
    nodes.push(...repeatNodes(hosts, repeat, fields));
  }
  throwProblems(
    file,
    problems,
    "a line is: KEYWORD [user@]HOST[:port] [option=value ...], with master, submaster or worker as KEYWORD",
  );
  return { nodes, warnings };
}

/** The words of a line up to a comment, which begins with a # at the start of a word. */
function tokensOf(line: string): Token[] {
  const words = [...line.matchAll(/[^ \t]+/g)];
  const comment = words.findIndex((word) => word[0].startsWith("#"));
  return (comment === -1 ? words : words.slice(0, comment)).map((word) => ({
    text: word[0],
    column: word.index + 1,
  }));
}

function readLine(tokens: readonly Token[], report: Report): Entry | undefined {
  const [keyword, host, ...options] = tokens;
  if (keyword === undefined) return undefined;
  const role = Object.hasOwn(ROLES, keyword.text) ? ROLES[keyword.text] : undefined;
  if (role === undefined) {
    report.problem(keyword.column, unknownKeyword(keyword.text));
    return undefined;
  }
  if (host === undefined) {
    report.problem(keyword.column + keyword.text.length, `expected a host after ${keyword.text}`);
    return undefined;
  }
  const target = readHost(host, report);
  const values = { image: "", workdir: "", msd: "" };
  let { port } = target;
  let perf = DEFAULT_PERF;
  let repeat = 1;
  for (const { text, column } of options) {
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    if (!OPTIONS.includes(name)) {
      const near = didYouMean(name, OPTIONS);
      report.warning(column, `unknown option ${JSON.stringify(text)} is not used${near}`);
      continue;
    }
    if (equals === -1) {
      report.warning(column, `option ${name} without a value is not used`);
      continue;
    }
    const value: Token = { text: text.slice(equals + 1), column: column + equals + 1 };
    if (name === "port") port = readNumber("port", value, 1, 65_535, report);
    else if (name === "perf") perf = readNumber("perf", value, 0, 1_000_000, report);
    else if (name === "repeat") repeat = readNumber("repeat", value, 1, MOST_WORKERS, report);
    else {
      const wrong = checkField(value.text);
      if (wrong !== undefined) report.problem(value.column, `${name}: ${wrong}`);
      values[name as keyof typeof values] = value.text;
    }
  }
  if (role === "master" && repeat !== 1) {
    report.warning(keyword.column, "repeat= means nothing on a master line");
    repeat = 1;
  }
  const { hosts, tls, user } = target;
  return { hosts, repeat, fields: { role, port, tls, user, perf, ...values } };
}

function unknownKeyword(word: string): string {
  const found = JSON.stringify(word);
  if (word === "condorworker" || word === "condorslave") {
    return `${found} is not supported: workers are not taken from Condor, list them as worker HOST`;
  }
  const known = Object.keys(ROLES);
  return `expected one of ${known.join(", ")}, found ${found}${didYouMean(word, known)}`;
}

/** Reads `[user@]host[:port]`; a part that is wrong is reported, and its value means nothing then. */
function readHost(
  token: Token,
  report: Report,
): { hosts: readonly string[]; tls: boolean; user: string; port: number } {
  const spec = splitHostSpec(token.text);
  for (const part of spec.dropped) {
    report.warning(token.column, `the ${part} in the host is not used`);
  }
  const { tls } = spec;
  const wrongUser = checkUser(spec.user);
  if (wrongUser !== undefined) {
    report.problem(token.column, `${wrongUser}, found ${JSON.stringify(spec.user)}`);
  }
  const expanded = expandHost(spec.host);
  const hosts = "text" in expanded ? [] : expanded;
  if ("text" in expanded) {
    report.problem(token.column + spec.hostOffset + expanded.offset, expanded.text);
  }
  if (spec.port === undefined) return { hosts, tls, user: spec.user, port: DEFAULT_PORT };
  const at: Token = { text: spec.port, column: token.column + spec.portOffset };
  return { hosts, tls, user: spec.user, port: readNumber("port", at, 1, 65_535, report) };
}

function readNumber(
  name: string,
  { text, column }: Token,
  min: number,
  max: number,
  report: Report,
): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const found = JSON.stringify(text);
  report.problem(column, `${name}: expected a whole number from ${min} to ${max}, found ${found}`);
  return min;
}
