/** Selectors and scripts in which something never ends: Ctrl-C ends it and says what it was. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { startProof } from "../helpers/proof.ts";
import { KEYS, TerminalSession } from "../helpers/terminal.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture, untilWritten, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

let files = 0;

/** A selector with this in it; `HANG` says that it has come there, and never ends, `WAIT` waits for ever. */
function selector(
  top: string,
  members = "process() {}",
  data = "",
): { path: string; mark: string } {
  const mark = `there-${++files}`;
  const put = (text: string): string =>
    text
      .replace(
        "HANG",
        `writeFileSync(${JSON.stringify(join(home.path, mark))}, ""); while (true) {}`,
      )
      .replace(
        "WAIT",
        `writeFileSync(${JSON.stringify(join(home.path, mark))}, ""); await new Promise(() => {});`,
      );
  const path = home.write(
    `endless-${files}.ts`,
    `import { writeFileSync } from "node:fs";
import { defineSelector } from "proof";
${data}
${put(top)}
export default defineSelector({ ${put(members)} });
`,
  );
  return { path, mark };
}

describe.each([
  ["on the client", "its top level", "HANG", undefined],
  ["on the client", "its top level", "WAIT", undefined],
  ["on the client", "its top level", "await null; HANG", undefined],
  ["on the client", "begin", "", "begin() { HANG }, process() {}"],
  ["on the client", "begin", "", "async begin() { WAIT }, process() {}"],
  ["on the client", "terminate", "", "terminate() { HANG }, process() {}"],
  ["on the client", "terminate", "", "async terminate() { WAIT }, process() {}"],
  ["on a worker", "the top level", "if (process.env.PROOF_ORDINAL === '0.0') { HANG }", undefined],
  ["on a worker", "the top level", "if (process.env.PROOF_ORDINAL === '0.0') { WAIT }", undefined],
  ["on a worker", "workerBegin", "", "workerBegin() { HANG }, process() {}"],
  ["on a worker", "workerBegin", "", "async workerBegin() { WAIT }, process() {}"],
  ["on a worker", "workerTerminate", "", "workerTerminate() { HANG }, process() {}"],
  ["on the master", "merging the outputs", "", "MERGE"],
])("%s: %s (%#)", (where, stage, top, members) => {
  test("is interrupted", async () => {
    const isMerge = members === "MERGE";
    const { path, mark } = isMerge
      ? selector(
          "class Mine { n = 0; merge() { HANG } }",
          "workerBegin(out: any) { out.mine = new Mine(); }, process(_e, out: any) { out.mine.n++; }",
        )
      : selector(top, members);
    const workers = isMerge ? "2" : "1";
    await using client = await cluster.start(["-q", "-w", workers, "-p", path, "100"]);
    await untilWritten(client, home, mark);
    client.signal("SIGINT");
    const { stdout, stderr, exitCode } = await client.finished();
    expect({ stdout, stderr, exitCode }).toEqual({ stdout, stderr, exitCode: 130 });
    expect(stderr).toContain(
      where === "on the client"
        ? `proof: ${path}: interrupted; ${stage} had not ended after `
        : isMerge
          ? `proof: interrupted; ${stage} of ${path} had not ended`
          : `proof: interrupted; ${stage} of ${path} does not end on worker 0.0`,
    );
  });
});

test("SIGTERM at a top level that never ends leaves nothing in the temporary directory", async () => {
  const temporary = join(home.path, "temporary");
  mkdirSync(temporary);
  const { path, mark } = selector("HANG");
  const args = ["open", cluster.daemon.address, "-q", "-w", "1", "-p", path, "100"];
  await using client = await startProof(args, { home, env: { TMPDIR: temporary } });
  await untilWritten(client, home, mark);
  expect(readdirSync(temporary)).toEqual([]);
  client.signal("SIGTERM");
  expect((await client.finished()).exitCode).toBe(143);
  expect(readdirSync(temporary)).toEqual([]);
});

