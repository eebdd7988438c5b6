/** TLS: one port for both, who believes whom, what is said when they do not, and certificates that change. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import { TProof } from "../../src/index.ts";
import { useArea } from "../helpers/area.ts";
import { Authority, type Certificate, NO_OPENSSL, openssl } from "../helpers/certificates.ts";
import { failDaemon, NO_WAITING, type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { openingLines, runProof, startProof } from "../helpers/proof.ts";
import { errorOf, RawClient } from "../helpers/raw-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const LOCAL = "DNS:localhost,IP:127.0.0.1";
/** Begin of a ClientHello whose rest never comes. */
const BEGIN = "16 0301 0200 01 0001fc 0303";

/** The text of a [tls] table. */
function tls(settings: Readonly<Record<string, string | boolean>>): string {
  return [
    "[tls]",
    ...Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
    "",
  ].join("\n");
}

const key = crypto.getRandomValues(new Uint8Array(32));

/** A home of the same cluster. */
function member(name: string, config = ""): Home {
  const home = area.home(name);
  home.writeKey(key);
  home.writeConfig(config);
  return home;
}

function open(home: Home, address: string, ...args: string[]) {
  return runProof(["open", address, ...args], { home });
}

describe.skipIf(!openssl.possible)(`TLS${NO_OPENSSL}`, () => {
  let authority: Authority;
  let stranger: Authority;
  let server: Certificate;
  /** Serves both, with one worker for each session. */
  let both: RunningDaemon;
  let bothHome: Home;
  /** Refuses plain peers. */
  let strict: RunningDaemon;
  let believer: Home;

  beforeAll(async () => {
    authority = new Authority(`${area.path}/certs`);
    stranger = new Authority(`${area.path}/certs`, "stranger");
    server = authority.sign(LOCAL);
    believer = member("c", tls({ ca: authority.ca }));
    bothHome = member("b", tls({ ...server }));
    both = area.keep(
      await startDaemon({ home: bothHome, args: ["--workers", "2"], env: NO_WAITING }),
    );
    const required = tls({ ...server, ca: authority.ca, required: true });
    strict = area.keep(
      await startDaemon({ home: member("s", required), args: ["--workers", "2"] }),
    );
  });

  describe("one port for both", () => {
    test.each(["", "proof://", "proofs://"])("%slocalhost", async (scheme) => {
      expect(await open(believer, `${scheme}${both.address}`, "-e", "6 * 7")).toEqual({
        stdout: "0.0-0.1: 42\n",
        stderr: expect.stringMatching(openingLines(2)),
        exitCode: 0,
      });
    });

    test("by address and by name, in proof status too", async () => {
      for (const host of ["localhost", "127.0.0.1"]) {
        const args = ["status", `proofs://${host}:${both.port}`, "--workers"];
        const { stdout, exitCode } = await runProof(args, { home: believer });
        expect(stdout).toMatch(/^OK - .*1 of 1 worker node up/);
        expect(exitCode).toBe(0);
      }
    });

    test("what is said inside of TLS cannot be read on the way", async () => {
      const word = "a-word-that-travels";
      using tap = wiretap(both.port);
      const inside = await open(believer, `proofs://localhost:${tap.port}`, "-e", `"${word}"`);
      expect(inside.stdout).toContain(word);
      expect(tap.seen.length).toBeGreaterThan(1000);
      expect(tap.seen[0]).toBe(0x16);
      expect(tap.seen.includes(word)).toBe(false);
      const outside = await open(believer, `localhost:${tap.port}`, "-e", `"${word}"`);
      expect(outside.stdout).toContain(word);
      expect(tap.seen.includes(word)).toBe(true);
    });

    test("the cluster key stays in force", async () => {
      const outsider = area.home("o");
      outsider.writeConfig(tls({ ca: authority.ca }));
      const { stderr, exitCode } = await open(outsider, `proofs://${both.address}`, "-e", "1");
      expect(stderr).toContain("asks for the cluster key");
      expect(exitCode).toBe(4);
    });
  });

  describe("required", () => {
    test("workers are called with TLS too", async () => {
      const { stdout, stderr } = await open(believer, `proofs://${strict.address}`, "-e", "1");
      expect({ stdout, stderr }).toEqual({
        stdout: "0.0-0.1: 1\n",
        stderr: expect.stringMatching(openingLines(2)),
      });
    });

    test("a plain client is told what to do", async () => {
      const { stderr, exitCode } = await open(believer, strict.address, "-e", "1");
      expect(stderr).toMatch(/proof: \S+: this daemon requires TLS: use proofs:\/\/\S+/);
      expect(stderr).toContain(`hint: use proofs://localhost:${strict.port}`);
      expect(exitCode).toBe(3);
      await strict.logged("login refused", ({ error }) => String(error).includes("requires TLS"));
    });

    test("ROOT's own client is told in its own words", async () => {
      using client = await RawClient.greeted(strict.port);
      const login = "0100 0c1d 00003d1f 70726f6f66750000 2400 01 4d 00000000";
      expect(errorOf(await client.ask(login))).toMatchObject({
        status: 4003,
        number: 3010,
        text: expect.stringContaining("this daemon requires TLS: use proofs://"),
      });
    });

    test("in the caller's own configuration makes proofs:// the default", async () => {
      const home = member("r", tls({ ca: authority.ca, required: true }));
      expect((await open(home, strict.address, "-e", "1")).stdout).toBe("0.0-0.1: 1\n");
      expect((await open(home, `proof://${strict.address}`, "-e", "1")).exitCode).toBe(3);
    });

    test("one pair of files for the whole cluster needs no authority", async () => {
      const pair = tls({ ...stranger.sign("DNS:whatever"), required: true });
      await using daemon = await startDaemon({ home: member("p", pair), args: ["--workers", "1"] });
      const { stdout } = await open(member("q", pair), daemon.address, "-e", "1");
      expect(stdout).toBe("0.0: 1\n");
    });
  });

  describe("worker nodes", () => {
    const nodes = (port: number, text: string): string =>
      `[[node]]\nhost = "localhost"\nport = ${port}\n${text}`;

    test("tls = true calls them with TLS", async () => {
      const config = tls({ ca: authority.ca }) + nodes(strict.port, "tls = true\n");
      await using master = await startDaemon({ home: member("m", config) });
      expect((await open(believer, master.address, "-e", "1")).stdout).toBe("0.0: 1\n");
      const status = await runProof(["status", master.address, "--workers"], { home: believer });
      expect(status.exitCode).toBe(0);
    });

    test("without it the refusal names the key to set", async () => {
      await using master = await startDaemon({ home: member("m", nodes(strict.port, "")) });
      const { stderr, exitCode } = await open(believer, master.address, "-e", "1");
      expect(stderr).toMatch(/worker 0\.0 on \S+ failed in phase login: .*requires TLS/);
      expect(stderr).toContain("set tls = true in its [[node]] table");
      expect(exitCode).toBe(1);
    });

    test("in proof.conf they are written proofs://host", async () => {
      const home = member("m", tls({ ca: authority.ca }));
      const conf = home.write("proof.conf", `worker proofs://localhost:${strict.port} repeat=2\n`);
      await using master = await startDaemon({ home, args: ["--conf", conf] });
      expect((await open(believer, master.address, "-e", "1")).stdout).toBe("0.0-0.1: 1\n");
    });
  });

  describe("mutual", () => {
    let mutual: RunningDaemon;

    beforeAll(async () => {
      const config = tls({ ...server, ca: authority.ca, required: true, mutual: true });
      mutual = area.keep(
        await startDaemon({ home: member("x", config), args: ["--workers", "1"] }),
      );
    });

    test("a certificate of the right authority is let in, and so are workers", async () => {
      const home = member("y", tls({ ca: authority.ca, ...authority.sign("DNS:alice") }));
      const { stdout, stderr } = await open(home, `proofs://${mutual.address}`, "-e", "1");
      expect({ stdout, stderr }).toEqual({
        stdout: "0.0: 1\n",
        stderr: expect.stringMatching(openingLines(1)),
      });
    });

    test.each([
      ["none", () => ({}), "the caller shows none"],
      [
        "one of another authority",
        () => ({ ...stranger.sign("DNS:a") }),
        "authority that is not known here",
      ],
      [
        "one that has expired",
        () => ({ ...authority.sign("DNS:a", -1) }),
        "the caller shows one that has expired",
      ],
    ])("%s: refused, and told why", async (_name, shown, text) => {
      const home = member("z", tls({ ca: authority.ca, ...shown() }));
      const { stderr, exitCode } = await open(home, `proofs://${mutual.address}`, "-e", "1");
      expect(stderr).toContain("this daemon asks for a certificate, ");
      expect(stderr).toContain(text);
      expect(stderr).toContain("hint: set tls.cert and tls.key");
      expect(exitCode).toBe(4);
    });

    test("plain: refused too", async () => {
      const { stderr, exitCode } = await open(believer, mutual.address, "-e", "1");
      expect(stderr).toContain("requires TLS");
      expect(exitCode).toBe(3);
    });
  });

  describe("one side speaks it, the other does not", () => {
    test("proofs:// to a daemon without a certificate: both say so", async () => {
      await using plain = await startDaemon({ home: member("n") });
      const { stderr, exitCode } = await open(believer, `proofs://${plain.address}`, "-e", "1");
      expect(stderr).toContain(`localhost:${plain.port}: speaks no TLS`);
      expect(stderr).toContain(
        `hint: use proof://localhost:${plain.port}, or configure [tls] there`,
      );
      expect(exitCode).toBe(3);
      await plain.logged("connection closed", ({ why }) =>
        String(why).includes("a TLS client on a plain port"),
      );
    });

    test("proofs:// to a web server", async () => {
      using web = Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
      });
      const { stderr, exitCode } = await open(believer, `proofs://127.0.0.1:${web.port}`);
      expect(stderr).toContain("a web server answered, without TLS");
      expect(exitCode).toBe(3);
    });

    test("proofs:// to something that says nothing", async () => {
      using silent = Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: () => undefined },
      });
      const home = member("t", `[startup]\ntcp = "500ms"\n`);
      const { stderr, exitCode } = await open(home, `proofs://127.0.0.1:${silent.port}`);
      expect(stderr).toContain("no TLS handshake within 0.5 s");
      expect(exitCode).toBe(3);
    });

    test("plain to something that speaks TLS only", async () => {
      using only = tlsServer(server);
      const { stderr, exitCode } = await open(believer, `127.0.0.1:${only.port}`);
      expect(stderr).toMatch(/127\.0\.0\.1:\d+: a TLS server answered, not a proof daemon/);
      expect(stderr).toContain(`use proofs://127.0.0.1:${only.port}`);
      expect(exitCode).toBe(3);
    });
  });

  describe("a certificate that is not believed", () => {
    test("another authority: which file to look at", async () => {
      const home = member("w", tls({ ca: stranger.ca }));
      const { stderr, exitCode } = await open(home, `proofs://${both.address}`, "-e", "1");
      expect(stderr).toContain(
        `localhost:${both.port}: the daemon's certificate is signed by an authority that is not known here`,
      );
      expect(stderr).toContain(`hint: tls.ca is ${stranger.ca}; it must hold the certificate`);
      expect(exitCode).toBe(4);
    });

    test("no tls.ca: the system's authorities, and which key to set", async () => {
      const { stderr, exitCode } = await open(member("w"), `proofs://${both.address}`, "-e", "1");
      expect(stderr).toContain("not known here");
      expect(stderr).toContain("hint: set tls.ca in proof.toml");
      expect(exitCode).toBe(4);
    });

    test("another name: which names it has", async () => {
      const other = authority.sign("DNS:gate.example.org,IP:192.0.2.1");
      await using daemon = await startDaemon({ home: member("w", tls({ ...other })) });
      for (const host of ["localhost", "127.0.0.1"]) {
        const { stderr, exitCode } = await open(believer, `proofs://${host}:${daemon.port}`);
        expect(stderr).toContain(
          "the daemon's certificate is for DNS:gate.example.org, IP Address:192.0.2.1, not for " +
            host,
        );
        expect(exitCode).toBe(4);
      }
    });

    test("an expired one", async () => {
      using late = tlsServer(authority.sign(LOCAL, -1));
      const { stderr, exitCode } = await open(believer, `proofs://127.0.0.1:${late.port}`);
      expect(stderr).toContain("the daemon's certificate has expired");
      expect(exitCode).toBe(4);
    });
  });

  describe("files that cannot be used: exit code 2, and which", () => {
    const other = (home: Home, name: string, text: string, mode = 0o600) =>
      home.write(name, text, mode);
    test.each<[string, (home: Home) => Record<string, string | boolean>, RegExp]>([
      ["no file", () => ({ ...server, cert: "/nowhere.pem" }), /\/nowhere\.pem: no such file/],
      [
        "no certificate",
        (home) => ({ ...server, cert: other(home, "x", "x") }),
        /x: holds no certificate in PEM form/,
      ],
      [
        "no key",
        (home) => ({ ...server, key: other(home, "x", "x") }),
        /x: holds no private key in PEM form/,
      ],
      [
        "another key",
        () => ({ ...server, key: stranger.sign(LOCAL).key }),
        /\.key: does not belong to the certificate in \S+\.pem/,
      ],
      [
        "an expired certificate",
        () => ({ ...authority.sign(LOCAL, -1) }),
        /\.pem: the certificate expired on /,
      ],
      [
        "a key for all to read",
        (home) => ({ ...server, key: other(home, "k", readFileSync(server.key, "utf8"), 0o644) }),
        /k: has mode 0644, so others may read/,
      ],
      [
        "no authorities",
        (home) => ({ ...server, ca: other(home, "x", ""), required: true, mutual: true }),
        /x: holds no certificate/,
      ],
      [
        "no key at all",
        () => ({ cert: server.cert }),
        /proof\.toml:2:1: tls\.cert needs tls\.key as well/,
      ],
      [
        "mutual without authorities",
        () => ({ ...server, required: true, mutual: true }),
        /tls\.mutual needs tls\.ca as well/,
      ],
      [
        "mutual, but not required",
        () => ({ ...server, ca: authority.ca, mutual: true }),
        /tls\.mutual needs tls\.required = true/,
      ],
      [
        "required without a certificate",
        () => ({ required: true }),
        /tls\.required needs a certificate: tls\.cert is empty/,
      ],
    ])("%s", async (_name, settings, text) => {
      const home = member("f");
      const config = tls(settings(home));
      const { stderr, exitCode } = await failDaemon({ home, config });
      expect(stderr).toMatch(text);
      expect(exitCode).toBe(2);
    });

    test.skipIf(process.getuid?.() === 0)(
      "a key that this account may not read keeps nobody from calling (root may read all)",
      async () => {
        const key = member("g").write("k", readFileSync(server.key), 0o000);
        const home = member("g", tls({ ...server, key, ca: authority.ca }));
        expect((await open(home, `proofs://${both.address}`, "-e", "1")).exitCode).toBe(0);
      },
    );
  });

  test("SIGHUP: a new certificate for those who come, the old sessions go on; a bad one changes nothing", async () => {
    const home = member("h");
    const put = ({ cert, key: secret }: Certificate): void => {
      copyFileSync(cert, `${home.path}/c.pem`);
      copyFileSync(secret, `${home.path}/k.pem`);
      chmodSync(`${home.path}/k.pem`, 0o600);
    };
    put(server);
    const config = tls({ cert: "~/c.pem", key: "~/k.pem" });
    await using daemon = await startDaemon({ home, config, args: ["--workers", "1"] });
    const address = `proofs://${daemon.address}`;
    await using old = await startProof(["open", address], { home: believer });
    await old.says("PROOF set to parallel mode");

    put(stranger.sign(LOCAL));
    daemon.signal("SIGHUP");
    await daemon.logged("configuration read again");
    expect((await open(believer, address, "-e", "1")).stderr).toContain("not known here");
    const newcomer = member("i", tls({ ca: stranger.ca }));
    expect((await open(newcomer, address, "-e", "1")).stdout).toBe("0.0: 1\n");

    home.write("c.pem", readFileSync(server.cert));
    daemon.signal("SIGHUP");
    const refusal = await daemon.logged("configuration not read again");
    expect(refusal["error"]).toContain("k.pem: does not belong to the certificate in ");
    expect((await open(newcomer, address, "-e", "1")).stdout).toBe("0.0: 1\n");

    old.write(".exec 6 * 7\n");
    await old.shows("0.0: 42\n");
    old.end();
    expect((await old.finished()).exitCode).toBe(0);
  });

  test("16 MiB from each worker, to a reader that waits", async () => {
    const config = believer.write(
      "library.toml",
      `[security]\nkey = "${believer.keyFile}"\n${tls({ ca: authority.ca })}`,
    );
    await using proof = await TProof.open(`proofs://${strict.address}`, { config });
    const size = 16 * 1024 * 1024;
    const asked = proof.exec(
      `const big = new Uint8Array(${size}); for (let i = 0; i < big.length; i += 4093) big[i] = i & 255; big`,
    );
    proof.pause();
    await Bun.sleep(300);
    proof.resume();
    const results = await asked;
    expect(results.length).toBe(2);
    for (const { value } of results) {
      const big = value as Uint8Array;
      expect(big.length).toBe(size);
      let wrong = 0;
      for (let i = 0; i < size; i++) if (big[i] !== (i % 4093 === 0 ? i & 255 : 0)) wrong++;
      expect(wrong).toBe(0);
    }
    // And up: the code itself is large.
    const [first] = await proof.exec(`"${"x".repeat(4_000_000)}".length`);
    expect(first?.value).toBe(4_000_000);
  });

  test("SIGKILL of the client leaves nothing", async () => {
    await using client = await startProof(
      ["open", `proofs://${both.address}`, "-e", ".sh sleep 1000"],
      { home: believer },
    );
    await client.says("PROOF set to parallel mode");
    const home = bothHome.path;
    expect(proofservsOf(home).size).toBe(3);
    client.signal("SIGKILL");
    await waitFor("the end of its proofservs", () => proofservsOf(home).size === 0);
  });

  describe("peers that do not get as far as a login", () => {
    let short: RunningDaemon;

    beforeAll(async () => {
      const env = { PROOF_STARTUP_LOGIN: "2s", PROOF_LIMITS_UNAUTHENTICATED: "4" };
      short = area.keep(
        await startDaemon({ home: member("u", tls({ ...server })), env, args: ["--workers", "1"] }),
      );
    });

    test("a handshake that is never finished: ended at the deadline, counted until then", async () => {
      const clients = await Promise.all(
        Array.from({ length: 4 }, () => RawClient.connect(short.port)),
      );
      for (const client of clients) client.send(BEGIN);
      using _fifth = await RawClient.connect(short.port);
      await waitFor("the place of another", () => clients.some(({ isClosed }) => isClosed));
      await short.logged("made room for a newcomer", ({ why }) =>
        String(why).includes("have not logged in yet"),
      );
      for (const client of clients) await client.closed();
      await short.logged("connection closed", ({ why }) => why === "no login within 2 s");
      expect((await open(believer, `proofs://${short.address}`, "-e", "1")).exitCode).toBe(0);
    });

    test("a finished handshake without a login: ended at the deadline too", async () => {
      const closed = Promise.withResolvers<void>();
      await Bun.connect({
        hostname: "127.0.0.1",
        port: short.port,
        tls: { rejectUnauthorized: false },
        socket: { data: () => undefined, close: () => closed.resolve() },
      });
      await closed.promise;
    });

    test("garbage after 0x16, and TLS inside of TLS: an end, a log line, and nobody else notices", async () => {
      using client = await RawClient.connect(short.port);
      client.send(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 200]), Buffer.alloc(300, 7)]));
      await client.closed();
      await short.logged("connection closed", ({ why }) => String(why).startsWith("TLS: "));
      const nested = Promise.withResolvers<void>();
      await Bun.connect({
        hostname: "127.0.0.1",
        port: short.port,
        tls: { rejectUnauthorized: false },
        socket: {
          handshake: (socket) => void socket.write(Buffer.from(BEGIN.replaceAll(" ", ""), "hex")),
          data: () => undefined,
          close: () => nested.resolve(),
        },
      });
      await nested.promise;
      await short.logged("connection closed", ({ why }) => String(why).includes("a TLS client"));
      expect(short.log().filter(({ message }) => message === "internal error")).toEqual([]);
      expect((await open(believer, `proofs://${short.address}`, "-e", "1")).exitCode).toBe(0);
    });
  });
});

/** A server that agrees on TLS and then says nothing. */
function tlsServer({ cert, key: secret }: Certificate) {
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: readFileSync(cert, "utf8"), key: readFileSync(secret, "utf8") },
    socket: { data: () => undefined },
  });
}

/** Passes connections on to `port` and keeps all that passes. */
function wiretap(port: number): Disposable & { port: number; readonly seen: Buffer } {
  const chunks: Buffer[] = [];
  type Side = { peer: Promise<Bun.Socket> };
  const listener = Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const peer = Bun.connect({
          hostname: "127.0.0.1",
          port,
          socket: {
            data(_peer, chunk) {
              chunks.push(chunk);
              socket.write(chunk);
            },
            close: () => void socket.end(),
          },
        });
        socket.data = { peer };
      },
      data(socket, chunk) {
        chunks.push(chunk);
        void socket.data.peer.then((peer) => peer.write(chunk));
      },
      close: (socket) => void socket.data.peer.then((peer) => peer.end()),
    },
  });
  return {
    port: listener.port,
    get seen() {
      return Buffer.concat(chunks);
    },
    [Symbol.dispose]() {
      listener.stop(true);
    },
  };
}
