/**
 * Runs every check of the project and counts: the tests of `bun test` one by one, every other check as one.
 *
 *   bun scripts/test.ts               all checks
 *   bun scripts/test.ts types lint    only these
 *
 * The last line is `N passed, N failed, N skipped`; the exit status is 0 only if nothing failed. With CI set,
 * what was skipped because this machine lacks a program or a right counts as a failure; tests that need
 * data beside the checkout do not. Logs and the JUnit file go to .test-results/.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";

const RESULTS = ".test-results";
const JUNIT = `${RESULTS}/junit.xml`;
/** Minutes for everything; what still runs then is ended. */
const LIMIT = 85;
/** Milliseconds after which a test counts as hung: a busy machine must not make one fail. */
const TEST_TIMEOUT = 120_000;
/** Seconds for one call of apt-get: a machine without a network must not hold up everything else. */
const APT_LIMIT = 300;
/** Programs of Debian that some tests take, each with its package. */
const PROGRAMS = [
  { program: "ip", name: "iproute2" },
  { program: "iptables", name: "iptables" },
  { program: "chromium", name: "chromium" },
] as const;
/** Exit status of a check that this machine cannot run. */
const UNABLE = 77;
/** Lines of a failed check's log that are shown. */
const SHOWN = 200;

const isCi = !["", "0", "false"].includes(process.env["CI"] ?? "");
const deadline = performance.now() + LIMIT * 60_000;

/** Numbers of one check. */
interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** What to say besides. */
  note?: string;
}

const PASSED: Count = { passed: 1, failed: 0, skipped: 0 };
const failed = (note?: string): Count => ({ ...PASSED, passed: 0, failed: 1, ...noted(note) });
const skipped = (note: string): Count => ({ passed: 0, failed: 0, skipped: 1, note });

function noted(note: string | undefined): { note?: string } {
  return note === undefined ? {} : { note };
}

/** Every check by name, in the order in which they run. */
const CHECKS: Readonly<Record<string, (log: string) => Promise<Count>>> = {
  build: (log) => command(log, [process.execPath, "scripts/build.ts"]),
  "build-linux-arm64": (log) => crossBuild(log, "linux-arm64"),
  "build-darwin-arm64": (log) => crossBuild(log, "darwin-arm64"),
  types: (log) => command(log, [process.execPath, "run", "--silent", "typecheck"]),
  lint: (log) => command(log, [process.execPath, "run", "--silent", "lint"]),
  format: (log) => command(log, [process.execPath, "run", "--silent", "format:check"]),
  licences: (log) => command(log, [process.execPath, "scripts/licences.ts", "--check"]),
  audit,
  fuzz: (log) => command(log, [process.execPath, "scripts/fuzz.ts", "--cases", "20000"]),
  tests,
  chaos,
  demo: (log) => command(log, ["bash", "scripts/demo.sh"]),
};

process.chdir(new URL("..", import.meta.url).pathname);
process.exitCode = await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !Object.hasOwn(CHECKS, name));
  if (unknown.length > 0) {
    console.error(
      `unknown check ${unknown.join(", ")}: there are ${Object.keys(CHECKS).join(", ")}`,
    );
    return 2;
  }
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS);
  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, check] of Object.entries(CHECKS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const start = performance.now();
    const log = `${RESULTS}/${name}.log`;
    const count = await check(log).catch((error: unknown) => failed(String(error)));
    report(name, count, (performance.now() - start) / 1000, log);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}

function report(name: string, count: Count, seconds: number, log: string): void {
  const verdict = count.failed > 0 ? "FAIL" : count.passed > 0 ? "ok" : "skip";
  const note = count.note === undefined ? "" : `: ${count.note}`;
  console.log(`${verdict.padEnd(5)}${name} (${seconds.toFixed(1)} s)${note}`);
  if (count.failed === 0) return;
  const lines = logOf(log).trimEnd().split("\n");
  if (lines.length > SHOWN) console.log(`      … ${lines.length - SHOWN} lines before, see ${log}`);
  for (const line of lines.slice(-SHOWN)) console.log(`      ${line}`);
}

/** Runs a command with its output in `log`; resolves with its exit code. */
async function run(log: string, argv: readonly string[]): Promise<number> {
  // Settings of whoever runs the tests must not reach into them.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^PROOF_(?!BINARY$)/.test(name)),
  );
  const output = Bun.file(log).writer();
  const child = Bun.spawn([...argv], {
    env: { ...env, NO_COLOR: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: Math.max(1, Math.round(deadline - performance.now())),
  });
  const copy = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of stream) await output.write(chunk);
  };
  // A process that the command has left behind must not keep us waiting for the end of its output.
  const copied = Promise.all([copy(child.stdout), copy(child.stderr)]);
  const exitCode = await child.exited;
  await Promise.race([copied, Bun.sleep(2_000)]);
  if (child.signalCode !== null) await output.write(`\nended by ${child.signalCode}\n`);
  await output.end();
  return exitCode;
}

