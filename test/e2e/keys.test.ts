/** The cluster key: fingerprints, changing it under way, and logins that are replayed, reflected or relayed. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  encodeCaller,
  KEY_PROTOCOL,
  newNonce,
  proveKey,
  fingerprint,
  decodeLoginReply,
  type Callee,
} from "../../src/protocol/login.ts";
import { PROOF_MAJOR, Request, type RoleLetter } from "../../src/protocol/codes.ts";
import { requestHeader } from "../../src/protocol/frames.ts";
import { auth, encodeItems, login, OUR_ITEM } from "../../src/protocol/requests.ts";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { errorOf, type Frame, RawClient } from "../helpers/raw-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();

const KEY = crypto.getRandomValues(new Uint8Array(32));
const OTHER = crypto.getRandomValues(new Uint8Array(32));
const STREAM = 0x0100;

function homeWith(key: Uint8Array): Home {
  const home = area.home();
  home.writeKey(key);
  return home;
}

/** One request: header and payload. */
function request(id: number, body: Buffer, payload: Uint8Array): Buffer {
  return Buffer.concat([requestHeader(STREAM, id, body, payload.length), payload]);
}

/** A login of alice's in a role, with a nonce. */
function loginRequest(role: RoleLetter, nonce: string, key = KEY): Buffer {
  const caller = {
    major: PROOF_MAJOR,
    version: "0.1.0",
    nonce,
    fingerprint: fingerprint(key),
    heartbeat: 0,
  };
  const items: [string, string][] = [[OUR_ITEM, encodeCaller(caller)]];
  const body = login.encode({ pid: 1, user: "alice", reserved: 36, capver: 1, role });
  return request(Request.login, body, encodeItems("", items));
}

function authRequest(proof: string): Buffer {
  return request(Request.auth, auth.encode(KEY_PROTOCOL), Buffer.from(proof));
}

/** What alice proves in a role to a daemon that has answered so. */
function proofOf(role: string, nonce: string, callee: Callee, key = KEY): string {
  return proveKey(key, "caller", {
    callerNonce: nonce,
    calleeNonce: callee.nonce,
    callerRole: role,
    calleeRole: callee.role,
    user: "alice",
    ordinal: "0",
  });
}

async function ask(client: RawClient, bytes: Buffer): Promise<Frame> {
  client.send(bytes);
  return await client.frame();
}

/** Logs in as far as the daemon's answer. */
async function begin(client: RawClient, bytes: Buffer): Promise<Callee> {
  const { status, payload } = await ask(client, bytes);
  expect(status).toBe(0);
  const callee = decodeLoginReply(payload);
  if (callee === undefined) throw new Error("no daemon of ours");
  return callee;
}

const WRONG = { status: 4003, number: 3010 };

