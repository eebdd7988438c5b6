import { expect, setSystemTime, test, afterEach, beforeEach } from "bun:test";
import { createLog, type LogFormat, type LogLevel } from "../../src/lib/log.ts";

const TIME = "2026-01-02T03:04:05.678Z";

beforeEach(() => {
  setSystemTime(new Date(TIME));
});
afterEach(() => {
  setSystemTime();
});

/** A log and the lines it has written. */
function capture(format: LogFormat, level: LogLevel = "info") {
  const lines: string[] = [];
  const log = createLog({ level, format, write: (line) => lines.push(line) });
  return { log, lines };
}

test("a text line has time, level, component, message and fields", () => {
  const { log, lines } = capture("text");
  log.info("listening");
  log.child("sessions").warn("session lost", {
    id: 3,
    cause: "broken pipe",
    user: "alice",
    empty: "",
    error: new Error("gone away"),
    counts: [1, 2],
    big: 12n,
    absent: undefined,
  });
  expect(lines).toEqual([
    `${TIME} info listening\n`,
    `${TIME} warn [sessions] session lost id=3 cause="broken pipe" user=alice empty="" error="gone away" counts=[1,2] big="12"\n`,
  ]);
});

test("a JSON line is one object and keeps types", () => {
  const { log, lines } = capture("json");
  const error = Object.assign(new TypeError("bad"), { code: "EBAD" });
  log.child("a").child("b").error("failed", { n: 1, error, time: "mine" });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      time: TIME,
      level: "error",
      component: "a:b",
      message: "failed",
      n: 1,
      error: { name: "TypeError", message: "bad", code: "EBAD" },
      "fields.time": "mine",
    },
  ]);
});

test("a message can neither drive a terminal nor fake a second entry", () => {
  const { log, lines } = capture("text");
  log.child("x\ny").info("a\x1b[2J\nb", { "k\n": "v\x1b" });
  expect(lines).toEqual([`${TIME} info [x\\ny] a\\x1b[2J\\nb k\\n=v\\x1b\n`]);
});

test("JSON keeps C1 controls as escapes", () => {
  const { log, lines } = capture("json");
  log.info("a\x9bb");
  expect(lines).toEqual([
    `{"time":"${TIME}","level":"info","component":"","message":"a\\u009bb"}\n`,
  ]);
});

test("values that JSON cannot hold are described, not lost", () => {
  const { log, lines } = capture("json");
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  log.info("odd", { cycle, run: () => 1 });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    message: "odd",
    cycle: expect.stringContaining("[Circular]"),
    run: expect.stringContaining("Function"),
  });
});

test("the level is shared by parent and children and can change at any time", () => {
  const { log, lines } = capture("text", "warn");
  const child = log.child("c");
  child.info("dropped");
  log.level = "trace";
  child.trace("kept");
  child.level = "error";
  log.warn("dropped");
  expect<LogLevel>(log.level).toBe("error");
  expect(lines).toEqual([`${TIME} trace [c] kept\n`]);
});

test("equal lines are all written", () => {
  const { log, lines } = capture("text");
  for (let i = 0; i < 20; i++) log.info("again");
  expect(lines).toEqual(Array.from({ length: 20 }, () => `${TIME} info again\n`));
});

test("a failing writer does not reach the caller", () => {
  const log = createLog({
    level: "info",
    format: "text",
    write() {
      throw new Error("ENOSPC");
    },
  });
  expect(() => log.info("x")).not.toThrow();
});

/** A program that logs twice to its real stderr, then prints `alive`. */
const PROGRAM = `
  import { createLog } from ${JSON.stringify(new URL("../../src/lib/log.ts", import.meta.url).pathname)};
  const log = createLog({ level: "info", format: "text" });
  log.info("one");
  await Bun.sleep(20);
  log.info("two");
  await Bun.sleep(20);
  console.log("alive");
`;

test.each<[string, Record<string, string>]>([
  ["a clean environment", {}],
  ["NODE_ENV=test", { NODE_ENV: "test" }],
  ["CI=1", { CI: "1" }],
])("stderr gets plain lines under %s", async (_what, env) => {
  const child = Bun.spawn([process.execPath, "-e", PROGRAM], {
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(stderr.replace(/^\S+ /gm, "TIME ")).toBe("TIME info one\nTIME info two\n");
  expect(stdout).toBe("alive\n");
});

test.if(process.platform === "linux")(
  "a full disk under stderr does not end the process",
  async () => {
    const child = Bun.spawn([process.execPath, "-e", PROGRAM], {
      env: {},
      stdout: "pipe",
      stderr: Bun.file("/dev/full"),
    });
    expect(await child.stdout.text()).toBe("alive\n");
    expect(await child.exited).toBe(0);
  },
);
