/** What hostile peers and users may try, one test per threat; docs/security.md names them. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { encodeRequest } from "../../src/protocol/frames.ts";
import { accountName } from "../../src/lib/account.ts";
import { shortHost } from "../../src/lib/host-name.ts";
import { PROOF_MAJOR, Request } from "../../src/protocol/codes.ts";
import { encodeCaller } from "../../src/protocol/login.ts";
import { encodeItem, encodeItems, login, OUR_ITEM } from "../../src/protocol/requests.ts";
import { useArea } from "../helpers/area.ts";
import { failDaemon, type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { FalseDaemon } from "../helpers/false-daemon.ts";
import type { Home } from "../helpers/home.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { errorOf, RawClient } from "../helpers/raw-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
/** A daemon that lets in everybody of this machine, for what happens behind the login. */
const home = area.home();
let open: RunningDaemon;
/** One with a key. */
const keyed = area.home();
let guarded: RunningDaemon;

beforeAll(async () => {
  const args = ["--host", "127.0.0.1"];
  home.write("bunfig.toml", 'preload = ["./preload.ts"]\n');
  home.write(
    "preload.ts",
    `await Bun.write(${JSON.stringify(join(home.path, "preloaded"))}, "");\n`,
  );
  home.write(".env", "FROM_DOTENV=1\n");
  open = area.keep(
    await startDaemon({
      home,
      args,
      config: '[session]\npass_env = ["PATH", "LANG"]\n',
      env: {
        PROOF_SECURITY_AUTH: "none",
        NODE_OPTIONS: "--require /nowhere.js",
        BUN_OPTIONS: "--smol",
        DYLD_INSERT_LIBRARIES: "/nowhere.so",
        SOMETHING_ELSE: "1",
      },
    }),
  );
  guarded = area.keep(await startDaemon({ home: keyed, args: [...args, "--log-level", "trace"] }));
});

/** A peer that has logged in without a key, as a client ("M") or a master ("s"). */
async function peer(role: "M" | "s", { port } = open): Promise<RawClient> {
  const client = await RawClient.greeted(port);
  const body = login.encode({ pid: 1, user: "proofu", reserved: 36, capver: 1, role });
  // A master that does not say what it is would be one of ROOT's.
  const caller = { major: PROOF_MAJOR, version: "0", nonce: "", fingerprint: "", heartbeat: 0 };
  const payload =
    role === "s" ? encodeItems("", [[OUR_ITEM, encodeCaller(caller)]]) : Buffer.alloc(0);
  client.send(encodeRequest({ stream: 0x0100, id: Request.login, body, payload }));
  expect((await client.frame()).status).toBe(0);
  return client;
}

/** What a create request with this buffer is answered. */
async function created(client: RawClient, buffer: string): Promise<string> {
  const payload = Buffer.from(buffer);
  client.send(encodeRequest({ stream: 0x0200, id: Request.create, payload }));
  const frame = await client.frame();
  expect(frame.status).toBe(4003);
  return errorOf(frame).text;
}

const open2 = (where: RunningDaemon, place: Home, ...more: string[]) =>
  runProof(["open", where.address, "-w", "1", ...more], { home: place });

