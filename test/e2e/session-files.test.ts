/** What sessions leave: logs on all nodes and results, asked for while they run and when they are over. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { deafSocket } from "../helpers/deaf-socket.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { isRunning, proofservsOf } from "../helpers/processes.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;
/** A session of alice's that is over. */
let over: string;

beforeAll(async () => {
  const config = '[security]\nsuperusers = ["chief"]\n[session]\nreconnto = "2s"\n';
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"], config }));
  const log = 'setTimeout(() => console.log("late from " + process.env.PROOF_ORDINAL), 0); 1';
  const run = ["open", `alice@${daemon.address}`, "--json", "-e", log, "-e", ".sh sleep 0.1"];
  over = tagOf((await runProof(run, { home })).stdout);
  // The last line of each is the daemon's, and may come after its client has gone.
  const ended = (ordinal: string): boolean =>
    readFileSync(logOf(ordinal), "utf8").includes(" daemon: ");
  await waitFor("the end of all logs", () => ["0", "0.0", "0.1"].every(ended));
});

function tagOf(stdout: string): string {
  return /"tag":"([^"]+)"/.exec(stdout)?.[1] ?? "";
}

/** `proof COMMAND user@daemon ARGS`. */
function ask(command: string, args: readonly string[], user = "alice") {
  return runProof([command, `${user}@${daemon.address}`, ...args], { home });
}

/** Path of a log of the session that is over. */
function logOf(ordinal: string): string {
  const name = home.logs().find((path) => path.includes(over) && path.includes(`-${ordinal}-`));
  return join(home.sandbox, name ?? "");
}

describe("logs of a session that is over", () => {
  test("are listed, and shown with the ordinal before each line", async () => {
    const list = await ask("logs", []);
    expect(list.stdout).toContain("session");
    expect(list.stdout).toMatch(new RegExp(`^${over} +alice +ended .* 3 +0$`, "m"));
    const { stdout, stderr, exitCode } = await ask("logs", [over]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    for (const ordinal of ["0", "0.0", "0.1"]) {
      const lines = readFileSync(logOf(ordinal), "utf8").trimEnd().split("\n");
      expect(lines.length).toBeGreaterThan(0);
      const shown = stdout.split("\n").filter((line) => line.startsWith(`${ordinal}: `));
      expect(shown).toEqual(lines.map((line) => `${ordinal}: ${line}`));
    }
    expect(stdout).toContain("0.1: late from 0.1\n");
    // By ordinal, all of one before the next.
    const order = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(":")[0]);
    expect([...new Set(order)]).toEqual(["0", "0.0", "0.1"]);
    expect(order.join(" ")).toMatch(/^(0 )+(0\.0 )+(0\.1 ?)+$/);
  });

  test("of one proofserv, the last lines, those that match, as JSON", async () => {
    const one = await ask("logs", [over, "0.1"]);
    expect(
      new Set(
        one.stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.slice(0, 5)),
      ),
    ).toEqual(new Set(["0.1: "]));
    const last = await ask("logs", [over, "--tail", "1", "--json"]);
    const lines = last.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toEqual({
      ordinal: "0.0",
      host: expect.any(String) as string,
      line: readFileSync(logOf("0.0"), "utf8").trimEnd().split("\n").at(-1),
    });
    const found = await ask("logs", [over, "-g", "^late from 0\\.[01]$"]);
    expect(found.stdout).toBe("0.0: late from 0.0\n0.1: late from 0.1\n");
    expect((await ask("logs", [over, "--tail", "0"])).stdout).toBe("");
  });

  test("however long: in parts, in order, every line once", async () => {
    const lines = Array.from({ length: 120_000 }, (_, i) => `${i} ${"äö".repeat(i % 40)}`);
    appendFileSync(logOf("0.0"), `start of many\n${lines.join("\n")}\nthe end`);
    const { stdout } = await ask("logs", [over]);
    const shown = stdout.split("\n").filter((line) => line.startsWith("0.0: "));
    const at = shown.indexOf("0.0: start of many");
    expect(shown.slice(at + 1).join("\n")).toBe(
      [...lines, "the end"].map((line) => `0.0: ${line}`).join("\n"),
    );
    expect(stdout.indexOf("0.0: the end")).toBeLessThan(stdout.indexOf("0.1: "));
    const tail = await ask("logs", [over, "0.0", "-n", "2"]);
    expect(tail.stdout).toBe(`0.0: ${lines.at(-1)}\n0.0: the end\n`);
  });

  test("what is no log of ours is not shown", async () => {
    const secret = home.write("secret", "the secret\n");
    const link = logOf("0.1").replace("worker-0.1-", "worker-0.9-");
    symlinkSync(secret, link);
    writeFileSync(join(link, "..", "notes.log"), "the notes\n");
    const { stdout } = await ask("logs", [over]);
    expect(stdout).not.toContain("the secret");
    expect(stdout).not.toContain("the notes");
    rmSync(link);
  });

  test.each([
    ["another user", "bob", [], 4, /there is no session/],
    ["another user who says so", "bob", ["--user", "alice"], 4, /not bob's/],
    ["a user with a path for a name", "chief", ["--user", "../x"], 4, /there is no user/],
  ] as const)("not to %s", async (_, user, args, exitCode, message) => {
    const refused = await ask("logs", [over, ...args], user);
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.stderr).toMatch(message);
    expect(refused.stdout).toBe("");
  });

  test("but to a superuser", async () => {
    const { stdout, exitCode } = await ask("logs", [over, "0.1", "--user", "alice"], "chief");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("0.1: late from 0.1\n");
  });

  test.each([
    [["no-such-tag"], 4, /there is no session "no-such-tag"/],
    [["../../.config"], 4, /there is no session/],
    [["TAG", "7"], 4, /has no log of 7/],
    [["TAG", "0/../.."], 2, /is not an ordinal/],
    [["TAG", "--grep", "("], 2, /--grep: Invalid regular expression/],
    [["TAG", "--tail", "-1"], 2, /--tail/],
  ] as const)("%p is refused", async (args, exitCode, message) => {
    const refused = await ask(
      "logs",
      args.map((word) => (word === "TAG" ? over : word)),
    );
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.stderr).toMatch(message);
  });

  test("a pattern that never ends is given up, and the daemon does not notice it", async () => {
    appendFileSync(logOf("0.1"), `${"a".repeat(5000)}b\n`.repeat(20));
    const slow = await ask("logs", [over, "0.1", "--grep", "^(a+)+$"]);
    expect(slow.exitCode).toBe(2);
    expect(slow.stderr).toContain("takes too long to match");
  });
});

