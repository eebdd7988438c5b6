/** Call-outs: masters under accounts of their own reach workers that ask for certificates, and never see the key. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { TProof } from "../../src/index.ts";
import { CALL_OUT_ITEM, type CallOut, encodeCallOut } from "../../src/protocol/call-out.ts";
import { Request } from "../../src/protocol/codes.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import { HELLO } from "../../src/protocol/handshake.ts";
import { encodeItems, login, LONG_USER } from "../../src/protocol/requests.ts";
import { type Account, accounts, makeAccounts, SKIPPED } from "../helpers/accounts.ts";
import { useArea } from "../helpers/area.ts";
import { Authority, NO_OPENSSL, openssl } from "../helpers/certificates.ts";
import { NO_WAITING, type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { type Home } from "../helpers/home.ts";
import { Hosts, inventory, namespaces, SKIPPED as NO_HOSTS } from "../helpers/namespaces.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const possible = accounts.possible && openssl.possible;

function tls(settings: Readonly<Record<string, string | boolean>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return ["[tls]", ...lines, ""].join("\n");
}

/** Root's daemon, with a state directory that other accounts get through. */
function daemonConfig(state: string, secured: string): string {
  return `[daemon]\nstate = "${state}"\n[security]\nusers = "system"\n${secured}`;
}

function stateOf(name: string): string {
  mkdirSync(join(area.path, "s"), { recursive: true, mode: 0o711 });
  chmodSync(join(area.path, "s"), 0o711);
  return join(area.path, "s", name);
}

describe.skipIf(!possible || !namespaces.possible)(
  `two hosts, mutual TLS${SKIPPED}${NO_OPENSSL}${NO_HOSTS}`,
  () => {
    let alice: Account;
    let hosts: Hosts;
    let master: RunningDaemon;
    let worker: RunningDaemon;
    let key: string;

    beforeAll(async () => {
      [alice] = (await makeAccounts(area, "h")) as [Account];
      alice.makeKey();
      const authority = new Authority(`${area.path}/certs`);
      // As /etc/ssl/private is: nobody but root gets at the keys in it.
      chmodSync(`${area.path}/certs`, 0o700);
      hosts = area.keep(Hosts.create(area, 2));
      const secured = (number: number, names: string): string => {
        const pair = authority.sign(names);
        if (number === 1) key = pair.key;
        return tls({ ...pair, ca: authority.ca, required: true, mutual: true });
      };
      const [first, second] = [hosts.at(1), hosts.at(2)];
      const workers = inventory([second], "workers = 2");
      const gate = secured(1, `IP:${first.address}`);
      const node = secured(2, `IP:${second.address}`);
      worker = area.keep(
        await second.startDaemon({ config: daemonConfig(stateOf("w"), node), env: NO_WAITING }),
      );
      master = area.keep(
        await first.startDaemon({
          config: daemonConfig(stateOf("m"), gate) + workers,
          env: NO_WAITING,
        }),
      );
      const own = authority.sign("DNS:alice");
      const files = { cert: own.cert, key: own.key, ca: authority.ca };
      for (const [name, path] of Object.entries(files))
        alice.home.write(`${name}.pem`, readFileSync(path), 0o600);
      alice.home.writeConfig(tls({ cert: "~/cert.pem", key: "~/key.pem", ca: "~/ca.pem" }));
      alice.own("cert.pem", "key.pem", "ca.pem");
      alice.own(".config", ".config/proof", ".config/proof/proof.toml");
    });

    const place = () => {
      const { netns, name } = hosts.at(1);
      return { ...alice.place, netns, hostname: name };
    };
    const open = (...lines: string[]) =>
      runProof(
        ["open", `proofs://${hosts.at(1).address}`, ...lines.flatMap((line) => ["-e", line])],
        place(),
      );

    test("a session opens and works, and nobody was refused", async () => {
      const { stdout, stderr, exitCode } = await open("process.getuid()");
      expect(stderr).toContain("PROOF set to parallel mode (2 workers)");
      expect(stdout).toBe(`0.0-0.1: ${alice.uid}\n`);
      expect(exitCode).toBe(0);
      expect(worker.log().filter(({ message }) => message === "login refused")).toEqual([]);
    });

    test("the key is not in the master's memory, nor may the user's code read it", async () => {
      await using session = await startProof(["open", `proofs://${hosts.at(1).address}`], place());
      await session.says("PROOF set to parallel mode (2 workers)");
      const { stdout } = await hosts.at(1).runProof(["status", "--json", "proofs://10.77.0.1"]);
      const [found] = (
        JSON.parse(stdout) as {
          daemons: { health: { sessions: { pid: number; role: string; user: string }[] } }[];
        }
      ).daemons[0]!.health.sessions.filter(
        ({ role, user }) => role === "master" && user === alice.name,
      );
      const text = readFileSync(key, "latin1");
      const secret = text.split("\n")[1] ?? "";
      expect(secret.length).toBe(64);
      const inPem = Buffer.from(secret);
      const inDer = Buffer.from(secret, "base64").subarray(16, 48);
      // The search itself works: the daemon has it.
      expect(memoryHolds(master.pid, [inPem, inDer])).toBe(true);
      expect(memoryHolds(found?.pid ?? 0, [inPem, inDer])).toBe(false);
      session.write(`.sh cat ${key}\n`);
      await session.shows("Permission denied");
      session.end();
      await session.finished();
    });

    test("the end of a client ends what it had on the other host", async () => {
      await using session = await startProof(["open", `proofs://${hosts.at(1).address}`], place());
      await session.says("PROOF set to parallel mode (2 workers)");
      session.signal("SIGKILL");
      const ended = async (): Promise<boolean> => {
        const { stdout } = await hosts.at(2).runProof(["status", "--json", "proofs://10.77.0.2"]);
        return stdout.includes('"sessions":[]');
      };
      await waitFor("the end of the workers", ended);
    });
  },
);