describe("the key", () => {
  test("is asked of a client that has none", async () => {
    const { stderr, exitCode } = await open2(guarded, area.home("nobody"));
    expect(stderr).toContain("asks for the cluster key");
    expect(exitCode).toBe(4);
  });

  test("that is another is refused", async () => {
    const other = area.home("other");
    other.writeKey(crypto.getRandomValues(new Uint8Array(32)));
    const { stderr, exitCode } = await open2(guarded, other);
    expect(stderr).toContain("cluster key");
    expect(exitCode).toBe(4);
  });

  test("is asked of a ROOT client too, and of whoever skips the login", async () => {
    for (const id of [Request.login, Request.create, Request.admin, Request.sendmsg]) {
      using client = await RawClient.greeted(guarded.port);
      const body = login.encode({ pid: 1, user: "x", reserved: 36, capver: 1, role: "M" });
      client.send(encodeRequest({ stream: 0x0100, id, body }));
      expect((await client.frame()).status).toBe(4003);
      await client.closed();
    }
    expect(proofservsOf(keyed.path).size).toBe(0);
  });

  test("is in no command line, no environment, no log and no core dump, nor are tickets", async () => {
    const key = readFileSync(keyed.keyFile);
    await using session = await startProof(["open", guarded.address, "-w", "1"], { home: keyed });
    await session.says("PROOF set to parallel mode");
    const pids = [guarded.pid, ...proofservsOf(keyed.path).values()];
    expect(pids).toHaveLength(3);
    const shown = pids.flatMap((pid) =>
      ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "latin1")),
    );
    const logs = keyed.logs().map((name) => readFileSync(join(keyed.sandbox, name), "latin1"));
    const all = [...shown, ...logs, JSON.stringify(guarded.log())].join("\n");
    for (const form of ["latin1", "hex", "base64", "base64url"] as const)
      expect(all.includes(key.toString(form))).toBe(false);
    // Nonces, proofs and tickets are 64 hexadecimal digits, tickets in items are base64 of JSON.
    expect(all).not.toMatch(/[0-9a-f]{64}|ticket/);
    for (const pid of pids)
      expect(readFileSync(`/proc/${pid}/coredump_filter`, "utf8")).toMatch(/^0+\n$/);
    session.end();
    await session.finished();
  });
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each !== undefined && !each.internal && each.family === "IPv4")?.address;

describe.skipIf(outside === undefined)("roles, from beyond this machine", () => {
  test("a daemon serves no other role than its own", async () => {
    for (const [role, asked] of [
      ["worker", "M"],
      ["master", "s"],
      ["submaster", "M"],
    ] as const) {
      const place = area.home(role);
      await using daemon = await startDaemon({
        home: place,
        args: ["--host", outside ?? "", "--role", role],
      });
      const socket = await Bun.connect({
        hostname: outside ?? "",
        port: daemon.port,
        socket: { data() {} },
      });
      socket.end();
      const { stderr, exitCode } = await runProof(["open", `${outside}:${daemon.port}`], {
        home: place,
      });
      if (asked === "M") {
        expect(stderr).toContain("Server not allowed to be top master");
        expect(exitCode).toBe(4);
      } else expect(stderr).toContain("Server not allowed to be worker");
    }
  });

  test("a daemon that has the key and says it is a worker is not taken for a master", async () => {
    const place = area.home("fooled");
    const key = crypto.getRandomValues(new Uint8Array(32));
    place.writeKey(key);
    using impostor = new FalseDaemon({ key, callee: { role: "worker" } }, outside);
    const { stderr, exitCode } = await runProof(["open", `${outside}:${impostor.port}`], {
      home: place,
    });
    expect(stderr).toContain("serves as worker only, not as top master");
    expect(exitCode).toBe(4);
    // The proof of the key was not given away.
    expect(impostor.requests).toEqual([Request.login]);
  });
});

describe("names that lead elsewhere", () => {
  test.each([
    "session-../../x",
    "session-..",
    "../x",
    "session-a/b",
    "session-",
    `session-${"x".repeat(300)}`,
    "session-\u001b[2J",
  ])("session name %j", async (name) => {
    using client = await peer("s");
    expect(await created(client, `${name}|ord:0.1`)).toContain("is not a session tag");
  });

  test.each(["../../x", "0.1/../../x", "0.1.", "-1", "0x1", "0.9999999", "0.1\n0.2"])(
    "ordinal %j",
    async (ordinal) => {
      using client = await peer("s");
      expect(await created(client, `session-x|ord:${ordinal}`)).toContain("is not an ordinal");
    },
  );

  test.each(["../x", "..", "/etc", "a/b", "-x", "a b", "\u001b[2J"])(
    "user name %j",
    async (user) => {
      using client = await RawClient.greeted(open.port);
      const body = login.encode({ pid: 1, user: "?>buf", reserved: 36, capver: 1, role: "M" });
      const payload = encodeItems("", [["usr", user]]);
      client.send(encodeRequest({ stream: 0x0100, id: Request.login, body, payload }));
      expect(errorOf(await client.frame()).text).toContain("unusable user name");
      await client.closed();
    },
  );

  test("logs: only those of the session's own ordinals are shown", async () => {
    const { stdout, stderr } = await open2(
      open,
      home,
      "--exec",
      ".log ../../../../etc/passwd",
      "--exec",
      ".log /etc/passwd",
    );
    expect(stdout + stderr).not.toContain("root:");
  });

  test("nothing was made outside the sandbox", () => {
    expect(readdirSync(home.path).filter((name) => !name.startsWith("."))).toEqual([
      "bunfig.toml",
      "preload.ts",
      "run",
    ]);
    expect(existsSync(join(home.sandbox, "x"))).toBe(false);
    expect(
      readdirSync(home.sandbox).filter((name) => name !== accountName() && name !== "proofu"),
    ).toEqual([]);
  });
});