test("--follow shows what comes, and ends with the session", async () => {
  await using session = await startProof(["open", `alice@${daemon.address}`, "--json"], { home });
  await session.shows('"session"');
  const tag = tagOf(session.stdout);
  const args = ["logs", `alice@${daemon.address}`, tag, "-f"];
  await using follower = await startProof(args, { home });
  await follower.shows(/^0\.1: .* is up/m);
  session.write('.exec setTimeout(() => console.log("a line that comes late"), 10)\n');
  await follower.shows("0.0: a line that comes late\n");
  await follower.shows("0.1: a line that comes late\n");
  const live = await ask("logs", []);
  expect(live.stdout).toMatch(new RegExp(`^${tag} +alice +running`, "m"));
  session.end();
  await session.finished();
  const { exitCode, stderr } = await follower.finished();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});

test("the log of a proofserv that never started tells why", async () => {
  const own = area.home();
  await using broken = await startDaemon({
    home: own,
    args: ["--host", "127.0.0.1"],
    config: '[startup]\ncallback = "1s"\n',
  });
  using _ = deafSocket(own);
  const { exitCode } = await runProof(["open", broken.address, "-e", "1"], { home: own });
  expect(exitCode).toBe(1);
  const list = await runProof(["logs", broken.address], { home: own });
  const tag = /^(\S+-\d+-\d+) .* ended /m.exec(list.stdout)?.[1] ?? "none";
  const { stdout, exitCode: code } = await runProof(["logs", broken.address, tag], { home: own });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^0: .* daemon: not created: .* did not call back within 1 s$/m);
  expect(stdout).toMatch(/^0: .* daemon: .* proofserv 0 \(pid \d+\) ended.*: /m);
});

