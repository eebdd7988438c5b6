/** Every worker of a session answers each command, also one that is gone. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { startProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();

type Answer = { ordinal: string; ok: boolean; text: string; code?: string };

/** A session with two workers on a daemon of its own, whose commands come from standard input. */
async function session(recovery: string) {
  const home = area.home();
  const daemon = await startDaemon({ home, config: `[recovery]\n${recovery}\n` });
  const client = await startProof(["open", daemon.address, "-w", "2", "--json"], { home });
  await client.shows('{"session":');
  const kill = (ordinal: string): void => {
    process.kill(proofservsOf(home.path).get(ordinal) ?? 0, "SIGKILL");
  };
  return {
    client,
    kill,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

/** What a command leads to: the results in the object that it prints. */
async function answers(client: Program, line: string): Promise<Answer[]> {
  const before = client.stdout.length;
  const name = line.slice(1).split(" ")[0] ?? "";
  client.write(`${line}\n`);
  await client.shows(new RegExp(`^[\\s\\S]{${before}}[\\s\\S]*\\n`));
  const object = JSON.parse(client.stdout.slice(before)) as Record<string, unknown>;
  const value = object[name] as Answer[] | { results: Answer[] };
  return Array.isArray(value) ? value : value.results;
}

describe("a worker that is gone", () => {
  const gone = (ordinal: string) =>
    expect.objectContaining({
      ordinal,
      ok: false,
      code: "WORKER_DIED",
      text: expect.stringMatching(new RegExp(`^worker ${ordinal} is not there: .*signal SIGKILL`)),
    });

  test("and will not be there soon has a failure as its result, of every command", async () => {
    await using run = await session('wait = "1h"');
    const { client, kill } = run;
    kill("0.1");
    await client.says("worker 0.1 on");
    const there = expect.objectContaining({ ordinal: "0.0", ok: true });
    for (const line of [".exec 1 + 1", ".sh true"])
      expect(await answers(client, line)).toEqual([there, gone("0.1")]);
    expect(await answers(client, ".ping")).toEqual([
      there,
      expect.objectContaining({ ordinal: "0.1", ok: false }),
    ]);
    const logs = await answers(client, ".log");
    expect(logs.map(({ ordinal }) => ordinal)).toEqual(["0", "0.0", "0.1"]);
    kill("0.0");
    await client.says("worker 0.0 on");
    expect(await answers(client, ".exec 1 + 1")).toEqual([gone("0.0"), gone("0.1")]);
    client.end();
    expect((await client.finished()).exitCode).toBe(5);
  });

  test("is there for the next command, or that has its death as the result, however soon it comes", async () => {
    await using run = await session(
      'wait = "20ms"\ndeaths = 100\ndeaths_per_node = 100\nlongest = "20ms"',
    );
    const { client, kill } = run;
    for (let round = 0; round < 8; round++) {
      kill("0.1");
      const results = await answers(client, `.exec ${round}; 7`);
      expect(results.map(({ ordinal }) => ordinal)).toEqual(["0.0", "0.1"]);
      for (const { ok, text, code } of results)
        expect(ok ? text : code).toBe(ok ? "7" : "WORKER_DIED");
      // Its successor is there again before the next round.
      while ((await answers(client, ".exec 1")).some(({ ok }) => !ok)) await Bun.sleep(20);
    }
    client.end();
    await client.finished();
  });

  test("and is waited for is named, and Ctrl-C forgets the command", async () => {
    await using run = await session('wait = "900ms"');
    const { client, kill } = run;
    const file = `${area.path}/ran`;
    kill("0.1");
    await client.says("worker 0.1 on");
    client.write(`.exec await Bun.write("${file}", "x")\n`);
    client.write(".exec 1\n");
    await client.says("0.1: is about to be there again; the command waits for it");
    client.signal("SIGINT");
    client.end();
    const { stdout } = await client.finished();
    expect(stdout).toContain('"code":"INTERRUPTED"');
    expect(await Bun.file(file).exists()).toBe(false);
  });
});
