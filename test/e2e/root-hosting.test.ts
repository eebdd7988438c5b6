/** ROOT's proofserv hosted by a daemon: what it finds when it starts, and what becomes of it. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Request } from "../../src/protocol/codes.ts";
import { decodeCreated } from "../../src/protocol/create.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import { create, login } from "../../src/protocol/requests.ts";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { processesWith } from "../helpers/processes.ts";
import { startProof } from "../helpers/proof.ts";
import { errorOf, RawClient } from "../helpers/raw-client.ts";
import { RootClient } from "../helpers/root-client.ts";
import { type Report, writeStandIn } from "../helpers/stand-in-proofserv.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
const parts = join(home.path, "parts");
let daemon: RunningDaemon;
let program: string;

/** What the stand-in says as soon as it is up, as ROOT's does. */
const GREETING =
  "0000002f000000032a2a2a2a2057656c636f6d6520746f207468652050524f4f4620736572766572204020766d202a2a2a2a00";

beforeAll(async () => {
  mkdirSync(parts);
  writeFileSync(join(parts, "0.json"), JSON.stringify([{ say: GREETING, opt: 3 }]));
  program = writeStandIn((name, text, mode) => home.write(name, text, mode));
  const versions = `broken = "${join(home.path, "nowhere")}"\n`;
  daemon = area.keep(
    await startDaemon({
      home,
      args: ["--host", "127.0.0.1", "--workers", "1"],
      config: `[proofserv]\nprogram = "${program}"\ntag = "stand-in"\n[proofserv.versions]\n${versions}[session.env]\nSTAND_IN = "${parts}"\n`,
      env: { PROOF_SECURITY_AUTH: "none", LD_LIBRARY_PATH: "/opt/libraries" },
    }),
  );
});

function report(): Promise<Report> {
  return waitFor("the report", () => {
    const path = join(parts, "0.report.json");
    if (!existsSync(path)) return undefined;
    const found = JSON.parse(readFileSync(path, "utf8")) as Report;
    return found.isDone ? found : undefined;
  });
}

/** The stand-ins that run. */
const standIns = (): number =>
  processesWith(parts).filter(({ command }) => command.includes("stand-in-proofserv")).length;

async function opened(
  buffer = "localhost",
): Promise<{ client: RootClient; sid: number; log: string }> {
  const client = await RootClient.open(daemon.port);
  const { status, payload } = await client.create(buffer);
  expect(status).toBe(0);
  const { sid, logPath } = decodeCreated(payload);
  const greeting = await client.raw.frame();
  expect(greeting.payload.subarray(4).toString("hex")).toBe(GREETING);
  return { client, sid, log: logPath };
}

test("it finds settings, environment, arguments and a directory, and files beside its log", async () => {
  const { client, sid, log } = await opened("localhost|cf:workers=1|envs:MYVAR=my value,OTHER=2");
  const { settings, environment, arguments: args, directory } = await report();
  const stem = log.replace(/\.log$/, "");
  const session = log.replace(/\/[^/]*$/, "");
  const tag = /session-([^/]+)\//.exec(log)?.[1] ?? "";
  expect(settings).toMatchObject({
    "ProofServ.SessionTag": tag,
    "ProofServ.TopSessionTag": tag,
    "ProofServ.SessionDir": join(session, `master-0-${tag}`),
    "ProofServ.Ordinal": "0",
    "ProofServ.Entity": "proofu:default@localhost",
    "ProofServ.SessionID": String(sid),
    "ProofServ.ClientVersion": "36",
    "ProofServ.XpdPort": String(daemon.port),
    "ProofServ.ProofConfFile": "workers=1",
    "ProofServ.Sandbox": join(home.sandbox, "proofu"),
  });
  expect(Buffer.byteLength(settings["ProofServ.OpenSock"] ?? "")).toBeLessThan(108);
  expect(environment).toMatchObject({
    ROOTSYS: home.path,
    ROOTRCFILE: `${stem}.rootrc`,
    ROOTPROOFLOGFILE: log,
    ROOTVERSIONTAG: "stand-in",
    LD_LIBRARY_PATH: `${home.path}/lib:/opt/libraries`,
    HOME: join(home.sandbox, "proofu"),
    USER: "proofu",
    MYVAR: "my value",
    PROOF_ALLVARS: "MYVAR,OTHER",
  });
  expect(args).toEqual(["proofserv", "xpd", `proof:${daemon.pid}`, "0"]);
  expect(directory).toBe(session);
  expect(readdirSync(session)).toEqual(
    expect.arrayContaining([`${stem.slice(session.length + 1)}.env`, "session.rootrc"]),
  );
  expect(readFileSync(`${stem}.env`, "utf8")).toContain("MYVAR=my value\n");
  expect(readFileSync(settings["ProofServ.AdminPath"] ?? "", "utf8")).toBe("0");

  client.word(Request.destroy, sid);
  expect(await client.raw.frame()).toMatchObject({ status: 0 });
  await waitFor(
    "its end",
    () => standIns() === 0 && !existsSync(settings["ProofServ.AdminPath"] ?? ""),
  );
  client[Symbol.dispose]();
});

