/** Results of commands: folded only where they are equal, whole or refused by name, ended as they ended. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { binary } from "../helpers/binary.ts";
import { Program } from "../helpers/program.ts";
import { runProof, startProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "3"] }));
});

function open(...lines: string[]) {
  const exec = lines.flatMap((line) => [`--exec=${line}`]);
  return runProof(["open", daemon.address, "--quiet", ...exec], { home });
}

/** The ordinals that results stand behind. */
function heads(stdout: string): string[] {
  return stdout.split("\n").flatMap((line) => /^(0[\d.,-]*): /.exec(line)?.[1] ?? []);
}

/** The objects that `--json` prints, but for the session. */
function objects(...lines: string[]) {
  return objectsOf([], ...lines);
}

async function objectsOf(args: string[], ...lines: string[]) {
  const exec = lines.map((line) => `--exec=${line}`);
  const { stdout, exitCode } = await runProof(
    ["open", daemon.address, "--json", ...args, ...exec],
    {
      home,
    },
  );
  const all = stdout.trimEnd().split("\n");
  return { exitCode, objects: all.slice(1).map((line) => JSON.parse(line) as Json) };
}

type Json = Record<string, { results: Record<string, unknown>[] }>;

const own = `process.env.PROOF_ORDINAL === "0.1"`;

describe("results that look the same are not shown as one where they differ", () => {
  test("at index 120, at depth 8, in the sign of 0, in a Map", async () => {
    const { stdout } = await open(
      `Array.from({ length: 200 }, (_, i) => (i === 120 && ${own} ? -1 : i))`,
      `({ a: { b: { c: { d: { e: { f: { g: { h: ${own} } } } } } } } })`,
      `new Map([[1, Array.from({ length: 200 }, (_, i) => (i === 120 && ${own} ? -1 : i))]])`,
      `const cycle: any = { list: Array.from({ length: 200 }, (_, i) => (i === 120 && ${own} ? -1 : i)) }; cycle.self = cycle; cycle`,
      `throw Array.from({ length: 200 }, (_, i) => (i === 120 && ${own} ? -1 : i))`,
      `throw new Error("x".repeat(2_000_000) + (${own} ? "a" : "b"))`,
      `throw new Error("x", { cause: { a: { b: { c: { d: { e: ${own} } } } } } })`,
      `throw new AggregateError([new Error("x", { cause: { a: { b: { c: { d: { e: ${own} } } } } } }), 2])`,
    );
    expect(heads(stdout)).toEqual(
      Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? "0.0,0.2" : "0.1")),
    );
  });

  test("where nobody can tell", async () => {
    const { stdout } = await open(
      "() => 1",
      "class Pair { a = 1 }; new Pair()",
      "new Proxy([], {})",
    );
    expect(heads(stdout)).toEqual([
      "0.0",
      "0.1",
      "0.2",
      "0.0",
      "0.1",
      "0.2",
      // What its traps say travels like a list.
      "0.0-0.2",
    ]);
  });

  test("and those that are the same are", async () => {
    const { stdout } = await open(
      "Array.from({ length: 200 }, (_, i) => i / 3)",
      "new Map([[1, new Set([2n, -0])]])",
      "new Float64Array(300_000)",
      "throw [1, 2]",
      "throw new Error('x', { cause: new Error('y', { cause: [1] }) })",
    );
    expect(heads(stdout)).toEqual(Array(5).fill("0.0-0.2"));
  });
});