describe.skipIf(!possible)(`one host${SKIPPED}${NO_OPENSSL}`, () => {
  let alice: Account;
  let root: Home;
  let master: RunningDaemon;
  let worker: RunningDaemon;
  let authority: Authority;
  let secured: string;
  let config: string;
  const LOOPBACK = ["--host", "127.0.0.1"];

  beforeAll(async () => {
    [alice] = (await makeAccounts(area, "i")) as [Account];
    alice.makeKey();
    authority = new Authority(`${area.path}/certs1`);
    const pair = authority.sign("DNS:localhost,IP:127.0.0.1");
    secured = tls({ ...pair, ca: authority.ca, required: true });
    root = area.home("root");
    const start = (name: string, more = ""): Promise<RunningDaemon> =>
      startDaemon({
        home: root,
        config: daemonConfig(stateOf(name), secured) + more,
        args: LOOPBACK,
      });
    worker = area.keep(await start("x"));
    const node = `[[node]]\nhost = "127.0.0.1"\nport = ${worker.port}\nworkers = 1\n`;
    master = area.keep(await start("y", node));
    // The library runs in this very process, under root's account.
    const place = area.home("lib");
    const identity = place.write(
      "identity",
      readFileSync(`${alice.home.path}/.ssh/id_ed25519`),
      0o600,
    );
    const own = `[security]\nusers = "system"\nkey = "~/none"\nidentity = "${identity}"\n`;
    config = place.write("proof.toml", own + tls({ ca: authority.ca }));
  });

  /** What a call-out to `target` is answered that the code of a user makes in its master's process. */
  async function answer(proof: TProof, target: CallOut | string): Promise<string> {
    const item = typeof target === "string" ? target : encodeCallOut(target);
    const items = encodeItems("", [
      ["usr", alice.name],
      [CALL_OUT_ITEM, item],
    ]);
    const body = login.encode({ pid: 1, user: LONG_USER, reserved: 0, capver: 0xff, role: "i" });
    const request = encodeRequest({ stream: 1, id: Request.login, body, payload: items });
    const hex = Buffer.concat([HELLO, request]).toString("hex");
    const socket = join(area.path, "s", "y", `127.0.0.1-${master.port}`, "xpd.sock");
    const code = `await new Promise((resolve) => {
      let text = "";
      Bun.connect({ unix: ${JSON.stringify(socket)}, socket: {
        open: (s) => void s.write(Buffer.from("${hex}", "hex")),
        data: (_s, chunk) => void (text += chunk.toString("latin1")),
        close: () => resolve("closed: " + text),
      } }).catch((e) => resolve(e.code));
      setTimeout(() => resolve("open: " + text), 1000);
    })`;
    const [result] = await proof.exec(code, { ordinal: "0" });
    return String(result?.value);
  }

  const openMaster = ({ port } = master): Promise<TProof> =>
    TProof.open(`proofs://${alice.name}@localhost:${port}`, { config });

  test("a master gets to the nodes of its workers, so often, and nowhere else", async () => {
    await using proof = await openMaster();
    const { port } = worker;
    expect(await answer(proof, { host: "127.0.0.1", port: master.port })).toContain(
      "no worker of this session is there",
    );
    for (const host of ["localhost", "10.0.0.1", "::1", ""])
      expect(await answer(proof, { host, port })).toContain("no worker of this session is there");
    for (const item of [
      "",
      "e30",
      "W10",
      Buffer.from('{"host":[],"port":-1}').toString("base64url"),
    ])
      expect(await answer(proof, item)).toStartWith("closed: ");
    // One is the session's own, one more may be open for a while.
    const code = (n: number) => answer(proof, { host: "127.0.0.1", port }).then((t) => [n, t]);
    expect(String((await code(1))[1])).toStartWith("open: ");
    expect(String((await code(2))[1])).toContain("it has 2 already");
    const [six] = await proof.exec("6 * 7");
    expect(six?.value).toBe(42);
  });

  test("large things pass both ways, as fast as whoever is slower takes them", async () => {
    await using proof = await openMaster();
    const size = 16 * 2 ** 20;
    const asked = proof.exec(
      `const big = new Uint8Array(${size}); for (let i = 0; i < big.length; i += 4093) big[i] = i & 255; big`,
    );
    proof.pause();
    await Bun.sleep(300);
    proof.resume();
    const [{ value } = {}] = await asked;
    const big = value as Uint8Array;
    expect(big.length).toBe(size);
    const wrong = big.findIndex((byte, i) => byte !== (i % 4093 === 0 ? i & 255 : 0));
    expect(wrong).toBe(-1);
    const [up] = await proof.exec(`"${"x".repeat(4_000_000)}".length`);
    expect(up?.value).toBe(4_000_000);
  });

  test("a process that the master has started gets no call-out", async () => {
    await using proof = await openMaster();
    const socket = join(area.path, "s", "y", `127.0.0.1-${master.port}`, "xpd.sock");
    const script = `require("net").connect(${JSON.stringify(socket)}).on("close", () => console.log("hung up")).on("error", () => {})`;
    const [result] = await proof.exec(
      `Bun.spawnSync(["node", "-e", ${JSON.stringify(script)}]).stdout.toString()`,
      { ordinal: "0" },
    );
    expect(result?.value).toBe("hung up\n");
  });

  test("why it cannot be reached gets to the user", async () => {
    const config = daemonConfig(stateOf("z"), tls({ ...authority.sign("DNS:elsewhere") }));
    await using other = await startDaemon({ home: root, config, args: LOOPBACK });
    const nodes = [other, worker].map(
      ({ port }) => `[[node]]\nhost = "127.0.0.1"\nport = ${port}\n`,
    );
    const gate = daemonConfig(stateOf("g"), secured) + nodes.join("");
    await using daemon = await startDaemon({ home: root, config: gate, args: LOOPBACK });
    await using proof = await openMaster(daemon);
    expect(proof.failures).toEqual([
      expect.objectContaining({
        ordinal: "0.0",
        code: "TLS_CERTIFICATE",
        phase: "login",
        message: expect.stringContaining("is for DNS:elsewhere, not for 127.0.0.1"),
      }),
    ]);
  });
});

/** Whether one of `secrets` is in what a process may write to of its memory. */
function memoryHolds(pid: number, secrets: readonly Buffer[]): boolean {
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8").split("\n");
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    return maps.some((line) => {
      const [, from = "", to = ""] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === "") return false;
      return holds(memory, Number.parseInt(from, 16), Number.parseInt(to, 16), secrets);
    });
  } finally {
    closeSync(memory);
  }
}

function holds(fd: number, from: number, to: number, secrets: readonly Buffer[]): boolean {
  const buffer = Buffer.alloc(8 * 2 ** 20);
  // Pieces overlap, so that nothing is missed between two.
  for (let at = from; at < to; at += buffer.length - 128) {
    let length: number;
    try {
      length = readSync(fd, buffer, 0, Math.min(buffer.length, to - at), at);
    } catch {
      return false;
    }
    const piece = buffer.subarray(0, length);
    if (secrets.some((secret) => piece.includes(secret))) return true;
  }
  return false;
}