test("our own clients of the same daemon get our own", async () => {
  await using ours = await startProof(["open", daemon.address], { home });
  await ours.says("PROOF set to parallel mode (1 worker");
  expect(standIns()).toBe(0);
});

describe("choosing a version", () => {
  test("is for the next sessions of that user", async () => {
    using client = await RootClient.open(daemon.port, "chooser");
    const list = async (): Promise<string[]> =>
      (await client.admin(1008)).text.split("\n").map((line) => line.slice(0, 12).trimEnd());
    expect(await list()).toEqual(["  * stand-in", "    broken u", "    proof 0.", ""]);
    expect(await client.admin(1009, "proof")).toMatchObject({ status: 0 });
    expect(await list()).toEqual(["    stand-in", "    broken u", "  * proof 0.", ""]);
    expect((await client.create("localhost|cf:masteronly")).status).toBe(0);
    expect(standIns()).toBe(0);
    expect((await client.admin(1009, "u:somebody proof")).status).toBe(4003);
  });

  test("one that is not there is an error with its log, and no session", async () => {
    using client = await RootClient.open(daemon.port, "unlucky");
    expect(await client.admin(1009, "broken")).toMatchObject({ status: 0 });
    const answer = errorOf(await client.create("localhost"));
    expect(answer).toMatchObject({ status: 4003, number: 3109 });
    expect(answer.text).toMatch(
      /proofserv 0 \(pid \d+\) ended before it called back: exit code 12\d/,
    );
    expect(answer.text).toMatch(/\|log:\/\S+\.log$/);
    // ROOT's client tries again, with an empty buffer.
    expect(errorOf(await client.create("")).text).toContain("ended before it called back");
    expect((await client.admin(1000)).text).toBe("0");
  });
});

test("when it dies, its client is told, and nothing is left", async () => {
  const { client } = await opened();
  for (const { pid } of processesWith(parts)) process.kill(pid, "SIGKILL");
  const { payload } = await client.raw.frame();
  expect(payload.readInt32BE(0)).toBe(5112);
  expect(payload.toString()).toMatch(/session: proofu\.default\.\d+ terminated by peer\0$/);
  expect((await client.admin(1000)).text).toBe("0");
  client[Symbol.dispose]();
});

test("somebody else on its socket is not taken for it", async () => {
  const { client, sid } = await opened();
  const socket = (await report()).settings["ProofServ.OpenSock"] ?? "";
  const answer = Promise.withResolvers<string>();
  let seen = "";
  const intruder = await Bun.connect({
    unix: socket,
    socket: {
      data: (_socket, chunk) => {
        seen += chunk.toString("latin1");
      },
      close: () => answer.resolve(seen),
    },
  });
  const body = login.encode({
    pid: process.pid,
    user: "proofu",
    reserved: sid,
    capver: 255,
    role: "i",
  });
  intruder.write(Buffer.from("000000000000000000000001000000000000000000000004000007dc", "hex"));
  intruder.write(encodeRequest({ stream: 0x0100, id: Request.login, body }));
  expect(await answer.promise).toContain(`pid ${process.pid} is not the proofserv of this session`);
  expect(standIns()).toBe(1);
  client.word(Request.destroy, sid);
  await client.raw.frame();
  client[Symbol.dispose]();
});

test("a node without ROOT refuses a master of ROOT's", async () => {
  await using plain = await startDaemon({
    home: area.home(),
    args: ["--host", "127.0.0.1"],
    env: { PROOF_SECURITY_AUTH: "none" },
  });
  using master = await RawClient.greeted(plain.port);
  const body = login.encode({ pid: 1, user: "proofu", reserved: 36, capver: 255, role: "s" });
  master.send(encodeRequest({ stream: 0x0100, id: Request.login, body }));
  await master.frame();
  const payload = Buffer.from("session-vm-1-2|ord:0.0|cf:proof.conf");
  master.send(
    encodeRequest({ stream: 0x0100, id: Request.create, body: create.encode(0), payload }),
  );
  expect(errorOf(await master.frame()).text).toContain(
    "a master of ROOT's needs workers of ROOT's",
  );
});