describe("a large result", () => {
  test("arrives whole, of whatever it is made", async () => {
    const { exitCode, objects: all } = await objectsOf(
      ["--workers", "1"],
      '"ä".repeat(9_000_000)',
      'Array(1_000_000).fill("abcdefgh123456789")',
      "Array.from({ length: 5000 }, (_, i) => new Uint8Array([i]))",
      "Array(70_000).fill(Number.NaN)",
    );
    const values = all.map(({ exec }) => exec?.results.map(({ value }) => value));
    expect(values[0]?.map((value) => (value as string).length)).toEqual([9_000_000]);
    expect(values[1]?.map((value) => (value as string[]).length)).toEqual([1_000_000]);
    expect(values[2]?.map((value) => (value as number[][])[4999])).toEqual([[4999 % 256]]);
    expect(values[3]?.map((value) => (value as unknown[]).length)).toEqual([70_000]);
    expect(exitCode).toBe(0);
  });

  test("beyond the limit fails with the limit, and nothing else happens", async () => {
    const there = area.home();
    await using small = await startDaemon({
      home: there,
      args: ["--workers", "2"],
      env: { PROOF_LIMITS_MESSAGE: "1MiB" },
    });
    const lines = [
      "'x'.repeat(1_100_000)",
      "new Uint8Array(2_000_000)",
      "Array(100_000).fill('0123456789')",
      `${own} ? 'x'.repeat(1_100_000) : 1`,
      "console.log('y'.repeat(3_000_000))",
      "throw new Error('z'.repeat(3_000_000))",
      ".sh head -c 3000000 /dev/zero | tr '\\0' w",
      "1 + 1",
    ].map((line) => `--exec=${line}`);
    const { stdout, stderr, exitCode } = await runProof(
      ["open", small.address, "--json", ...lines],
      { home: there },
    );
    const all = stdout.trimEnd().split("\n").slice(1);
    const results = all.map((line) => Object.values(JSON.parse(line) as Json)[0]?.results ?? []);
    const limit = expect.objectContaining({
      ok: false,
      code: "TOO_LARGE",
      text: expect.stringContaining("1MiB (limits.message)"),
    });
    expect(results.slice(0, 3)).toEqual([1, 2, 3].map(() => [limit, limit]));
    expect(results[3]).toEqual([expect.objectContaining({ ok: true, value: 1 }), limit]);
    const lengths = (field: string, of: number): number[] =>
      results[of]?.map((result) => (result[field] as string).length) ?? [];
    expect(lengths("output", 4)).toEqual([3_000_001, 3_000_001]);
    expect(results[5]).toEqual(
      Array(2).fill(expect.objectContaining({ code: "USER_CODE", textCut: expect.any(Number) })),
    );
    expect(lengths("output", 6)).toEqual([3_000_000, 3_000_000]);
    expect(results[7]).toEqual(Array(2).fill(expect.objectContaining({ value: 2 })));
    expect(stderr).not.toContain("lost");
    expect(exitCode).toBe(5);
  });

  test("that cannot travel says why", async () => {
    const { objects: all } = await objects("[() => 1]");
    expect(all[0]?.["exec"]?.results[0]).toMatchObject({ ok: true, unportable: "a function" });
    expect(all[0]?.["exec"]?.results[0]).not.toHaveProperty("value");
  });

  test("as text says how much was left out, and the exit code is 5", async () => {
    const { stdout, exitCode } = await open("'x'.repeat(1_100_000)");
    expect(stdout).toEndWith("… (1100002 characters in all)\n");
    expect(exitCode).toBe(5);
  });
});

describe("what shell commands write", () => {
  test("is shown once where it is equal, to the last byte", async () => {
    const { stdout, exitCode } = await open(
      ".sh echo one; sleep 0.3; echo two >&2",
      '.sh test "$PROOF_ORDINAL" = 0.1 && echo a >&2 || echo a',
      ".sh printf 'a\\nb'; test $PROOF_ORDINAL = 0.2 && echo; true",
      ".sh true",
      ".sh echo no; exit 3",
    );
    expect(stdout).toBe(
      [
        "0.0-0.2: one\n0.0-0.2: two",
        "0.0,0.2: a\n0.1: a",
        "0.0-0.1: a\n0.0-0.1: b\n0.2: a\n0.2: b",
        "0.0-0.2: no\n0.0-0.2: the command failed: exit code 3\n",
      ].join("\n"),
    );
    expect(exitCode).toBe(5);
  });

  test("is shown as it comes where it takes longer, and where it is much", async () => {
    await using client = await startProof(["open", daemon.address, "-q", "-w", "2"], { home });
    const file = `${area.path}/go`;
    client.write(`.sh echo first; while ! test -e ${file}; do sleep 0.1; done; echo last\n`);
    await client.shows("first\n");
    expect(client.stdout).not.toContain("last");
    await Bun.write(file, "");
    for (const ordinal of ["0.0", "0.1"]) await client.shows(`${ordinal}: last\n`);
    client.write(".sh seq 200000\n.quit\n");
    const { stdout } = await client.finished();
    for (const ordinal of ["0.0", "0.1"])
      expect(stdout.split(`${ordinal}: `).length).toBeGreaterThan(200_000);
  });

  test("in one line without an end is shown in parts that are marked", async () => {
    const { stdout } = await runProof(
      ["open", daemon.address, "-q", "-w", "1", "-e", ".sh head -c 3000000 /dev/zero | tr '\\0' w"],
      { home },
    );
    const parts = stdout.trimEnd().split("\n");
    const texts = parts.map((part, i) => {
      const [, start, text, end] = /^0\.0: (… )?(w*)( …)?$/.exec(part) ?? [];
      expect([start === undefined, end === undefined]).toEqual([i === 0, i === parts.length - 1]);
      return text?.length ?? 0;
    });
    expect(texts.reduce((sum, length) => sum + length, 0)).toBe(3_000_000);
  });
});