describe("environment", () => {
  const REFUSED = [
    "LD_PRELOAD",
    "BUN_OPTIONS",
    "BUN_BE_BUN",
    "NODE_OPTIONS",
    "DYLD_INSERT_LIBRARIES",
  ];

  test.each(REFUSED)("%s: by --env, in a create buffer, in session.env", async (name) => {
    const asked = await open2(open, home, "--env", `${name}=x`);
    expect(asked.stderr).toContain(`environment variable ${name} may not be set`);
    expect(asked.exitCode).not.toBe(0);
    using client = await peer("M");
    expect(await created(client, `x|envs:A=1,${name}=x`)).toContain(
      `variable ${name} may not be set`,
    );
    const item = encodeItem({ env: { [name]: "x" } });
    expect(await created(client, `x|${OUR_ITEM}:${item}`)).toContain(
      `variable ${name} may not be set`,
    );
    const config = `[session]\nenv = { ${name} = "x" }\n`;
    const { stderr, exitCode } = await failDaemon({ home: area.home(), config });
    expect(stderr).toContain(name);
    expect(exitCode).toBe(2);
  });

  test("a proofserv gets what is listed and nothing else of the daemon's own", async () => {
    const { stdout } = await open2(
      open,
      home,
      "--env",
      "MINE=1",
      "--exec",
      'Object.keys(process.env).sort().join(" ")',
    );
    const ours = /^PROOF_(USER|ORDINAL|PROOFSERV)$/;
    const listed = /^(PATH|LANG|MINE|HOME|USER|LOGNAME)$/;
    const names = stdout
      .replace(/^0\.0: /, "")
      .replaceAll(/['"\n]/g, "")
      .split(" ");
    expect(names).toContain("MINE");
    expect(names.filter((name) => !ours.test(name) && !listed.test(name))).toEqual([]);
  });

  test("a bunfig.toml and a .env where the daemon runs and where its proofservs run are not read", async () => {
    for (const directory of [home.sandbox, join(home.sandbox, "root")]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      await Bun.write(
        join(directory, "bunfig.toml"),
        await Bun.file(join(home.path, "bunfig.toml")).text(),
      );
      await Bun.write(join(directory, ".env"), "FROM_DOTENV=1\n");
    }
    const { stdout } = await open2(open, home, "--exec", "String(process.env.FROM_DOTENV)");
    expect(stdout).toContain("undefined");
    expect(existsSync(join(home.path, "preloaded"))).toBe(false);
    for (const directory of [home.sandbox, join(home.sandbox, "root")])
      for (const name of ["bunfig.toml", ".env"]) rmSync(join(directory, name));
  });
});

describe("lengths and JSON", () => {
  test.each([
    ["negative", -1, "negative payload length -1"],
    ["of 2 GiB", 0x7fffffff, "payload of 2147483647 bytes is over the limit"],
    [
      "more than a stranger may send",
      32 * 1024 + 1,
      "payload of 32769 bytes is over the limit of 32768",
    ],
  ])("a payload %s ends the link, and is not waited for", async (_name, length, why) => {
    using client = await RawClient.greeted(open.port);
    const request = encodeRequest({ stream: 0x0100, id: Request.login });
    request.writeInt32BE(length, 20);
    client.send(request);
    await client.closed();
    await open.logged("connection closed", (entry) => String(entry["why"]).includes(why));
  });

  test.each([
    [
      "deep",
      `{"major":1,"version":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "nested more than 256 levels",
    ],
    ["no object", "[]", "not an object"],
    ["a prototype", '{"__proto__":{"major":1,"version":"x","nonce":""}}', 'field "major" is not'],
    [
      "a long text",
      JSON.stringify({ major: 1, version: "x".repeat(100) }),
      'field "version" is not',
    ],
  ])("%s in a login is refused", async (_name, json, why) => {
    using client = await RawClient.greeted(open.port);
    const body = login.encode({ pid: 1, user: "x", reserved: 36, capver: 1, role: "M" });
    const item = Buffer.from(json).toString("base64url");
    const payload = encodeItems("", [[OUR_ITEM, item]]);
    client.send(encodeRequest({ stream: 0x0100, id: Request.login, body, payload }));
    expect(errorOf(await client.frame()).text).toContain(why);
    await client.closed();
  });

  test("__proto__ in a create buffer is a variable like any other", async () => {
    using client = await peer("M");
    const json = '{"env":{"__proto__":"x","BUN_OPTIONS":"--preload /x"},"__proto__":{"env":{}}}';
    const item = Buffer.from(json).toString("base64url");
    expect(await created(client, `x|${OUR_ITEM}:${item}`)).toContain("BUN_OPTIONS may not be set");
  });
});

describe("planted links and open directories", () => {
  /** A daemon in a home where `plant` has been at work, and what a session there leads to. */
  async function session(plant: (place: Home, target: string) => void) {
    const place = area.home("planted");
    const target = join(place.path, "target");
    mkdirSync(target, { mode: 0o700 });
    await using daemon = await startDaemon({
      home: place,
      args: ["--host", "127.0.0.1"],
      env: { PROOF_SECURITY_AUTH: "none" },
    });
    mkdirSync(place.sandbox, { mode: 0o700 });
    plant(place, target);
    using client = await peer("s", daemon);
    const text = await created(client, "session-a|ord:0.1");
    expect(readdirSync(target)).toEqual([]);
    return text;
  }

  test("a user's directory", async () => {
    const text = await session((place, target) =>
      symlinkSync(target, join(place.sandbox, "proofu")),
    );
    expect(text).toContain("proofu: is not a directory but a symbolic link");
  });

  test("a session's directory", async () => {
    const text = await session(({ sandbox }, target) => {
      mkdirSync(join(sandbox, "proofu"), { mode: 0o700 });
      symlinkSync(target, join(sandbox, "proofu", "session-a"));
    });
    expect(text).toContain("session-a: is not a directory but a symbolic link");
  });

  test("a log", async () => {
    const text = await session(({ sandbox }, target) => {
      const directory = join(sandbox, "proofu", "session-a");
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      symlinkSync(join(target, "x"), join(directory, `worker-0.1-${shortHost()}.log`));
    });
    expect(text).toContain(".log: is a symbolic link");
  });

  test("a user's directory that others may enter: the error names the fix", async () => {
    const text = await session(({ sandbox }) => {
      mkdirSync(join(sandbox, "proofu"));
      chmodSync(join(sandbox, "proofu"), 0o755);
    });
    expect(text).toContain("proofu: has mode 0755, so others may enter");
  });

  test.each(["sandbox", "state"] as const)(
    "the %s itself, or its mode: the daemon does not start",
    async (what) => {
      const linked = area.home("linked");
      mkdirSync(join(linked.path, "target"), { mode: 0o700 });
      const path = join(linked.path, "there");
      symlinkSync(join(linked.path, "target"), path);
      const env = { [`PROOF_DAEMON_${what.toUpperCase()}`]: path };
      expect(await failDaemon({ home: linked, env })).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("there: is not a directory but a symbolic link"),
      });
      chmodSync(join(linked.path, "target"), 0o750);
      const direct = { [`PROOF_DAEMON_${what.toUpperCase()}`]: join(linked.path, "target") };
      expect(await failDaemon({ home: linked, env: direct })).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(
          /has mode 0750, so others may enter[^]*run: chmod 700 .*target/,
        ),
      });
    },
  );

  test("everything that a daemon makes is for its account only", async () => {
    await open2(open, home, "--exec", "1");
    const modes = home
      .list()
      .filter((path) => path.startsWith(".proof/") || path.startsWith("run/proof"))
      .map((path) => statSync(join(home.path, path)))
      .map((stat) => stat.mode & 0o077);
    expect(modes.length).toBeGreaterThan(5);
    expect(new Set(modes.filter((mode) => mode !== 0)).size).toBe(0);
  });
});

describe("escape sequences", () => {
  const EVIL = "\u001b]0;owned\u0007\u001b[2J\u202e\u009bx";
  // oxlint-disable-next-line no-control-regex
  const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;

  test("from a daemon's health, in proof status", async () => {
    const session = {
      sid: 0,
      tag: EVIL,
      ordinal: EVIL,
      role: "master",
      user: EVIL,
      state: EVIL,
      pid: 1,
      workers: 0,
      clients: 1,
      age: 1,
    };
    const health = {
      version: EVIL,
      host: EVIL,
      port: 1,
      role: "any",
      pid: 1,
      uptime: 1,
      auth: "none",
      stopping: false,
      maxsessions: 1,
      sessions: [session],
    };
    using liar = new FalseDaemon({ health });
    for (const more of [[], ["--json"]]) {
      const { stdout, stderr } = await runProof(["status", `127.0.0.1:${liar.port}`, ...more], {
        home,
      });
      expect(stdout).toContain("owned");
      expect(stdout + stderr).not.toMatch(RAW);
    }
  });

  test("from a refusal, with its host and log, in proof open", async () => {
    const facts = {
      code: "SERVER",
      phase: EVIL,
      host: EVIL,
      message: `no ${EVIL}`,
      hint: EVIL,
      log: [EVIL],
    };
    using liar = new FalseDaemon({ refusal: `no ${EVIL}`, facts });
    const { stdout, stderr, exitCode } = await runProof(["open", `127.0.0.1:${liar.port}`], {
      home,
    });
    expect(stderr).toContain("owned");
    expect(stdout + stderr).not.toMatch(RAW);
    expect(exitCode).toBe(1);
  });

  test("from a user's name, in the daemon's log", async () => {
    using client = await RawClient.greeted(open.port);
    const body = login.encode({ pid: 1, user: "?>buf", reserved: 36, capver: 1, role: "M" });
    const payload = encodeItems("", [["usr", `forged\n${EVIL}${"x".repeat(20_000)}`]]);
    client.send(encodeRequest({ stream: 0x0100, id: Request.login, body, payload }));
    await client.frame();
    const entry = await open.logged("login refused", ({ error }) =>
      String(error).includes("forged"),
    );
    expect(String(entry["error"]).length).toBeLessThan(9_000);
    expect(open.stderr).not.toMatch(RAW);
  });

  test("from a worker's output and log", async () => {
    const code = `process.stderr.write(${JSON.stringify(`${EVIL}\n`)}); console.log(${JSON.stringify(EVIL)})`;
    const { stdout, stderr } = await open2(open, home, "--exec", code, "--exec", ".log");
    expect(stdout + stderr).toContain("owned");
    expect(stdout + stderr).not.toMatch(RAW);
  });
});

test("all the while nobody's session was harmed", async () => {
  const { stdout, exitCode } = await open2(open, home, "--exec", "6 * 7");
  expect(stdout).toContain("42");
  expect(exitCode).toBe(0);
  await waitFor("the end of all sessions", () => proofservsOf(home.path).size === 0);
  expect(open.log().filter(({ message }) => message === "internal error")).toEqual([]);
});