describe("on the wire", () => {
  const daemonIn = async (role: string): Promise<RunningDaemon> =>
    await startDaemon({ home: homeWith(KEY), env: { PROOF_DAEMON_ROLE: role } });

  test("the exchange lets the holder of the key in", async () => {
    await using daemon = await daemonIn("any");
    using client = await RawClient.greeted(daemon.port);
    const nonce = newNonce();
    const callee = await begin(client, loginRequest("M", nonce));
    expect(await ask(client, authRequest(proofOf("M", nonce, callee)))).toMatchObject({
      status: 0,
    });
  });

  test("a login that was recorded and is played again is refused", async () => {
    await using daemon = await daemonIn("any");
    const nonce = newNonce();
    const recorded = [loginRequest("M", nonce)];
    {
      using client = await RawClient.greeted(daemon.port);
      const callee = await begin(client, recorded[0] ?? Buffer.alloc(0));
      recorded.push(authRequest(proofOf("M", nonce, callee)));
      expect(await ask(client, recorded[1] ?? Buffer.alloc(0))).toMatchObject({ status: 0 });
    }
    using client = await RawClient.greeted(daemon.port);
    await begin(client, recorded[0] ?? Buffer.alloc(0));
    const answer = errorOf(await ask(client, recorded[1] ?? Buffer.alloc(0)));
    expect(answer).toMatchObject({
      ...WRONG,
      text: expect.stringContaining("proof of the cluster key is wrong"),
    });
    await client.closed();
  });

  test("a daemon's own proof sent back to it, on its connection or another, is refused", async () => {
    await using daemon = await daemonIn("any");
    using client = await RawClient.greeted(daemon.port);
    const callee = await begin(client, loginRequest("M", newNonce()));
    expect(callee.proof).toHaveLength(64);
    expect(errorOf(await ask(client, authRequest(callee.proof)))).toMatchObject(WRONG);
    await client.closed();

    // The daemon's nonce as ours on a second connection, to have it prove what it has asked for.
    using first = await RawClient.greeted(daemon.port);
    const asked = await begin(first, loginRequest("M", newNonce()));
    using second = await RawClient.greeted(daemon.port);
    const answered = await begin(second, loginRequest("M", asked.nonce));
    expect(errorOf(await ask(first, authRequest(answered.proof)))).toMatchObject(WRONG);
  });

  test("a proof for one daemon is worth nothing for another, nor for one with another role", async () => {
    await using master = await daemonIn("master");
    await using worker = await daemonIn("any");
    const nonce = newNonce();
    // In the middle: the victim logs in to us, believing us the worker; we log in to the master.
    using towards = await RawClient.greeted(master.port);
    const real = await begin(towards, loginRequest("M", nonce));
    using victimSide = await RawClient.greeted(worker.port);
    const shown = await begin(victimSide, loginRequest("M", nonce));
    expect([real.role, shown.role]).toEqual(["master", "any"]);
    // What the victim answers to the worker's challenge, sent on to the master.
    const relayed = proofOf("M", nonce, shown);
    expect(errorOf(await ask(towards, authRequest(relayed)))).toMatchObject(WRONG);

    // The master's nonce under the worker's role: the victim's proof is bound to the role.
    using again = await RawClient.greeted(master.port);
    const challenge = await begin(again, loginRequest("M", nonce));
    const confused = proofOf("M", nonce, { ...challenge, role: "any" });
    expect(errorOf(await ask(again, authRequest(confused)))).toMatchObject(WRONG);
  });

  test("a client notices a daemon in the middle that claims another role", async () => {
    await using daemon = await daemonIn("master");
    // Hands everything on, but says "any" where the daemon says "master".
    using relay = Bun.listen<{ up: Promise<Bun.Socket> | undefined }>({
      hostname: "127.0.0.1",
      port: 0,
      data: { up: undefined },
      socket: {
        open(socket) {
          const up = Bun.connect({
            hostname: "127.0.0.1",
            port: daemon.port,
            socket: {
              data: (_up, chunk) => void socket.write(renamed(chunk)),
              close: () => void socket.end(),
            },
          });
          socket.data = { up };
        },
        data(socket, chunk) {
          void socket.data.up?.then((up) => up.write(chunk));
        },
        close(socket) {
          void socket.data.up?.then((up) => up.end());
        },
      },
    });
    const { stderr, exitCode } = await runProof(["open", `127.0.0.1:${relay.port}`, "-e", "1"], {
      home: homeWith(KEY),
    });
    expect(stderr).toContain(
      `that it has the cluster key ${fingerprint(KEY)}, and cannot prove it`,
    );
    expect(exitCode).toBe(4);
  });

  test("a proof for another role, user or ordinal than the login's is refused", async () => {
    await using daemon = await daemonIn("any");
    for (const change of [{ callerRole: "s" }, { user: "bob" }, { ordinal: "0.1" }]) {
      using client = await RawClient.greeted(daemon.port);
      const nonce = newNonce();
      const callee = await begin(client, loginRequest("M", nonce));
      const proof = proveKey(KEY, "caller", {
        callerNonce: nonce,
        calleeNonce: callee.nonce,
        callerRole: "M",
        calleeRole: callee.role,
        user: "alice",
        ordinal: "0",
        ...change,
      });
      expect(errorOf(await ask(client, authRequest(proof)))).toMatchObject(WRONG);
    }
  });
});

/** A login reply whose daemon is "any" instead of "master"; as it is where there is none. */
function renamed(chunk: Buffer): Buffer {
  const text = chunk.toString("latin1");
  const match = /&P=proof,([A-Za-z0-9_-]+)/.exec(text);
  if (match?.[1] === undefined) return chunk;
  const callee = JSON.parse(Buffer.from(match[1], "base64url").toString()) as Callee;
  // As long as it was, so that the header's length stays right.
  const changed = JSON.stringify({ ...callee, role: "any" }).replace('"any"', '"any"   ');
  const item = Buffer.from(changed).toString("base64url");
  expect(item).toHaveLength(match[1].length);
  return Buffer.from(text.replace(match[1], item), "latin1");
}

describe("keys that differ", () => {
  test("a master whose node has another key is not told to overwrite its own", async () => {
    await using node = await startDaemon({ home: homeWith(OTHER) });
    const home = homeWith(KEY);
    const file = home.write("one.toml", `[[node]]\nhost = "localhost"\nport = ${node.port}\n`);
    await using master = await startDaemon({ home, args: ["--config", file] });
    const { stderr, exitCode } = await runProof(["open", master.address, "-e", "1"], { home });
    expect(stderr).toContain(
      `the daemon has cluster key ${fingerprint(OTHER)}, the caller has ${fingerprint(KEY)}`,
    );
    const hint = stderr.split("\n").find((line) => line.includes("hint: ")) ?? "";
    expect(hint).toContain(
      `if the other nodes have the one of ${home.keyFile} here, copy that file to 127.0.0.1:${node.port}`,
    );
    expect(exitCode).not.toBe(0);
    const { stdout } = await runProof(["status", master.address, "--workers", "--json"], { home });
    expect(stdout).toContain(`copy that file to 127.0.0.1:${node.port}`);
  });

  test("a client is told how to find out whose key is wrong", async () => {
    await using daemon = await startDaemon({ home: homeWith(OTHER) });
    const home = homeWith(KEY);
    const { stderr, exitCode } = await runProof(["open", daemon.address, "-e", "1"], { home });
    expect(stderr).toContain(
      "hint: proof daemon --show-key-fingerprint shows the key of a node: if the other nodes",
    );
    expect(exitCode).toBe(4);
  });
});