describe("results", () => {
  test("are kept when the master proofserv is killed, and are the same", async () => {
    await using session = await startProof(["open", `alice@${daemon.address}`, "--json"], { home });
    await session.shows('"session"');
    const tag = tagOf(session.stdout);
    const first = join(home.path, "first.json");
    session.write(`.process ${fixture("fill.ts")} 12345 output=${first}\n`);
    await session.says("wrote");
    const master = proofservsOf(home.path).get("0") ?? 0;
    process.kill(master, "SIGKILL");
    await session.says(/signal SIGKILL/);
    expect((await session.finished()).exitCode).toBe(1);
    await waitFor(
      "the end of its workers",
      () => !isRunning(master) && proofservsOf(home.path).size === 0,
    );

    const sessions = await ask("results", []);
    expect(sessions.stdout).toMatch(new RegExp(`^${tag} +alice +ended .* 1$`, "m"));
    const list = await ask("results", [tag]);
    expect(list.stdout).toMatch(/^ *1 +\S+fill\.ts +done +12345 +12345 +cycles .* kept$/m);
    const again = join(home.path, "again.json");
    const page = join(home.path, "again.html");
    const shown = await ask("results", [tag, "1", "-o", again, "--html", page]);
    expect(shown.stdout).toMatch(/^n  12345\n/);
    expect(shown.exitCode).toBe(0);
    const [before, after] = [first, again].map(
      (path) => JSON.parse(readFileSync(path, "utf8")) as Written,
    );
    expect(after).toEqual(before as Written);
    expect(readFileSync(page, "utf8")).toContain("fill.ts");
    const json = await ask("results", [tag, "1", "--json"]);
    expect(JSON.parse(json.stdout)).toEqual(before as object);
  });

  test.each([
    [[], ["0"], 2, /is not the number of a query/],
    [[], ["2", "-o", "/no/such/directory/x"], 2, /no such directory/],
    [["--user", "bob"], ["1"], 4, /not alice's/],
    [[], ["77"], 4, /has kept no result of query 77/],
  ] as const)("%p %p is refused", async (before, args, exitCode, message) => {
    const refused = await ask("results", [...before, over, ...args]);
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.stderr).toMatch(message);
  });

  test("a file that is none of ours is not taken for one", async () => {
    const directory = join(logOf("0"), "..");
    writeFileSync(join(directory, "query-5.result"), "no result");
    writeFileSync(join(directory, "query-6.result"), "");
    const list = await ask("results", [over]);
    expect({ exitCode: list.exitCode, stdout: list.stdout }).toEqual({ exitCode: 0, stdout: "" });
    for (const number of ["5", "6"]) {
      const shown = await ask("results", [over, number]);
      expect(shown.exitCode).toBe(3);
      expect(shown.stderr).toContain("damaged");
    }
  });
});

test("from a program: TProofMgr", async () => {
  const script = home.write(
    "manager.ts",
    `import { TProofMgr } from "proof";
     export default async () => {
       await using manager = await TProofMgr.open("alice@${daemon.address}");
       const sessions = await manager.getSessions();
       const lines = [];
       for await (const { ordinal, line } of manager.getSessionLogs(${JSON.stringify(over)}, { ordinal: "0.0" }))
         if (line.startsWith("late")) lines.push([ordinal, line]);
       const results = sessions.filter(({ results }) => results > 0);
       const last = results.at(-1)?.tag ?? "";
       const [query] = await manager.getListOfQueries(last);
       const result = await manager.retrieve(last, query?.seq ?? 0);
       return { lines, n: result.outputs.n.value };
     };\n`,
  );
  const run = ["open", `alice@${daemon.address}`, "-q", "--json", "-w", "1", "--run", script];
  const { stdout } = await runProof(run, { home });
  expect(stdout).toContain('{"value":{"lines":[["0.0","late from 0.0"]],"n":12345}}');
});

describe.skipIf(!namespaces.possible)(`on several hosts${SKIPPED}`, () => {
  let hosts: Hosts;
  let master: Host;
  const daemons: RunningDaemon[] = [];

  beforeAll(async () => {
    hosts = area.keep(Hosts.create(area, 3));
    master = hosts.at(1);
    const config = inventory([hosts.at(2), hosts.at(3)]);
    area.keep(await master.startDaemon({ config: `${config}\n[startup]\ncreate = "3s"\n` }));
    for (const host of [hosts.at(2), hosts.at(3)])
      daemons.push(area.keep(await host.startDaemon()));
  });

  async function logs(args: readonly string[]) {
    return await master.runProof(["logs", "localhost", ...args]);
  }

  test("one command shows all logs; a node that is gone is named, the others are shown", async () => {
    const opened = await master.runProof(["open", "localhost", "--json", "-e", "1"]);
    const tag = tagOf(opened.stdout);
    const { stdout, exitCode, stderr } = await logs([tag]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const [ordinal, host] of [
      ["0", master.home],
      ["0.0", hosts.at(2).home],
      ["0.1", hosts.at(3).home],
    ] as const satisfies (readonly [string, Home])[]) {
      const [name = ""] = host.logs();
      const text = readFileSync(join(host.sandbox, name), "utf8");
      const shown = stdout.split("\n").filter((line) => line.startsWith(`${ordinal}: `));
      expect(shown.map((line) => `${line.slice(ordinal.length + 2)}\n`).join("")).toBe(text);
    }
    expect((await logs([tag, "0.1", "--json"])).stdout).toContain('"host":"n3"');

    hosts.linkDown(hosts.at(3));
    const partly = await logs([tag]);
    expect(partly.exitCode).toBe(3);
    expect(partly.stderr).toMatch(/10\.77\.0\.3:1093: .*within/);
    expect(partly.stdout).toContain("0.0: ");
    // The master's own needs nobody else.
    expect((await logs([tag, "0"])).exitCode).toBe(0);
    hosts.linkUp(hosts.at(3));
  });
});