describe("a shell command's end", () => {
  test("is an exit code or a signal, as it was", async () => {
    const ends = [
      "exit 255",
      "exit 200",
      "exit 72",
      "kill -KILL $$",
      "kill -TERM $$",
      "sh -c 'kill -KILL $$'; exit $?",
    ];
    const { stdout, exitCode } = await open(...ends.map((end) => `.sh ${end}`));
    const failures = stdout.split("\n").filter((line) => line.includes("failed"));
    expect(failures).toEqual([
      "0.0-0.2: the command failed: exit code 255",
      "0.0-0.2: the command failed: exit code 200",
      "0.0-0.2: the command failed: exit code 72",
      "0.0-0.2: the command failed: ended by signal SIGKILL",
      "0.0-0.2: the command failed: ended by signal SIGTERM",
      "0.0-0.2: the command failed: exit code 137, as a shell tells that SIGKILL ended its command",
    ]);
    expect(exitCode).toBe(5);
  });

  test("is in the JSON", async () => {
    const { objects: all } = await objects(".sh exit 200", ".sh kill -KILL $$", ".sh true");
    const ends = all.map(({ sh }) => sh?.results[0] ?? {});
    expect(ends[0]).toMatchObject({ ok: false, exitCode: 200 });
    expect(ends[1]).toMatchObject({ ok: false, signal: "SIGKILL" });
    expect(ends[1]).not.toHaveProperty("exitCode");
    expect(ends[2]).toMatchObject({ ok: true, exitCode: 0 });
  });
});

describe("what code prints in a loop", () => {
  const loop = (count: number, size: number): string =>
    `for (let i = 0; i < ${count}; i++) console.log(String(i).padEnd(${size}, "."))`;

  /** What one worker's code prints to a reader that begins late; the exit code stands behind it on stderr. */
  async function readLate(code: string) {
    const open = `"$0" open ${daemon.address} -q -w 1 -e '${code}'`;
    const command = `{ ${open}; echo exit $? >&2; } | { sleep 2; cat; }`;
    await using program = new Program(["sh", "-c", command, await binary()], { home });
    return await program.finished();
  }

  test("is shown to the last line, however slowly it is read", async () => {
    const { stdout, stderr } = await readLate(`${loop(12_000, 10_000)}; 7`);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.pop()).toBe("0.0: 7");
    expect(lines.length).toBe(12_000);
    const [first, last] = [lines[0], lines.at(-1)];
    expect([first?.slice(0, 7), last?.slice(0, 12)]).toEqual(["0.0: 0.", "0.0: 11999.."]);
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([10_005]));
    expect(stderr).toBe("exit 0\n");
  });

  test("and cannot be kept is counted, marked, and the exit code is 5", async () => {
    // What waits for its reader waits in a file of the work directory.
    const remove = "(await import(`node:fs`)).rmSync(process.cwd(), { recursive: true })";
    const { stdout, stderr } = await readLate(`${remove}; ${loop(12_000, 10_000)}; 7`);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.pop()).toBe("0.0: 7");
    const cut =
      /^0\.0: \(output cut: (\d+) lines, [\d.]+ ?[KMG]iB, were not kept: its file cannot be written: ENOENT\)$/;
    const count = Number(cut.exec(lines.pop() ?? "")?.[1]);
    expect(count).toBeGreaterThan(0);
    const whole = lines.filter((line) => line.length === 10_005);
    expect(whole.length).toBe(12_000 - count);
    expect(stderr).toBe("exit 5\n");
  });

  test("is cut in the JSON beyond 16 Mi characters, with a mark, and the exit code is 5", async () => {
    const { objects: all, exitCode } = await objects(loop(2000, 10_000));
    const results = all[0]?.["exec"]?.results ?? [];
    expect(results.map(({ output, outputCut }) => [(output as string).length, outputCut])).toEqual(
      [1, 2, 3].map(() => [2 ** 24, { lines: 323, bytes: 2000 * 10_001 - 2 ** 24 }]),
    );
    expect(exitCode).toBe(5);
  });
});
