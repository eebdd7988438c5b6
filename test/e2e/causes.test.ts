/** What went wrong is told as it was: the end of a client, what the machine refuses, other services on the port. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { binary } from "../helpers/binary.ts";
import { NO_WAITING, type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { Program } from "../helpers/program.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  const args = ["--host", "127.0.0.1", "--workers", "1"];
  daemon = area.keep(await startDaemon({ home, args, env: NO_WAITING }));
});

describe("the end of a client stands in the log of its session as it was", () => {
  async function open(): Promise<{ client: Program; log: () => string }> {
    const client = await startProof(["open", daemon.address], { home });
    await client.says(/^new session \S+$/m);
    const tag = /^new session (\S+)$/m.exec(client.stderr)?.[1] ?? "";
    const user = readdirSync(home.sandbox)[0] ?? "";
    const directory = join(home.sandbox, user, `session-${tag}`);
    const name = readdirSync(directory).find((file) => /^master-0-.*\.log$/.test(file)) ?? "";
    return { client, log: () => readFileSync(join(directory, name), "utf8") };
  }

  async function logs(log: () => string, text: string): Promise<void> {
    await waitFor(`the log saying: ${text}`, () => log().includes(text));
    expect(log()).not.toContain("is gone, or");
  }

  test("detached", async () => {
    const { client, log } = await open();
    client.write(".detach\n");
    await client.finished();
    await logs(log, "the client has detached");
  });

  test("quit", async () => {
    const { client, log } = await open();
    client.end();
    await client.finished();
    await logs(log, "the client ends the session");
  });

  test("killed", async () => {
    const { client, log } = await open();
    client.signal("SIGKILL");
    await client.finished();
    await logs(log, "the client has gone: it has closed its connection");
  });
});

describe("what the machine refuses", () => {
  async function shell(
    line: string,
  ): Promise<{ stdout: string; stderr: string; exitCode: number }> {
    const proof = await binary();
    const program = new Program(
      ["bash", "-c", `set -o pipefail; proof() { "${proof}" "$@"; }; ${line}`],
      { home },
    );
    await using running = program;
    running.end();
    return await running.finished();
  }

  test.each([
    ["status", "proof status HERE > /dev/full", 3],
    ["open", "proof open HERE -q -e 1 > /dev/full", 1],
    ["help", "proof --help > /dev/full", 1],
  ])("a full stdout is SYSTEM: %s", async (_what, line, code) => {
    const { stderr, exitCode } = await shell(line.replace("HERE", daemon.address));
    expect(stderr).toMatch(/^proof: cannot write to stdout: ENOSPC.*\nhint: .*\n$/);
    expect(exitCode).toBe(code);
  });

  test.each([
    ["OK", "HERE", 0],
    ["CRITICAL", "localhost:9", 2],
  ])("nobody reads stdout, and the exit code tells: %s", async (_what, address, code) => {
    const { stderr, exitCode } = await shell(
      `proof status ${address.replace("HERE", daemon.address)} | true`,
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: code });
  });

  test("standard input that is a directory is no bug of ours", async () => {
    const { stderr, exitCode } = await shell(`proof open ${daemon.address} -q < /`);
    expect(stderr).toMatch(/^proof: this machine has refused something: EISDIR/);
    expect(exitCode).toBe(1);
  });

  test("a home that is a file, for a daemon that would make its key", async () => {
    const file = home.write("a-file", "");
    const { stderr, exitCode } = await shell(`HOME=${file} proof daemon --port 0`);
    expect(stderr).toStartWith(
      `proof: ${file}/.config/proof/cluster.key: a part of the path is not a directory\n`,
    );
    expect(exitCode).toBe(2);
  });

  test.each([
    ["nosuch.invalid", "no address of this machine has that name"],
    ["192.0.2.99", "this machine has no such address"],
  ])("a daemon that cannot listen on %s", async (host, cause) => {
    const { stderr, exitCode } = await shell(`proof daemon --port 0 --host ${host}`);
    expect(stderr).toStartWith(`proof: cannot listen on ${host} port 0: ${cause}\nhint: `);
    expect(exitCode).toBe(1);
  });

  test("no file descriptor left", async () => {
    const { stdout } = await shell(`ulimit -n 5; proof status ${daemon.address} -q`);
    expect(stdout).toContain("this process has no file descriptor left (ulimit -n)");
  });
});

test.each(["open", "status"])("proof %s names the time that was allowed", async (command) => {
  using silent = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: () => undefined },
  });
  const args = [command, `127.0.0.1:${silent.port}`, "-q", "--timeout", "1100ms"];
  const { stdout, stderr } = await runProof(args, { home });
  expect(stdout + stderr).toContain(`127.0.0.1:${silent.port}: no handshake within 1.1 s\n`);
});

test.each([
  ["127.1:9", "connection refused: nothing listens there"],
  ["[::ffff:127.0.0.1]:9", "connection refused: nothing listens there"],
])("an address in another form: %s", async (address, cause) => {
  const { stdout } = await runProof(["status", address, "-q"], { home });
  expect(stdout).toContain(cause);
});

describe("another service on the port", () => {
  test("that resets the connection is not called anything", async () => {
    using other = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => socket.terminate() },
    });
    const { stdout } = await runProof(["status", `127.0.0.1:${other.port}`, "-q"], { home });
    expect(stdout).toMatch(/^CRITICAL - \S+: link lost: during the handshake: ECONNRESET/);
  });

  test("with TLS asked for is no daemon either", async () => {
    using other = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.write("SSH-2.0-other\r\n"), data: () => undefined },
    });
    const { stdout } = await runProof(["status", `proofs://127.0.0.1:${other.port}`, "-q"], {
      home,
    });
    expect(stdout).toMatch(/^CRITICAL - \S+: an SSH server answered, without TLS/);
  });
});

test("a promise of several tells all that it failed for, and a module where its mistake is", async () => {
  const code = 'Promise.any([Promise.reject(new Error("one")), Promise.reject(new Error("two"))])';
  const several = await runProof(["open", daemon.address, "-q", "-e", code], { home });
  expect(several.stdout + several.stderr).toMatch(/one[^]*two/);
  const file = home.write("mistake.ts", "export default () => 1;\nconst a = ;\n");
  const { stderr } = await runProof(["open", daemon.address, "-q", "--run", file], { home });
  expect(stderr).toContain("mistake.ts: Unexpected ; at line 2, column 11");
});
