/** Several sessions of several users on one daemon, and peers that misbehave beside them. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import type { Program } from "../helpers/program.ts";
import { HELLO, RawClient } from "../helpers/raw-client.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  const env = { PROOF_STARTUP_LOGIN: "2s", PROOF_LIMITS_UNAUTHENTICATED: "16" };
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"], env }));
});

async function open(user: string): Promise<Program> {
  const client = await startProof(["open", `${user}@${daemon.address}`, "-q"], { home });
  client.write(".exec process.env.PROOF_USER\n");
  await client.shows(`0.0-0.1: "${user}"\n`);
  return client;
}

test("sessions of several users keep apart", async () => {
  await using alice = await open("alice");
  await using second = await open("alice");
  await using bob = await open("bob");
  const clients = [alice, second, bob];

  const { stdout } = await runProof(["status", daemon.address, "--json"], { home });
  const report = JSON.parse(stdout) as {
    daemons: { health: { sessions: { tag: string; role: string; user: string }[] } }[];
  };
  const tops = report.daemons[0]?.health.sessions.filter(({ role }) => role === "master") ?? [];
  expect(tops.map(({ user }) => user).sort()).toEqual(["alice", "alice", "bob"]);
  expect(new Set(tops.map(({ tag }) => tag)).size).toBe(3);
  for (const { user, tag } of tops) {
    for (const name of ["master-0-", "worker-0.0-", "worker-0.1-"])
      expect(home.logs().some((log) => log.startsWith(`${user}/session-${tag}/${name}`))).toBe(
        true,
      );
  }

  // What one declares, another does not see; what one runs, another does not wait for.
  alice.write(".exec const mine = 1\n.exec while (true) {}\n");
  second.write(".exec typeof mine\n");
  bob.write(".exec 6 * 7\n");
  await second.shows('0.0-0.1: "undefined"\n');
  await bob.shows("0.0-0.1: 42\n");
  alice.signal("SIGKILL");
  await alice.finished();
  bob.write(".exec 6 * 8\n");
  await bob.shows("0.0-0.1: 48\n");
  for (const client of clients) client.end();
  for (const client of [second, bob]) expect((await client.finished()).exitCode).toBe(0);
});

test("limits.maxsessions refuses one too many: exit code 4, and room again afterwards", async () => {
  await using small = await startDaemon({ home, env: { PROOF_LIMITS_MAXSESSIONS: "1" } });
  await using first = await startProof(["open", small.address, "--master-only"], { home });
  await first.says("PROOF set to sequential mode");
  const refused = await runProof(["open", small.address, "-e", "1"], { home });
  expect(refused.stderr).toContain("max number of sessions reached (1)");
  expect(refused.exitCode).toBe(4);
  first.end();
  await first.finished();
  const { exitCode } = await runProof(["open", small.address, "-q", "--master-only", "-e", "1"], {
    home,
  });
  expect(exitCode).toBe(0);
});

describe("a session is not disturbed by", () => {
  test.each([
    [
      "random bytes",
      crypto.getRandomValues(new Uint8Array(4096)).fill(0xab, 0, 1),
      /no PROOF handshake/,
    ],
    ["a web browser", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /HTTP|web/],
    ["a TLS client", Buffer.from("16030100c8010000c40303", "hex"), /TLS/],
    ["half a handshake", Buffer.from(HELLO.slice(0, 20), "hex"), /no login within 2 s/],
    ["a handshake and no login", Buffer.from(HELLO, "hex"), /no login within 2 s/],
    ["an oversized frame", Buffer.from(`${HELLO}01000c1d${"00".repeat(16)}7fffffff`, "hex"), /./],
    [
      "a frame of negative length",
      Buffer.from(`${HELLO}01000c1d${"00".repeat(16)}ffffffff`, "hex"),
      /./,
    ],
  ])("%s", async (_name, bytes, why) => {
    await using client = await open("carol");
    using peer = await RawClient.connect(daemon.port);
    peer.send(bytes);
    await peer.closed();
    const { level } = await daemon.logged("connection closed", (entry) => {
      return why.test(String(entry["why"]));
    });
    expect(level).toBe("warn");
    client.write(".exec 40 + 2\n");
    await client.shows("0.0-0.1: 42\n");
  });

  test("more strangers than may be there at once", async () => {
    await using client = await open("carol");
    // The oldest make room for the next, some before they notice that they were connected.
    const peers = await Promise.allSettled(
      Array.from({ length: 64 }, () => RawClient.connect(daemon.port)),
    );
    await daemon.logged("made room for a newcomer");
    for (const peer of peers) if (peer.status === "fulfilled") await peer.value.closed();
    client.write(".exec 40 + 2\n");
    await client.shows("0.0-0.1: 42\n");
    expect((await runProof(["status", daemon.address], { home })).exitCode).toBe(0);
  });
});
