import { describe, expect, test } from "bun:test";
import { Output, type OutputMode, type Sink } from "../../src/cli/output.ts";
import { fit, formatTable } from "../../src/cli/table.ts";
import { ProofError } from "../../src/lib/errors.ts";

/** A stream that remembers, and fails on request. */
class FakeSink implements Sink {
  text = "";
  writes = 0;
  error: Error | undefined;
  isTTY: boolean;
  columns = 20;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string, done: (error?: Error | null) => void): boolean {
    this.writes++;
    if (this.error === undefined) this.text += text;
    queueMicrotask(() => done(this.error));
    return true;
  }

  on(): void {}
}

function setUp(options: { tty?: boolean; env?: Record<string, string> } & OutputMode = {}) {
  const { tty = false, env = {}, ...mode } = options;
  const stdout = new FakeSink(tty);
  const stderr = new FakeSink(tty);
  const output = new Output({ stdout, stderr, env }, mode);
  return { output, stdout, stderr, texts: () => ({ out: stdout.text, err: stderr.text }) };
}

const failure = new ProofError("CONNECT", "cannot connect to node\x1b[2J:1093", {
  hint: "start proof daemon there",
  details: { log: "first\nsecond\x07\n", host: "node", list: ["one", "two"] },
});

test("results go to stdout, everything about them to stderr", () => {
  const { output, texts } = setUp();
  output.result("42");
  output.write("part, ");
  output.json({ a: "\x9b" });
  output.info("working\x1b[31m");
  output.warn("slow");
  expect(texts()).toEqual({
    out: '42\npart, {"a":"\\u009b"}\n',
    err: "working\\x1b[31m\nwarning: slow\n",
  });
});

test("JSON takes what workers return: bigints as digits, typed arrays as lists", () => {
  const { output, texts } = setUp();
  output.json({ big: 2n ** 64n, array: Float32Array.of(1, 0.5), bigs: BigInt64Array.of(-1n) });
  expect(texts().out).toBe('{"big":"18446744073709551616","array":[1,0.5],"bigs":["-1"]}\n');
});

test("a log of one line is shown too", () => {
  const { output, texts } = setUp();
  output.error(new ProofError("PROOFSERV_DIED", "ended", { details: { log: ["cannot"] } }));
  expect(texts().err).toBe("proof: ended\n  | cannot\n");
});

test("quiet leaves results and errors", () => {
  const { output, texts } = setUp({ quiet: true, tty: true, env: { NO_COLOR: "1" } });
  output.info("a");
  output.warn("b");
  output.progress("c");
  output.result("d");
  output.error(new ProofError("REFUSED", "no"));
  expect(texts()).toEqual({ out: "d\n", err: "proof: no\n" });
});

test("an error has message, log lines and hint, all harmless", () => {
  const { output, texts } = setUp();
  output.error(failure);
  expect(texts()).toEqual({
    out: "",
    err: `proof: cannot connect to node\\x1b[2J:1093
  | first
  | second\\x07
  | one
  | two
hint: start proof daemon there
`,
  });
});

test("with --json an error is an object on stdout as well", () => {
  const { output, stdout, stderr } = setUp({ json: true });
  output.error(failure);
  expect(JSON.parse(stdout.text)).toEqual({ error: failure.toJSON() });
  expect(stderr.text).toStartWith("proof: cannot connect");
});

test("configure sets the mode later", () => {
  const { output, texts } = setUp({ json: true });
  output.configure({ quiet: true });
  output.info("x");
  expect([output.wantsJson, output.isQuiet, texts()]).toEqual([false, true, { out: "", err: "" }]);
});

test.each<[string, boolean, Record<string, string>, string]>([
  ["on a terminal", true, {}, "\x1b[31mx\x1b[39m"],
  ["with an empty NO_COLOR", true, { NO_COLOR: "" }, "\x1b[31mx\x1b[39m"],
  ["in a pipe", false, {}, "x"],
  ["in a pipe with FORCE_COLOR", false, { FORCE_COLOR: "1" }, "x"],
  ["with NO_COLOR", true, { NO_COLOR: "1" }, "x"],
  ["on a dumb terminal", true, { TERM: "dumb" }, "x"],
])("red %s", (_what, tty, env, expected) => {
  expect(setUp({ tty, env }).output.style.red("x")).toBe(expected);
});

describe("progress", () => {
  test("redraws one line, cut to the terminal, and gives way to other output", () => {
    const { output, stdout, stderr } = setUp({ tty: true });
    output.progress("Setting up: 1\n");
    output.progress("Setting up workers: 12 of 40");
    output.result("done");
    output.endProgress();
    expect({ out: stdout.text, err: stderr.text }).toEqual({
      out: "done\n",
      err: "\rSetting up: 1\\n\x1b[K\rSetting up workers…\x1b[K\r\x1b[K",
    });
  });

  test.each<[string, boolean, Record<string, string>]>([
    ["off a terminal", false, {}],
    ["on a dumb terminal", true, { TERM: "dumb" }],
  ])("is silent %s", (_what, tty, env) => {
    const { output, texts } = setUp({ tty, env });
    output.progress("x");
    output.endProgress();
    expect(texts()).toEqual({ out: "", err: "" });
  });
});

describe("a stdout that cannot be written", () => {
  test("closed: no more writes, no error, and the signal says so", async () => {
    const { output, stdout } = setUp();
    stdout.error = Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    output.result("a");
    await output.drain();
    output.result("b");
    await output.drain();
    expect([stdout.writes, output.stdoutClosed.aborted]).toEqual([1, true]);
  });

  test("full: drain fails with the cause", async () => {
    const { output, stdout } = setUp();
    stdout.error = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    output.result("a");
    expect(await output.drain().catch((error: unknown) => error)).toMatchObject({
      code: "SYSTEM",
      message: "cannot write to stdout: no space left on device",
    });
  });
});

test("streams are not touched before something is printed", () => {
  const { output } = { output: new Output(untouchable()) };
  output.configure({ json: true });
  expect(output.wantsJson).toBe(true);
});

/** Surroundings whose streams must not be looked at. */
function untouchable(): ConstructorParameters<typeof Output>[0] {
  const fail = (): never => {
    throw new Error("touched");
  };
  return {
    env: {},
    get stdout(): Sink {
      return fail();
    },
    get stderr(): Sink {
      return fail();
    },
  };
}

test("a table aligns by display width, numbers to the right, and has no trailing blanks", () => {
  const rows = [
    ["0.0", "節点", 12],
    ["0.10", "b\x1b", 5],
  ] as const;
  expect(formatTable(rows, ["ordinal", "host", "ms"])).toEqual([
    "ordinal  host   ms",
    "0.0      節点   12",
    "0.10     b\\x1b   5",
  ]);
  expect(formatTable([["a", ""]])).toEqual(["a"]);
});

test("table prints to stdout, nothing for no rows and no headers", () => {
  const { output, texts } = setUp();
  output.table([["a", 1]], ["x", "n"]);
  output.table([]);
  expect(texts()).toEqual({ out: "x  n\na  1\n", err: "" });
});

test("fit cuts at whole characters", () => {
  expect([fit("abc", 3), fit("abcd", 3), fit("節点名", 4)]).toEqual(["abc", "ab…", "節…"]);
});
