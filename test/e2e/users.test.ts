/** `users = "system"`: two real accounts, two daemons that run as root, and each trying what it may not. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readPrivateKey } from "../../src/lib/ssh-keys.ts";
import { PROOF_MAJOR, Request } from "../../src/protocol/codes.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import {
  decodeLoginReply,
  encodeCaller,
  fingerprint,
  newNonce,
  type ProofTerms,
} from "../../src/protocol/login.ts";
import { auth, encodeItems, login, OUR_ITEM } from "../../src/protocol/requests.ts";
import {
  encodeUserProof,
  USER_NAMESPACE,
  USER_PROTOCOL,
  userMessage,
} from "../../src/protocol/user-proof.ts";
import { type Account, accounts, Group, makeAccounts, SKIPPED } from "../helpers/accounts.ts";
import { useArea } from "../helpers/area.ts";
import { failDaemon, NO_WAITING, type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { isRunning } from "../helpers/processes.ts";
import type { Finished, Program } from "../helpers/program.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { RawClient } from "../helpers/raw-client.ts";
import { TerminalSession } from "../helpers/terminal.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();

describe.skipIf(!accounts.possible)(`accounts of their own${SKIPPED}`, () => {
  let alice: Account;
  let bob: Account;
  let carol: Account;
  let group: Group;
  let root: Home;
  let master: RunningDaemon;
  let worker: RunningDaemon;

  const config = (nodes = ""): string => `
    [daemon]
    state = "${area.path}/s/p"
    [security]
    users = "system"
    denied_users = ["${carol.name}"]
    superusers = ["@${group.name}"]
    ${nodes}`;

  beforeAll(async () => {
    [alice, bob, carol] = (await makeAccounts(area, "abc")) as [Account, Account, Account];
    group = new Group(`pt${process.pid}g`, [alice]);
    area.keep(group);
    alice.makeKey();
    bob.makeKey("a passphrase");
    carol.makeKey();
    Bun.spawnSync(["mkdir", "-m", "711", join(area.path, "s")]);
    root = area.home("root");
    worker = area.keep(await startDaemon({ home: root, config: config(), env: NO_WAITING }));
    const nodes = `[[node]]\nhost = "127.0.0.1"\nport = ${worker.port}\nworkers = 2\n`;
    master = area.keep(await startDaemon({ home: root, config: config(nodes), env: NO_WAITING }));
  });

  const open = (who: Account, ...lines: string[]): Promise<Finished> =>
    runProof(["open", master.address, ...lines.flatMap((line) => ["-e", line])], who.place);

  /** A session that stays open until it is disposed of. */
  const stay = async (who: Account): Promise<Program> => {
    const program = await startProof(["open", master.address], who.place);
    await program.says("PROOF set to parallel mode (2 workers)");
    return program;
  };

  /** What root sees of the proofservs of an account. */
  const proofservs = async (who: Account, daemon: RunningDaemon) => {
    const { stdout } = await runProof(["status", daemon.address, "--json"], { home: root });
    const report = JSON.parse(stdout) as {
      daemons: {
        health: { sessions: { user: string; pid: number; tag: string; role: string }[] };
      }[];
    };
    return (report.daemons[0]?.health.sessions ?? []).filter(({ user }) => user === who.name);
  };

  test("a user's proofservs run as that user, in its home, with its groups, on every node", async () => {
    const { stdout, stderr, exitCode } = await open(
      alice,
      ".sh id -u; id -g; id -Gn; pwd; echo $HOME $USER",
      "process.getuid() + ' ' + process.geteuid()",
    );
    expect(stderr).toContain("PROOF set to parallel mode (2 workers)");
    for (const ordinal of ["0.0", "0.1"]) {
      const lines = stdout
        .split("\n")
        .filter((line) => line.startsWith(`${ordinal}: `))
        .map((line) => line.slice(`${ordinal}: `.length));
      expect(lines[0]).toBe(String(alice.uid));
      expect(lines[1]).toBe(String(alice.gid));
      expect(lines[2]?.split(" ").toSorted()).toEqual([alice.name, group.name].toSorted());
      expect(lines[3]).toStartWith(`${alice.home.path}/.proof/${alice.name}/session-`);
      expect(lines[4]).toBe(`${alice.home.path} ${alice.name}`);
    }
    expect(stdout).toContain(`0.0-0.1: "${alice.uid} ${alice.uid}"`);
    expect(exitCode).toBe(0);
  });

  test("the next daemon gets the proofservs of users back, and only the user attaches to them", async () => {
    const nodes = `[[node]]\nhost = "127.0.0.1"\nport = ${worker.port}\nworkers = 2\n`;
    const first = await startDaemon({ home: root, config: config(nodes) });
    await using session = await startProof(["open", first.address], alice.place);
    await session.says(/^new session \S+$/m);
    const tag = /^new session (\S+)$/m.exec(session.stderr)?.[1] ?? "";
    const before = await proofservs(alice, first);
    await first.kill();
    await using next = await startDaemon({ home: root, config: config(nodes), port: first.port });
    await session.says("connected again");
    expect((await proofservs(alice, next)).map(({ pid }) => pid)).toEqual(
      before.map(({ pid }) => pid),
    );
    session.write(".exec process.getuid()\n");
    await session.shows(`0.0-0.1: ${alice.uid}\n`);
    const attach = ["open", next.address, "--attach", tag, "-e", "1"];
    expect((await runProof(attach, carol.place)).exitCode).toBe(4);
    expect((await runProof(attach, { home: root })).exitCode).toBe(4);
    session.end();
    expect((await session.finished()).exitCode).toBe(0);
  });

  test("no thread of a proofserv keeps any of root's ids, and root's rights cannot be had back", async () => {
    await using session = await stay(alice);
    const pids = [...(await proofservs(alice, master)), ...(await proofservs(alice, worker))];
    expect(pids).toHaveLength(3);
    for (const { pid } of pids) {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const status = readFileSync(`/proc/${pid}/task/${task}/status`, "utf8");
        const ids = Array<number>(4);
        expect(status).toContain(`Uid:\t${ids.fill(alice.uid).join("\t")}\n`);
        expect(status).toContain(`Gid:\t${ids.fill(alice.gid).join("\t")}\n`);
        expect(status).toMatch(/^CapPrm:\t0+$/m);
        expect(status).toMatch(/^CapEff:\t0+$/m);
      }
    }
    session.write("try { process.setuid(0); 'undone' } catch (e) { 'refused ' + e.code }\n");
    session.write(".sh test -r /proc/self/status && cat /etc/shadow; ls /root\n");
    session.end();
    const { stdout } = await session.finished();
    expect(stdout).not.toContain("undone");
    expect(stdout).not.toContain("root:");
  });

  test("files of a session belong to its user, and nobody else gets at them", async () => {
    await using _session = await stay(alice);
    const sandbox = join(alice.home.path, ".proof", alice.name);
    const [session = ""] = readdirSync(sandbox).filter((name) => name.startsWith("session-"));
    const found = alice.run("find", join(alice.home.path, ".proof"), "!", "-user", alice.name);
    expect(found).toEqual({ text: "", exitCode: 0 });
    // Even if the home is open to all.
    chmodSync(alice.home.path, 0o755);
    try {
      for (const path of [sandbox, join(sandbox, session)])
        expect(bob.run("ls", path).text).toContain("Permission denied");
      const [log = ""] = readdirSync(join(sandbox, session)).filter((name) =>
        name.endsWith(".log"),
      );
      expect(bob.run("cat", join(sandbox, session, log)).text).toContain("Permission denied");
      expect(alice.run("cat", join(sandbox, session, log)).text).toContain("is up, pid");
    } finally {
      chmodSync(alice.home.path, 0o700);
    }
  });

  test("a user can neither signal, nor trace, nor read the proofservs of another", async () => {
    await using _session = await stay(alice);
    for (const { pid } of await proofservs(alice, master)) {
      expect(bob.run("sh", "-c", `kill -9 ${pid}`).text).toContain("not permitted");
      for (const file of ["environ", "maps", "mem"])
        expect(bob.run("cat", `/proc/${pid}/${file}`).exitCode).not.toBe(0);
    }
    expect(await proofservs(alice, master)).toHaveLength(1);
  });

  test("the cluster key is out of reach for users, and their proofservs have it neither", async () => {
    expect(alice.run("cat", root.keyFile).text).toContain("Permission denied");
    const { stdout } = await open(alice, `.sh cat ${root.keyFile}`);
    expect(stdout).not.toContain(readFileSync(root.keyFile, "latin1"));
    expect(alice.run("ls", join(area.path, "s", "p")).text).toContain("Permission denied");
  });

  test("the key of one user, and the key of the cluster, let nobody in as another", async () => {
    const address = `${bob.name}@localhost:${master.port}`;
    const other = await runProof(["open", address, "-e", "1"], alice.place);
    expect(other.stderr).toMatch(/key SHA256:\S+ does not let anybody in as pt\d+b/);
    expect(other.exitCode).toBe(4);
    const entry = await master.logged("user not let in");
    expect(entry["why"]).toContain("authorized_keys does not list it");
    // Root has the cluster key, and no key of bob's.
    const cluster = await runProof(["open", address, "-e", "1"], { home: root });
    expect(cluster.stderr).toContain("asks for a key that proves who you are");
    expect(cluster.exitCode).toBe(4);
    const nobody = `nobody-of-that-name@localhost:${master.port}`;
    expect((await runProof(["open", nobody, "-e", "1"], alice.place)).exitCode).toBe(4);
    const asRoot = await runProof(["open", `root@localhost:${master.port}`], alice.place);
    expect(asRoot.exitCode).toBe(4);
  });

  test("who is on security.denied_users is told so", async () => {
    const { stderr, exitCode } = await open(carol, "1");
    expect(stderr).toContain(`user ${carol.name} may not use this daemon`);
    expect(exitCode).toBe(4);
  });

  test.each([
    ["that others may write to", 0o666, "so others may write to it"],
    ["that is right", 0o600, ""],
  ])("authorized_keys %s", async (_name, mode, why) => {
    const file = join(alice.home.path, ".ssh", "authorized_keys");
    chmodSync(file, mode);
    const { exitCode } = await open(alice, "1");
    chmodSync(file, 0o600);
    expect(exitCode).toBe(why === "" ? 0 : 4);
    if (why !== "")
      await master.logged("user not let in", (entry) => String(entry["why"]).includes(why));
  });

  test("options in front of a key count: from other addresses and for one command it is not good", async () => {
    const file = join(alice.home.path, ".ssh", "authorized_keys");
    const key = readFileSync(file, "utf8");
    const outcome: Record<string, number> = {};
    for (const options of [
      'no-pty,environment="A=b c, d"',
      'from="127.0.0.0/8,::1"',
      'from="10.0.0.1"',
      'command="/bin/true"',
    ]) {
      writeFileSync(file, `# a comment\n\nssh-rsa AAAA broken\n${options} ${key}`);
      outcome[options] = (await open(alice, "1")).exitCode;
    }
    writeFileSync(file, key);
    expect(Object.values(outcome)).toEqual([0, 0, 4, 4]);
  });

  test("an encrypted key asks for its passphrase on the terminal, and does not show it", async () => {
    await using terminal = await TerminalSession.start(["open", master.address], bob.place);
    await terminal.shows(`Passphrase for ${bob.home.path}/.ssh/id_ed25519: `);
    terminal.enter("a wrong one");
    await terminal.shows("Passphrase for");
    terminal.enter("a passphrase");
    const screen = await terminal.prompts();
    expect(screen).toContain("PROOF set to parallel mode (2 workers)");
    expect(screen).not.toContain("a passphrase");
    terminal.enter(".exec process.getuid()");
    expect(await terminal.prompts()).toContain(`0.0-0.1: ${bob.uid}`);
    terminal.enter(".quit");
    expect(await terminal.exited).toBe(0);
  });

  test("an encrypted key without a terminal fails clearly", async () => {
    const without = { ...bob.place };
    const { stderr, exitCode } = await runProof(["open", master.address], without);
    expect(stderr).toMatch(/id_ed25519: is encrypted, and there is no terminal|Passphrase/);
    expect(exitCode).toBe(4);
  });

  test("of others a user sees the number of sessions; root and superusers see all", async () => {
    await using _session = await stay(alice);
    const status = (who: Parameters<typeof runProof>[1]): Promise<Finished> =>
      runProof(["status", master.address, "--workers"], who);
    const tag = (await proofservs(alice, master))[0]?.tag ?? "";
    const dave = { ...bob.place, env: { PROOF_SECURITY_IDENTITY: plainKey(bob) } };
    const seen = await status(dave);
    expect(seen.stdout).toContain("and 1 session of other users");
    expect(seen.stdout).not.toContain(tag);
    expect(seen.stdout).not.toContain(alice.name);
    expect((await status(alice.place)).stdout).toContain(tag);
    expect((await status({ home: root })).stdout).toContain(tag);
  });

  test("proof close: one's own, not another's; superusers any", async () => {
    const mine = { ...bob.place, env: { PROOF_SECURITY_IDENTITY: plainKey(bob) } };
    await using session = await stay(alice);
    const tag = (await proofservs(alice, master))[0]?.tag ?? "";
    const refused = await runProof(["close", master.address, tag], mine);
    expect(refused.stderr).toContain(`session ${tag} is not ${bob.name}'s`);
    expect(refused.exitCode).toBe(4);
    const none = await runProof(["close", master.address, "--all"], mine);
    expect(none).toMatchObject({ stdout: "", exitCode: 0 });
    expect(await proofservs(alice, master)).toHaveLength(1);
    const all = await runProof(["close", master.address, "--all"], alice.place);
    expect(all).toMatchObject({ stdout: `closed ${tag}\n`, exitCode: 0 });
    expect((await session.finished()).exitCode).not.toBe(0);

    await using his = await startProof(["open", master.address], mine);
    await his.says("PROOF set to parallel mode");
    const other = (await proofservs(bob, master))[0]?.tag ?? "";
    // Alice is in the group of superusers.
    const closed = await runProof(["close", master.address, other, "--json"], alice.place);
    expect(JSON.parse(closed.stdout)).toEqual({ closed: [other], failures: [] });
    await waitFor("the end", async () => (await proofservs(bob, master)).length === 0);
  });

  test("proof logs and results: one's own, with no more rights than one has; superusers those of any", async () => {
    const mine = { ...bob.place, env: { PROOF_SECURITY_IDENTITY: plainKey(bob) } };
    const selector = fixture("fill.ts");
    const run = ["open", master.address, "--json", "--process", selector, "100"];
    const { stdout: opened } = await runProof(run, mine);
    const tag = /"tag":"([^"]+)"/.exec(opened)?.[1] ?? "";
    const logs = (who: Parameters<typeof runProof>[1], ...args: string[]): Promise<Finished> =>
      runProof(["logs", master.address, tag, ...args], who);
    const own = await logs(mine);
    expect({ stderr: own.stderr, exitCode: own.exitCode }).toEqual({ stderr: "", exitCode: 0 });
    // Those of the workers come from another daemon.
    for (const ordinal of ["0", "0.0", "0.1"]) expect(own.stdout).toMatch(`\n${ordinal}: `);
    const again = await runProof(["results", master.address, tag, "1", "-q"], mine);
    expect(again.stdout).toStartWith("n  100\n");
    // Alice is in the group of superusers; she has no session of that tag herself.
    expect((await logs(alice.place)).stderr).toContain("there is no session");
    expect((await logs(alice.place, "--user", bob.name)).stdout).toBe(own.stdout);
    const refused = await logs(mine, "--user", alice.name);
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain(`the sessions of ${alice.name} are not ${bob.name}'s`);

    // What a user puts in the place of a log is read with the user's own rights, if at all.
    const directory = join(bob.home.path, ".proof", bob.name, `session-${tag}`);
    symlinkSync("/etc/shadow", join(directory, "worker-0.7-x.log"));
    linkSync(root.write("secret", "the secret\n", 0o600), join(directory, "worker-0.8-x.log"));
    const traps = await logs(mine);
    expect(traps.stdout).not.toMatch(/0\.[78]: /);
    expect(traps.exitCode).toBe(0);
  });

  test("the call-back socket hangs up on everybody but an expected proofserv", async () => {
    const socket = join(area.path, "s", "p", String(master.port), "xpd.sock");
    // Bob connects from inside his own session: every account gets as far as the socket, and no further.
    const code = `await new Promise((resolve) => { const log: string[] = []; Bun.connect({ unix: ${JSON.stringify(socket)}, socket: { open() { log.push("open"); }, data() { log.push("spoke"); }, close() { resolve([...log, "closed"].join(" ")); } } }).catch((e) => resolve(e.code)); })`;
    const env = { PROOF_SECURITY_IDENTITY: plainKey(bob) };
    const { stdout } = await runProof(["open", master.address, "-e", code], { ...bob.place, env });
    expect(stdout).toMatch(/^(0\.[01-]+(\.1)?: "(ECONNRESET|open closed|closed)"\n){1,2}$/);
    await master.logged("connection refused", ({ why }) => why === "no proofserv of this daemon");
  });

  test("the proofservs of a daemon that is killed die with it, even in the middle of the user's code", async () => {
    const killed = await startDaemon({
      home: root,
      config: config(),
      args: ["--workers", "2"],
    });
    const loop = ["open", killed.address, "-e", "while (true) {}"];
    await using _client = await startProof(loop, alice.place);
    const running = async (): Promise<number[]> =>
      (await proofservs(alice, killed)).map(({ pid }) => pid);
    const pids = await waitFor("the workers", async () => {
      const { stdout } = await runProof(["status", killed.address, "--json"], { home: root });
      return stdout.includes('"state":"running"') ? await running() : undefined;
    });
    expect(pids).toHaveLength(3);
    await killed.kill();
    await waitFor("the end of the proofservs", () => !pids.some(isRunning));
  });

  test("a sandbox outside of root's home is root's, with a directory for each user", async () => {
    const shared = join(area.path, "shared");
    Bun.spawnSync(["mkdir", "-m", "755", shared]);
    await using daemon = await startDaemon({
      home: root,
      config: config(),
      args: ["--workers", "1"],
      env: { PROOF_DAEMON_SANDBOX: shared },
    });
    const { stdout } = await runProof(["open", daemon.address, "-e", ".sh pwd"], alice.place);
    expect(stdout).toStartWith(`0.0: ${shared}/${alice.name}/session-`);
    const { uid, mode } = statSync(join(shared, alice.name));
    expect([uid, mode & 0o777]).toEqual([alice.uid, 0o700]);
    // Where others may write, somebody could have put a link in the place of that directory.
    chmodSync(shared, 0o777);
    const bob2 = { ...bob.place, env: { PROOF_SECURITY_IDENTITY: plainKey(bob) } };
    const { stderr } = await runProof(["open", daemon.address, "-e", "1"], bob2);
    expect(stderr).toContain("others than the daemon's account may write to it");
  });

  test("links and pipes that a user plants where the daemon writes lead nowhere", async () => {
    const sandbox = join(alice.home.path, ".proof");
    alice.run("rm", "-rf", sandbox);
    alice.run("ln", "-s", root.path, sandbox);
    const linked = await open(alice, "1");
    expect(linked.stderr).toContain("permission denied");
    expect(readdirSync(root.path)).not.toContain(alice.name);
    alice.run("rm", sandbox);
    const file = join(alice.home.path, ".ssh", "authorized_keys");
    alice.run("mv", file, `${file}.away`);
    alice.run("mkfifo", "-m", "600", file);
    const piped = await open(alice, "1");
    alice.run("mv", `${file}.away`, file);
    expect(piped.exitCode).toBe(4);
    await master.logged("user not let in", ({ why }) => String(why).includes("not a regular file"));
    expect((await open(alice, "1")).exitCode).toBe(0);
  });

  test("a daemon that is not root refuses to start, and so does one without keys", async () => {
    const home = area.home("other");
    const asUser = await runProof(["daemon", "--port", "0"], {
      ...alice.place,
      env: { PROOF_SECURITY_USERS: "system" },
    });
    expect(asUser.stderr).toContain(`needs a daemon that runs as root, not as uid ${alice.uid}`);
    expect(asUser.exitCode).toBe(2);
    const open = await failDaemon({
      home,
      args: ["--host", "127.0.0.1"],
      env: { PROOF_SECURITY_USERS: "system", PROOF_SECURITY_AUTH: "none" },
    });
    expect(open.stderr).toContain('needs security.auth = "key"');
    expect(open.exitCode).toBe(2);
  });

  test("a user's signature is good for one login, one role and one name", async () => {
    const file = join(alice.home.path, ".ssh", "id_ed25519");
    const key = readPrivateKey(readFileSync(file), file);
    if (key === undefined) throw new Error("no key");
    const cluster = fingerprint(readFileSync(root.keyFile));
    const begin = async (client: RawClient, nonce: string): Promise<ProofTerms> => {
      const caller = { major: PROOF_MAJOR, version: "0", nonce, fingerprint: "", heartbeat: 0 };
      const body = login.encode({ pid: 1, user: "?>buf", reserved: 36, capver: 1, role: "M" });
      const payload = encodeItems("", [
        ["usr", alice.name],
        [OUR_ITEM, encodeCaller(caller)],
      ]);
      client.send(encodeRequest({ stream: 1, id: Request.login, body, payload }));
      const callee = decodeLoginReply((await client.frame()).payload);
      expect(callee).toMatchObject({ auth: "user", fingerprint: cluster, proof: "" });
      return {
        callerNonce: nonce,
        calleeNonce: callee?.nonce ?? "",
        callerRole: "M",
        calleeRole: callee?.role ?? "",
        user: alice.name,
        ordinal: "0",
      };
    };
    const prove = async (client: RawClient, terms: ProofTerms, told = cluster): Promise<number> => {
      const signature = key.sign(USER_NAMESPACE, userMessage(terms, told));
      return await show(client, encodeUserProof({ publicKey: key.publicKey, signature }));
    };
    const show = async (client: RawClient, payload: Buffer): Promise<number> => {
      const body = auth.encode(USER_PROTOCOL);
      client.send(encodeRequest({ stream: 1, id: Request.auth, body, payload }));
      return (await client.frame()).status;
    };
    const nonce = newNonce();
    using first = await RawClient.greeted(master.port);
    const terms = await begin(first, nonce);
    expect(await prove(first, terms)).toBe(0);

    using replayed = await RawClient.greeted(master.port);
    await begin(replayed, nonce);
    expect(await prove(replayed, terms)).toBe(4003);
    for (const change of [{ callerRole: "A" }, { user: bob.name }, { calleeRole: "worker" }]) {
      using client = await RawClient.greeted(master.port);
      expect(await prove(client, { ...(await begin(client, newNonce())), ...change })).toBe(4003);
    }
    using otherCluster = await RawClient.greeted(master.port);
    expect(await prove(otherCluster, await begin(otherCluster, newNonce()), "0".repeat(16))).toBe(
      4003,
    );
    for (const payload of ["", "{}", '{"key":"","signature":""}', "[".repeat(10_000)]) {
      using client = await RawClient.greeted(master.port);
      await begin(client, newNonce());
      expect(await show(client, Buffer.from(payload))).toBe(4003);
      await client.closed();
    }
  });

  test("a role that only the cluster has is not to be had with a user's name", async () => {
    using client = await RawClient.greeted(master.port);
    // Role s, user alice, nothing of ours: nobody is let in without a proof.
    const name = Buffer.from(`|usr:${alice.name}`).toString("hex");
    const length = (name.length / 2).toString(16).padStart(8, "0");
    const answer = await client.ask(
      `0100 0c1d 00000001 3f3e627566000000 2400 01 73 ${length} ${name}`,
    );
    expect(answer.status).toBe(4003);
    await client.closed();
  });
});

/** A copy of an encrypted key without its passphrase, where its owner can read it. */
function plainKey(who: Account): string {
  const file = join(who.home.path, ".ssh", "plain");
  const from = join(who.home.path, ".ssh", "id_ed25519");
  Bun.spawnSync(["cp", from, file]);
  Bun.spawnSync(["ssh-keygen", "-q", "-p", "-P", "a passphrase", "-N", "", "-f", file]);
  who.own(".ssh/plain");
  return file;
}
