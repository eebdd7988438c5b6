/** `proof status`: one summary line, and the exit codes of monitoring plugins. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { RecordedXproofd } from "../helpers/recorded-xproofd.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"] }));
});

async function status(...args: string[]) {
  const { stdout, stderr, exitCode } = await runProof(["status", ...args], { home });
  return { line: stdout.split("\n")[0], stdout, stderr, exitCode };
}

describe("exit code", () => {
  test("0 OK: the daemon is up", async () => {
    const { line, stderr, exitCode } = await status(daemon.address);
    expect(line).toMatch(/^OK - localhost:\d+: proof \d+\.\d+\.\d+, 0 sessions$/);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("1 WARNING: some nodes are down", async () => {
    const config = `[[node]]\nhost = "localhost"\nport = ${daemon.port}\n[[node]]\nhost = "localhost"\nport = 1\n`;
    const file = home.write("two.toml", config);
    await using master = await startDaemon({ home, args: ["--config", file] });
    const { line, stdout, exitCode } = await status(master.address, "--workers");
    expect(line).toMatch(/^WARNING - .*, 1 of 2 worker nodes up$/);
    expect(stdout).toMatch(/^ +127\.0\.0\.1:1 .* DOWN .* tcp: .*connection refused/m);
    expect(exitCode).toBe(1);
    expect((await status(master.address)).exitCode).toBe(0);
  });

  test("1 WARNING: no session is free", async () => {
    await using full = await startDaemon({ home, env: { PROOF_LIMITS_MAXSESSIONS: "1" } });
    await using client = await startProof(["open", full.address, "--master-only"], { home });
    await client.says("PROOF set to sequential mode");
    const { line, exitCode } = await status(full.address);
    expect(line).toEndWith("1 session, no session is free");
    expect(exitCode).toBe(1);
  });

  test("2 CRITICAL: nobody listens, or one of several", async () => {
    const alone = await status("localhost:1");
    expect(alone.line).toBe("CRITICAL - localhost:1: connection refused: nothing listens there");
    expect(alone.exitCode).toBe(2);
    const both = await status(daemon.address, "localhost:1");
    expect(both.line).toStartWith("CRITICAL - localhost:1: ");
    expect(both.stdout).toContain(`daemon ${daemon.address}`);
    expect(both.exitCode).toBe(2);
  });

  test("2 CRITICAL: all nodes are down", async () => {
    const file = home.write("none.toml", '[[node]]\nhost = "localhost"\nport = 1\n');
    await using master = await startDaemon({ home, args: ["--config", file] });
    expect(await status(master.address, "-w")).toMatchObject({
      line: expect.stringMatching(/^CRITICAL - .*, 0 of 1 worker node up$/),
      exitCode: 2,
    });
  });

  test("3 UNKNOWN: it cannot be found out", async () => {
    expect((await status("--prot")).exitCode).toBe(3);
    expect(await status("--timeout", "1m")).toMatchObject({
      line: "UNKNOWN - --timeout is at most 5s: a check must not hang",
      exitCode: 3,
    });
    expect(await runProof(["status", "--timeout", "0"], { home })).toMatchObject({
      stderr: expect.stringContaining('option --timeout: expected more than 0s, found "0"'),
      exitCode: 3,
    });
    const stranger = await runProof(["status", daemon.address], { home: area.home() });
    expect(stranger.stdout).toMatch(/^UNKNOWN - .*asks for the cluster key/);
    expect(stranger.exitCode).toBe(3);
  });
});

describe("what is shown", () => {
  test("sessions, while they are open", async () => {
    await using client = await startProof(["open", `alice@${daemon.address}`], { home });
    await client.says("PROOF set to parallel mode (2 workers)");
    const { line, stdout, exitCode } = await status(daemon.address);
    expect(line).toEndWith(", 1 session");
    expect(stdout).toMatch(/^ {2}\S+-\d+-\d+ +alice +0 +idle +2 +1 /m);
    expect(stdout).toMatch(/ +alice +0\.1 +/);
    expect(exitCode).toBe(0);
    client.end();
    await client.finished();
    expect((await status(daemon.address)).line).toEndWith(", 0 sessions");
  });

  test("the same as JSON", async () => {
    const { stdout, exitCode } = await status(daemon.address, "--workers", "--json");
    expect(JSON.parse(stdout)).toEqual({
      status: "OK",
      summary: expect.stringContaining("1 of 1 worker node up"),
      daemons: [
        expect.objectContaining({
          address: daemon.address,
          status: "OK",
          health: expect.objectContaining({ pid: daemon.pid, port: daemon.port, sessions: [] }),
          nodes: [expect.objectContaining({ port: daemon.port, workers: 2, role: "worker" })],
        }),
      ],
    });
    expect(exitCode).toBe(0);
  });

  test("one line only with --quiet", async () => {
    const { stdout } = await status(daemon.address, "--quiet");
    expect(stdout.trimEnd().split("\n").length).toBe(1);
  });
});

test("--timeout bounds the wait for a port that takes connections and says nothing", async () => {
  using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { line, exitCode } = await status(`127.0.0.1:${silent.port}`, "--timeout", "300ms");
  expect(line).toMatch(/^CRITICAL - 127\.0\.0\.1:\d+: .*within 0\.\d+ s/);
  expect(exitCode).toBe(2);
});

test("another service on the port is told apart", async () => {
  using web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("hello") });
  const { line, exitCode } = await status(`127.0.0.1:${web.port}`);
  expect(line).toMatch(/^CRITICAL - 127\.0\.0\.1:\d+: a web server answered/);
  expect(exitCode).toBe(2);
});

describe("ROOT's own xproofd", () => {
  test("is read as its clients read it, and named as what it is", async () => {
    using xproofd = new RecordedXproofd("manager-queries-and-logs");
    const where = `localhost:${xproofd.port}`;
    const { stdout, stderr, exitCode } = await status(`proofu@${where}`);
    expect(stdout.replaceAll(String(xproofd.port), "PORT")).toBe(
      [
        "OK - localhost:PORT: ROOT's xproofd (protocol 1007, ROOT 5.34/30), 1 session of proofu, 2 workers",
        "ROOT's xproofd localhost:PORT",
        "  selects workers: round-robin, max workers: -1",
        "  ROOT 5.34/30 (peer, default) in /opt/cern/root",
        "  session                     number  alias      state  clients",
        "  localhost-1795337851-15923       0  localhost  idle         0",
        "  node             role    sessions",
        "  localhost:1093   master         1",
        "  localhost:21094  worker         1",
        "  localhost:21094  worker         1",
        "",
      ].join("\n"),
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("as JSON", async () => {
    using xproofd = new RecordedXproofd("manager-queries-and-logs");
    const { stdout } = await status(`proofu@localhost:${xproofd.port}`, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      status: "OK",
      daemons: [
        {
          status: "OK",
          xproofd: {
            protocol: 1007,
            versions: [{ tag: "peer", release: "5.34/30", protocol: 36, isDefault: true }],
            sessions: [{ sid: 0, tag: "localhost-1795337851-15923", status: 0 }],
            workers: { nodes: [{ role: "master" }, { role: "worker" }, { role: "worker" }] },
          },
        },
      ],
    });
  });

  test("that does not know the user says so", async () => {
    using xproofd = new RecordedXproofd("login-unknown-user");
    const { line, exitCode } = await status(`nosuchuser@localhost:${xproofd.port}`);
    expect(line).toMatch(/^UNKNOWN - localhost:\d+: CheckUser: unknown ClientID: nosuchuser$/);
    expect(exitCode).toBe(3);
  });
});