test("at the prompt: Ctrl-C gives it back, the workers live, and the next query runs", async () => {
  await using terminal = await TerminalSession.start(["open", cluster.daemon.address, "-w", "1"], {
    home,
  });
  await terminal.prompts();
  for (const line of [
    ".process PATH 10",
    ".process PATH 10 &",
    'await p.process("PATH", 10)',
    ".process LATE 10 &",
  ]) {
    const isLate = line.includes("LATE");
    const { path, mark } = isLate
      ? selector("", "terminate() { HANG }, process() {}")
      : selector("HANG");
    terminal.enter(line.replace(/PATH|LATE/, path));
    await waitFor(mark, () => home.list().includes(mark));
    terminal.type(KEYS.ctrlC);
    const what = isLate ? "terminate" : "its top level";
    expect(await terminal.prompts()).toContain(`interrupted; ${what} had not ended`);
  }
  terminal.enter(`.process ${fixture("loop.ts")} 1000`);
  expect(await terminal.prompts()).toContain("n  1000");
});

test("a script whose top level, or whose function, never ends", async () => {
  for (const [code, what] of [
    ["HANG; export default () => 1;", "its top level"],
    ["export default () => { HANG };", "its default export"],
  ] as const) {
    const mark = `script-${++files}`;
    const hang = `writeFileSync(${JSON.stringify(join(home.path, mark))}, ""); while (true) {}`;
    const path = home.write(
      `${mark}.ts`,
      `import { writeFileSync } from "node:fs";\n${code.replace("HANG", hang)}\n`,
    );
    await using client = await cluster.start(["-q", "-w", "1", "--run", path]);
    await untilWritten(client, home, mark);
    client.signal("SIGINT");
    const { stderr, exitCode } = await client.finished();
    const text = `proof: ${path}: interrupted; ${what} had not ended\n`;
    expect({ stderr, exitCode }).toEqual({ stderr: text, exitCode: 130 });
  }
});

test("what computes after it has waited for the system: the third Ctrl-C ends the client", async () => {
  const { path, mark } = selector("await Bun.sleep(1); HANG");
  await using client = await cluster.start(["-q", "-w", "1", "-p", path, "10"]);
  await untilWritten(client, home, mark);
  for (let times = 0; times < 3; times++) {
    client.signal("SIGINT");
    await Bun.sleep(100);
  }
  expect((await client.finished()).exitCode).toBe(130);
});

test("a line that is interrupted is the last one", async () => {
  const { path, mark } = selector("HANG");
  const lines = [`.process ${path} 10`, ".sh echo behind"].flatMap((line) => ["-e", line]);
  await using client = await cluster.start(["-q", "-w", "1", ...lines]);
  await untilWritten(client, home, mark);
  client.signal("SIGINT");
  const { stdout, exitCode } = await client.finished();
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 130 });
});

test("a FIFO, a directory or a device in place of a selector or script is refused at once", async () => {
  const fifo = join(home.path, "fifo.ts");
  Bun.spawnSync(["mkfifo", fifo]);
  const directory = join(home.path, "directory.ts");
  mkdirSync(directory);
  for (const [path, what] of [
    [fifo, "a named pipe (FIFO), not a regular file"],
    [directory, "a directory"],
    ["/dev/zero", "a device, not a regular file"],
  ] as const) {
    const query = await cluster.open(["-q", "-w", "1", "-p", path, "10"]);
    expect(query).toMatchObject({ stdout: "", exitCode: 5 });
    expect(query.stderr).toStartWith(`proof: ${path}: is ${what}\n`);
    const run = await cluster.open(["-q", "-w", "1", "--run", path]);
    expect(run).toMatchObject({ stdout: "", exitCode: 2 });
    expect(run.stderr).toStartWith(`proof: ${path}: is ${what}\n`);
  }
});
