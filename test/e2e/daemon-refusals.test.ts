/** `proof daemon`: what it refuses to start with, and what it says it would start with. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { failDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();

describe("refusing to start", () => {
  test.each([
    ["a syntax error", "[daemon]\nport = = 1\n", /proof\.toml:2:\d+: /],
    [
      "an unknown key",
      "[daemon]\nprot = 1\n",
      /proof\.toml:2:1: unknown key "daemon\.prot" \(did you mean "daemon\.port"\?\)/,
    ],
    ["a wrong type", '[daemon]\nport = "x"\n', /proof\.toml:2:\d+: .*daemon\.port/],
    ["an unknown table", "\n[deamon]\n", /proof\.toml:2:\d+: .*daemon/],
    [
      "a value out of range",
      "[limits]\nconnections = 0\n",
      /proof\.toml:2:\d+: .*limits\.connections/,
    ],
  ])("%s in proof.toml: exit code 2 and where it is", async (_name, config, text) => {
    const { stdout, stderr, exitCode } = await failDaemon({ home: area.home(), config });
    expect(stderr).toMatch(text);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  });

  test.each([
    ["an unknown keyword", "worker a\nworkr b\n", /proof\.conf:2:1: .*workr/],
    ["a bad port", "worker a:99999\n", /proof\.conf:1:\d+: .*99999/],
    ["a missing host", "\n\nworker\n", /proof\.conf:3:\d+: /],
    ["condor", "condorworker a\n", /proof\.conf:1:1: .*condorworker/],
  ])("%s in proof.conf: exit code 2 and where it is", async (_name, text, message) => {
    const home = area.home();
    const { stderr, exitCode } = await failDaemon({
      home,
      args: ["--conf", home.write("proof.conf", text)],
    });
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });

  test.each([
    ["a missing file", ["--config", "nothing.toml"], /nothing\.toml/],
    ["an unknown flag", ["--prot", "1"], /--prot/],
    ["a bad number", ["--workers", "-1"], /--workers.*-1/],
    ["a bad level", ["--log-level", "loud"], /--log-level: .*loud/],
    ["a word too many", ["now"], /now/],
  ])("%s: exit code 2", async (_name, args, text) => {
    const { stderr, exitCode } = await failDaemon({ home: area.home(), args });
    expect(stderr).toMatch(text);
    expect(exitCode).toBe(2);
  });

  test("a key file that others may read, or of another length: exit code 2", async () => {
    const home = area.home();
    home.writeKey(new Uint8Array(32));
    chmodSync(home.keyFile, 0o640);
    expect(await failDaemon({ home })).toMatchObject({
      stderr: expect.stringMatching(/cluster\.key: has mode 0640[^]*hint: run: chmod 600/),
      exitCode: 2,
    });
    home.writeKey(new Uint8Array(31));
    expect(await failDaemon({ home })).toMatchObject({
      stderr: expect.stringContaining("cluster.key: has 31 bytes, a cluster key has 32"),
      exitCode: 2,
    });
    // The client says the same.
    const client = await runProof(["open", "localhost:1"], { home });
    expect(client.stderr).toContain("has 31 bytes");
    expect(client.exitCode).toBe(2);
  });

  test('auth = "none" beyond loopback: exit code 2', async () => {
    const config = '[security]\nauth = "none"\n';
    const { stderr, exitCode } = await failDaemon({ home: area.home(), config });
    expect(stderr).toContain('security.auth = "none" with daemon.host = "::" lets everybody in');
    expect(exitCode).toBe(2);
    await using daemon = await startDaemon({
      home: area.home(),
      config,
      args: ["--host", "127.0.0.1"],
    });
    expect(daemon.log().find(({ message }) => message === "listening")?.["auth"]).toBe("none");
  });

  test("an unusable state directory: exit code 1", async () => {
    const home = area.home();
    const open = join(home.path, "open");
    mkdirSync(open, { mode: 0o755 });
    for (const [state, text] of [
      [home.write("file", ""), "file"],
      [open, "has mode 0755, so others may enter"],
      [join(home.path, "x".repeat(100)), "longer than a socket's path may be (107)"],
      ["/proc/nothing", "cannot be used"],
    ] as const) {
      const { stderr, exitCode } = await failDaemon({ home, env: { PROOF_DAEMON_STATE: state } });
      expect(stderr).toContain(text);
      expect(stderr).toContain("daemon.state");
      expect(exitCode).toBe(1);
    }
  });

  test("proof serve by hand: exit code 2, and what to run instead", async () => {
    for (const input of ["", "{}\n"]) {
      const { stderr, exitCode } = await runProof(["serve"], { home: area.home(), input });
      expect(stderr).toContain("a proof daemon starts it");
      expect(stderr).toContain("proof open HOST");
      expect(exitCode).toBe(2);
    }
  });
});

describe("--check", () => {
  const config = '[daemon]\nport = 2093\n[[node]]\nhost = "wn[01-02]"\nworkers = 3\n';

  test("prints the values in force, where each is from, and the inventory; and starts nothing", async () => {
    const home = area.home();
    const file = home.writeConfig(config);
    const { stdout, stderr, exitCode } = await runProof(
      ["daemon", "--check", "--host", "127.0.0.1"],
      {
        home,
        env: { PROOF_SESSION_HEARTBEAT: "1s" },
      },
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(new RegExp(`^daemon\\.port += 2093 +# ${file}:2:1$`, "m"));
    expect(stdout).toMatch(/^daemon\.host += "127\.0\.0\.1" +# --host$/m);
    expect(stdout).toMatch(/^session\.heartbeat += "1s" +# PROOF_SESSION_HEARTBEAT$/m);
    expect(stdout).toMatch(/^worker +wn01:1093 +x 3$/m);
    expect(exitCode).toBe(0);
    expect(existsSync(home.state)).toBe(false);
    expect(existsSync(home.keyFile)).toBe(false);
  });

  test("prints the same as JSON", async () => {
    const home = area.home();
    home.writeConfig(config);
    const { stdout, exitCode } = await runProof(["daemon", "--check", "--json"], { home });
    expect(JSON.parse(stdout)).toMatchObject({
      keys: { "daemon.port": { value: 2093, origin: { kind: "file" } } },
      warnings: [],
    });
    expect(exitCode).toBe(0);
  });
});