async function command(log: string, argv: readonly string[]): Promise<Count> {
  return (await run(log, argv)) === 0 ? PASSED : failed();
}

/** Builds for another platform; that takes a Bun binary which npm may not be able to deliver here. */
async function crossBuild(log: string, target: string): Promise<Count> {
  const argv = [process.execPath, "scripts/build.ts", "--outdir", `${RESULTS}/dist`, target];
  const exitCode = await run(log, argv);
  rmSync(`${RESULTS}/dist`, { recursive: true, force: true });
  if (exitCode === 0) return PASSED;
  const line = logOf(log)
    .split("\n")
    .find((text) => /^error: .*(download|extract|registry|connection)/i.test(text));
  return line === undefined ? failed() : skipped(`no Bun for ${target}: ${line.trim()}`);
}

/** Known weaknesses of the packages, where the registry tells them. */
async function audit(log: string): Promise<Count> {
  if ((await run(log, ["npm", "audit", "--json"])) === 0) return PASSED;
  const text = logOf(log);
  return /"auditReportVersion"|"vulnerabilities"/.test(text)
    ? failed()
    : skipped(
        `the registry does not answer audits: ${/"message": "([^"]*)"/.exec(text)?.[1] ?? "no answer"}`,
      );
}

/** A cluster under faults, at a small scale; always the same ones. */
async function chaos(log: string): Promise<Count> {
  await installPrograms(log);
  const args = ["scripts/chaos.ts", "--seed", "1", "--minutes", "2.5", "--workers", "3"];
  const exitCode = await run(log, [process.execPath, ...args]);
  if (exitCode !== UNABLE) return exitCode === 0 ? PASSED : failed();
  const reason = /^skipped: .*$/m.exec(logOf(log))?.[0] ?? "skipped";
  return isCi ? failed(reason) : skipped(reason);
}

/** `bun test`, counted from its JUnit file. */
async function tests(log: string): Promise<Count> {
  const missing = await installPrograms(log);
  const exitCode = await run(log, [
    process.execPath,
    "test",
    "--only-failures",
    `--timeout=${TEST_TIMEOUT}`,
    "--reporter=junit",
    `--reporter-outfile=${JUNIT}`,
  ]);
  const count = countJunit(logOf(JUNIT));
  if (count === undefined) return failed("bun test wrote no results");
  // An error between tests is in no test's result.
  if (exitCode !== 0 && count.failed === 0) {
    count.failed = 1;
    count.note = `bun test ended with exit code ${exitCode}`;
  }
  const reasons = skipReasons(logOf(JUNIT));
  if (reasons.length > 0) {
    count.note = [count.note, ...missing, ...reasons].filter(Boolean).join("; ");
    if (isCi && reasons.some((reason) => !reason.includes("../shared"))) count.failed++;
  }
  return count;
}

/**
 * Network namespaces take iproute2 and the page of results a browser; root can have them installed. Returns
 * what went wrong, one line for each.
 */
async function installPrograms(log: string): Promise<string[]> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return [];
  const missing = PROGRAMS.filter(({ program }) => Bun.which(program) === null);
  if (missing.length === 0) return [];
  if (Bun.which("apt-get") === null) return missing.map(({ name }) => `${name} is missing`);
  const apt = (name: string, command: string): Promise<number> =>
    run(`${log}.apt-${name}`, [
      "timeout",
      String(APT_LIMIT),
      "apt-get",
      "-qq",
      ...command.split(" "),
    ]);
  process.env["DEBIAN_FRONTEND"] = "noninteractive";
  await apt("update", "update");
  const problems: string[] = [];
  for (const { name } of missing) {
    if ((await apt(name, `install -y --no-install-recommends ${name}`)) === 0) continue;
    problems.push(`${name} could not be installed, see ${log}.apt-${name}`);
  }
  return problems;
}

/** The numbers of a JUnit file's root element; undefined if it has none, or if no test ran. */
function countJunit(xml: string): Count | undefined {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root ?? "")?.[1] ?? 0);
  const all = number("tests");
  if (all === 0) return undefined;
  const bad = number("failures") + number("errors");
  const unrun = number("skipped");
  return { passed: all - bad - unrun, failed: bad, skipped: unrun };
}

/** Why tests were skipped that this machine cannot run: their names, or those of their groups, end with it. */
function skipReasons(xml: string): string[] {
  const found = xml.matchAll(/<test(?:case|suite) name="[^"]*\((skipped: [^"]*)\)"/g);
  return [...new Set([...found].map(([, reason = ""]) => reason))];
}

function logOf(path: string): string {
  try {
    return Bun.stripANSI(readFileSync(path, "utf8"));
  } catch {
    return "";
  }
}