describe("changing the key", () => {
  test("proof daemon --show-key-fingerprint prints what daemons and clients speak of", async () => {
    const home = homeWith(KEY);
    const none = await runProof(["daemon", "--show-key-fingerprint"], { home: area.home() });
    expect(none.stderr).toContain("cluster.key: there is no such file");
    expect(none.exitCode).toBe(2);
    const next = home.write("next.key", OTHER);
    const env = { PROOF_SECURITY_ACCEPT: next };
    const shown = await runProof(["daemon", "--show-key-fingerprint"], { home, env });
    expect(shown).toEqual({
      stdout: `${fingerprint(KEY)}  ${home.keyFile}\n${fingerprint(OTHER)}  ${next}  (accepted)\n`,
      stderr: "",
      exitCode: 0,
    });
    const json = await runProof(["daemon", "--show-key-fingerprint", "--json"], { home, env });
    expect(JSON.parse(json.stdout)).toEqual({
      key: { fingerprint: fingerprint(KEY), file: home.keyFile },
      accept: [{ fingerprint: fingerprint(OTHER), file: next }],
    });
  });

  test("goes node by node: and a session that is open stays open", async () => {
    const [first, second, client] = [homeWith(KEY), homeWith(KEY), homeWith(KEY)];
    await using worker = await startDaemon({ home: second });
    const node = `[[node]]\nhost = "127.0.0.1"\nport = ${worker.port}\n`;
    await using master = await startDaemon({ home: first, config: node });
    const reload = async (daemon: RunningDaemon, home: Home, security: string): Promise<void> => {
      const before = daemon.log().length;
      home.writeConfig(`[security]\n${security}\n${home === first ? node : ""}`);
      daemon.signal("SIGHUP");
      await waitFor("the new keys", () =>
        daemon
          .log()
          .slice(before)
          .some(({ message }) => message === "configuration read again"),
      );
    };
    const works = async (): Promise<void> => {
      const { stdout, exitCode } = await runProof(["open", master.address, "-e", "1"], {
        home: client,
      });
      expect({ stdout, exitCode }).toEqual({ stdout: "0.0: 1\n", exitCode: 0 });
    };
    await works();
    await using session = await startProof(["open", master.address], { home: client });
    await session.says("PROOF set to parallel mode (1 workers)");
    // The new key is accepted everywhere, then shown everywhere, then the old one goes; a test of each mix.
    for (const home of [first, second]) home.write("next.key", OTHER);
    const paths = ({ path }: Home) => ({
      old: `${path}/.config/proof/cluster.key`,
      next: `${path}/next.key`,
    });
    for (const [daemon, home] of [
      [master, first],
      [worker, second],
    ] as const) {
      await reload(daemon, home, `accept = ["${paths(home).next}"]`);
      await works();
    }
    for (const [daemon, home] of [
      [worker, second],
      [master, first],
    ] as const) {
      await reload(daemon, home, `key = "${paths(home).next}"\naccept = ["${paths(home).old}"]`);
      await works();
    }
    client.writeKey(OTHER);
    await works();
    for (const [daemon, home] of [
      [master, first],
      [worker, second],
    ] as const) {
      await reload(daemon, home, `key = "${paths(home).next}"`);
      await works();
    }
    session.write(".exec 6 * 7\n");
    session.end();
    expect(await session.finished()).toMatchObject({ stdout: "0.0: 42\n", exitCode: 0 });
    client.writeKey(KEY);
    const { stderr, exitCode } = await runProof(["open", master.address, "-e", "1"], {
      home: client,
    });
    expect(stderr).toContain(
      `the daemon has cluster key ${fingerprint(OTHER)}, the caller has ${fingerprint(KEY)}`,
    );
    expect(exitCode).toBe(4);
  });

  test("a key file that is missing or open to others leaves the old keys in force", async () => {
    const home = homeWith(KEY);
    await using daemon = await startDaemon({ home });
    home.writeConfig('[security]\naccept = ["nowhere.key"]\n');
    daemon.signal("SIGHUP");
    const entry = await daemon.logged("configuration not read again");
    expect(entry["error"]).toContain("nowhere.key: there is no such file");
    expect((await runProof(["status", daemon.address], { home: homeWith(KEY) })).exitCode).toBe(0);
  });
});

test("daemons that start at once with one home make one key, and none finds half of it", async () => {
  for (let round = 0; round < 5; round++) {
    const home = area.home();
    await using started = new AsyncDisposableStack();
    const daemons = await Promise.all(
      Array.from({ length: 4 }, async () => started.use(await startDaemon({ home }))),
    );
    const keys = await Promise.all(
      daemons.map(async (each) => (await each.logged("listening"))["key"]),
    );
    expect(new Set(keys).size).toBe(1);
  }
});
