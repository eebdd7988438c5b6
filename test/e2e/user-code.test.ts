/** What user code may do to the process that it runs in: nothing that others would notice. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "1"] }));
});

/** The lines that workers answer with to code, command by command. */
async function answers(...code: string[]): Promise<string[]> {
  const lines = code.flatMap((line) => ["-e", line]);
  const { stdout, stderr } = await runProof(["open", daemon.address, "-q", ...lines], { home });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

/** The same at the prompt, where code runs in the client. */
async function prompted(...lines: string[]): Promise<string[]> {
  const input = `${lines.join("\n")}\n`;
  const { stdout, stderr } = await runProof(["open", daemon.address, "-q"], { home, input });
  return `${stdout}${stderr}`.trimEnd().split("\n");
}

const NAMES =
  "JSON Array Object process Promise Buffer performance Map String Reflect Bun setTimeout window globalThis".split(
    " ",
  );
const WRITES: readonly ((name: string) => string)[] = [
  (name) => `const ${name} = 5; ${name}`,
  (name) => `${name} = 5; ${name}`,
  (name) => `globalThis.${name} = 5; ${name}`,
  (name) => `Object.defineProperty(globalThis, "${name}", { value: 5 }); ${name}`,
  (name) => `[${name}] = [5]; ${name}`,
  (name) => `(0, eval)("var ${name} = 5"); 5`,
];

describe("a variable with the name of what everything needs", () => {
  test.each(WRITES.map((write, i) => [i, write] as const))(
    "is the user's alone (%i)",
    async (_, write) => {
      // What the way itself needs goes with its name; and no script can declare Bun.
      const names = NAMES.filter((name) => !write("").includes(name) && name !== "Bun");
      const code = names.flatMap((name) => [write(name), `${name} + 1`, ".sh echo still here"]);
      expect(await answers(...code)).toEqual(
        names.flatMap(() => ["0.0: 5", "0.0: 6", "0.0: still here"]),
      );
    },
  );

  test("is the user's also where it is one that proof itself uses", async () => {
    expect(
      await answers(
        "const __proof_scope__ = 1, __proof_breakable__ = 2, JSON = 3",
        "await [__proof_scope__, __proof_breakable__, JSON]",
        "[4]",
      ),
    ).toEqual(["0.0: 3", "0.0: [ 1, 2, 3 ]", "0.0: [ 4 ]"]);
  });

  test("may be deleted and is gone, and only for the user", async () => {
    expect(
      await answers(
        "delete globalThis.JSON; typeof JSON",
        "typeof JSON",
        "JSON = 3; await 1; JSON",
        "function f() { return JSON } f()",
      ),
    ).toEqual(['0.0: "undefined"', '0.0: "undefined"', "0.0: 3", "0.0: 3"]);
  });

  test("is the user's at the prompt as well, p and the names of proof too", async () => {
    expect(
      await prompted(
        "const JSON = 1, performance = 2; JSON + performance",
        "const p = 3, H1 = 4; p + H1",
        "Map = 5; Map",
        "p + JSON + Map",
        ".exec 6",
      ),
    ).toEqual(["3", "7", "5", "9", "0.0: 6"]);
  });
});

describe("the language", () => {
  test.each([
    "Array.prototype.map = () => { throw 1 }",
    "String.prototype.split = null",
    "Promise.prototype.then = () => 1",
    "Map.prototype.get = () => 1",
    "Function.prototype.call = null",
    "Array.prototype[Symbol.iterator] = null",
    "JSON.stringify = () => '{}'",
    "TextDecoder.prototype.decode = () => 'x'",
    "Object.setPrototypeOf(Array.prototype, null)",
    "Object.defineProperty(Object.prototype, 'id', { set() { throw 1 }, configurable: true })",
    "performance.now = 1",
    "Uint8Array.prototype.set = 1",
    "Buffer.prototype.subarray = TypeError.prototype.toString = null",
    "Promise.call = Float32Array.prototype.fill = 1",
    "await Bun.sleep(1); Array.prototype.map = Map.prototype.get = Promise.prototype.then = 1",
  ])("is put back behind %s, which fails", async (code) => {
    const [changed, ...after] = await answers(code, "[1, 2].map((n) => n + 1)", ".sh echo hi");
    expect(changed).toMatch(/^0\.0: this code changed .*; it has been put back$/);
    expect(after).toEqual(["0.0: [ 2, 3 ]", "0.0: hi"]);
  });

  test("is put back at the prompt, and the session goes on", async () => {
    const lines = await prompted(
      "Array.prototype.map = Map.prototype.get = String.prototype.split = 1",
      "[1].map((n) => n + 1)[0]",
      ".exec 5",
    );
    expect(lines).toEqual([
      "2",
      "0.0: 5",
      expect.stringMatching(/^proof: this code changed Array.prototype.map, .* put back$/),
      expect.stringMatching(/^hint: /),
    ]);
  });

  test("is put back while code waits, before anything comes in", async () => {
    const [line] = await answers(
      "setTimeout(() => { Map.prototype.get = Array.prototype.push = Object.prototype.id = 1 }, 1); await Bun.sleep(200); 1",
    );
    expect(line).toContain("this code changed Object.prototype.id, Array.prototype.push");
  });

  test("may be added to", async () => {
    expect(
      await answers(
        "Array.prototype.sum = function () { return this.reduce((a, b) => a + b) }; [1, 2].sum()",
        "[3, 4].sum()",
        "Uint8Array.prototype.last = function () { return this.at(-1) }; Buffer.of(1, 2).last()",
        "Math.random = () => 0.25; Math.random()",
        "Math.random()",
      ),
    ).toEqual(["0.0: 3", "0.0: 7", "0.0: 2", "0.0: 0.25", "0.0: 0.25"]);
  });

  test("that cannot be put back ends the worker; its successor does without that command", async () => {
    const { stdout, stderr } = await runProof(
      [
        "open",
        daemon.address,
        "-e",
        "const kept = 7",
        "-e",
        "Object.defineProperty(Array.prototype, 'map', { value: 1, configurable: false })",
        "-e",
        "[kept].map((n) => n + 1)",
      ],
      { home },
    );
    expect(stdout).toContain("ended: signal SIGKILL");
    expect(stdout).toEndWith("0.0: [ 8 ]\n");
    expect(stderr).toContain("user code has changed Array.prototype.map for good");
  });
});

describe("an error", () => {
  /** All lines of what the last command has thrown. */
  async function thrown(...code: string[]): Promise<string> {
    return (await answers(...code)).slice(-100).join("\n").replaceAll(/^ {5}/gm, "");
  }

  test("has line and column as typed, and the user's frames", async () => {
    expect(
      await thrown(
        "interface Unused { foo(): void }\nfunction f(x: { foo: number }) {\n  return null!.foo + x.foo;\n}",
        "// a comment, f()\nconst y: number =\n  f({ foo: 1 });",
      ),
    ).toBe(
      [
        "0.0: undefined",
        "0.0: TypeError: null is not an object (evaluating 'null.foo')",
        "    at f (line 3, column 10 of an earlier command)",
        "    at line 3, column 3",
      ].join("\n"),
    );
  });

  test("has them behind an await, in causes and in parts", async () => {
    expect(
      await thrown(
        'await Bun.sleep(1);\nthrow new AggregateError(\n  [new Error("a"), new TypeError("b", { cause: "c" })], "all");',
      ),
    ).toBe(
      [
        "0.0: AggregateError: all",
        "    at line 2, column 11",
        "  1 of 2: Error: a",
        "      at line 3, column 8",
        "  2 of 2: TypeError: b",
        "      at line 3, column 24",
        '    caused by thrown: "c"',
      ].join("\n"),
    );
  });

  test.each([
    ["throw null", "thrown: null"],
    ["throw undefined", "thrown: undefined"],
    ['throw "text"', 'thrown: "text"'],
    ['Promise.reject(new Error("no"))', "Error: no"],
    ['({ get a() { throw new Error("getter") } })', "Error: getter"],
    [
      '({ [Symbol.for("nodejs.util.inspect.custom")]() { throw new Error("hook") } })',
      "Error: hook",
    ],
    ['new Proxy({}, { ownKeys() { throw new Error("trap") } })', "Error: trap"],
    ['({ then() { throw new Error("then") } })', "Error: then"],
    [
      "class Odd extends Error { get message() { throw 1 } } throw new Odd()",
      "Error: (its message",
    ],
    ["throw new Proxy({}, { getPrototypeOf() { throw 1 } })", "thrown: {}"],
  ])("is the user's: %s", async (code, text) => {
    const { stdout, exitCode } = await runProof(
      ["open", daemon.address, "-q", "--json", "-e", code, "-e", "1"],
      { home },
    );
    const [, failed, next] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(failed.exec.results).toEqual([
      expect.objectContaining({ code: "USER_CODE", text: expect.stringContaining(text) }),
    ]);
    expect(next.exec.results).toEqual([expect.objectContaining({ value: 1 })]);
    expect(exitCode).toBe(5);
    // The same at the prompt.
    const { stderr } = await runProof(["open", daemon.address, "-q"], { home, input: `${code}\n` });
    expect(stderr).toStartWith(`proof: ${text}`);
  });

  test("that nobody catches is shown at the prompt, and the session goes on", async () => {
    const lines = await prompted(
      'void Promise.reject(new Error("x"))',
      'setTimeout(() => { throw new Error("y") }, 1); await Bun.sleep(50); 1',
      ".exec 2",
    );
    expect(lines).toContain("proof: a rejected promise that nobody handled: Error: x");
    expect(lines).toContain("proof: an exception that nobody caught: Error: y");
    expect(lines.filter((line) => /^(1|0\.0: 2)$/.test(line))).toEqual(["1", "0.0: 2"]);
  });
});

test("a line shows the value of the expression that it ends in, a declaration none", async () => {
  expect(
    await prompted(
      "const q = { a: 1 }; q.a",
      "let z = 3; z + 1",
      "const w = 5",
      "class A {}",
      "function f() { return 6 }",
      "enum E { One }",
      "f()",
      "letter = 7",
      "if (true) { const inner = 8 }",
    ),
  ).toEqual(["1", "4", "6", "7"]);
});

test("objects of proof have the names of their classes", async () => {
  const lines = await prompted(
    "Bun.inspect(p).split(' ')[0]",
    "[Bun.inspect(new Counter())].join().split(' ')[0]",
  );
  expect(lines).toEqual(['"TProof"', '"Counter"']);
});

describe("a worker that takes the place of another", () => {
  const die = 'process.kill(process.pid, "SIGKILL")';
  const wait = "await Bun.sleep(300); 1";

  /** What is shown of the last command, and on stderr. */
  async function replaced(...code: string[]): Promise<{ last: string; stderr: string }> {
    const lines = code.flatMap((line) => ["-e", line]);
    const { stdout, stderr } = await runProof(["open", daemon.address, ...lines], { home });
    return { last: stdout.trimEnd().split("\n").at(-1) ?? "", stderr };
  }

  test("has the user's variables, of whatever name", async () => {
    const { last } = await replaced(
      "const JSON = 2, performance = 3, n = 4; function f() { return JSON + performance + n }",
      "globalThis.Map = 5; delete globalThis.Set",
      die,
      "[JSON, performance, n, f(), Map, typeof Set].join()",
    );
    expect(last).toBe('0.0: "2,3,4,9,5,undefined"');
  });

  test("does without code that ended the one before it, and says so", async () => {
    const flag = `${home.path}/deadly`;
    const { last, stderr } = await replaced(
      "const before = 1",
      `if (await Bun.file("${flag}").exists()) process.exit(9); globalThis.between = 2`,
      "const after = 3",
      `await Bun.write("${flag}", ""); ${die}`,
      wait,
      "[before, typeof between, after].join()",
    );
    expect(last).toBe('0.0: "1,undefined,3"');
    expect(stderr).toMatch(
      /was replaced \(pid \d+\)\n +not restored: if \(await .* …: it was the end of the worker\n/,
    );
  });

  test("says what has not worked again", async () => {
    const flag = `${home.path}/once`;
    const { last, stderr } = await replaced(
      `if (await Bun.file("${flag}").exists()) throw new Error("only once"); const once = 1`,
      `await Bun.write("${flag}", ""); ${die}`,
      wait,
      "typeof once",
    );
    expect(last).toBe('0.0: "undefined"');
    expect(stderr).toContain("…: Error: only once");
  });
});

describe("a selector that changes the language", () => {
  test.each([
    ["Array.prototype.map = null; Map.prototype.get = null; globalThis.JSON = 1;", ""],
    ["", "Array.prototype.map = null; Promise.prototype.then = null;"],
  ])("fails by itself, here and on workers: %s%s", async (top, inside) => {
    const text = (first: string, second: string): string =>
      `import { defineSelector, List } from "proof";\n${first}\nexport default defineSelector<any, any>({ workerBegin(out) { out.n = new List(9); }, process() { ${second} } });`;
    const [bad, good] = ["bad.ts", "good.ts"].map((name) => `${home.path}/${name}`);
    await Bun.write(`${bad}`, text(top, inside));
    await Bun.write(`${good}`, text("", ""));
    const { stdout, stderr } = await runProof(
      ["open", daemon.address, "-q", `-e=.process ${bad} 100`, "-e=1", `-e=.process ${good} 100`],
      { home },
    );
    expect(stderr).toMatch(/^proof: .* changed Array\.prototype\.map, .*; it has been put back\n/);
    expect(stdout).toStartWith("0.0: 1\n");
    expect(stdout).toContain("n");
    expect(stderr.split("proof:").length).toBe(2);
  });
});
