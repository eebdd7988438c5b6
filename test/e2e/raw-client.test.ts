/** The bytes of ROOT's own client (protocol reference §7), and the answers field by field. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { errorOf, RawClient } from "../helpers/raw-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

/** Login as manager: pid 15647, user proofu, 36, role M. */
const LOGIN = "0100 0c1d 00003d1f 70726f6f66750000 2400 01 4d 00000000";
const QUERY = "0100 0c29 00000000 000003e8 00000000 00000000 00000000";
/** Create of a top master, alias localhost, without workers. */
const CREATE = `0200 0c1f 00000000 00000000 00000000 00000000 00000017 ${Buffer.from("localhost|cf:masteronly").toString("hex")}`;
/** A second try: ROOT has forgotten its buffer. */
const RETRY = "0200 0c1f 00000000 00000000 00000000 00000000 00000000";
const PING = "0200 0c2b 00000000 00000000 00000000 00000000 00000000";
const DESTROY = "0200 0c20 00000000 00000000 00000000 00000000 00000000";

const ok = (stream: string, hex = "") => ({ stream, status: 0, payload: Buffer.from(hex, "hex") });
const refused = (number: number, text: string) => ({ status: 4003, number, text });

beforeAll(async () => {
  daemon = area.keep(
    await startDaemon({
      home,
      args: ["--host", "127.0.0.1"],
      env: { PROOF_SECURITY_AUTH: "none", PROOF_LIMITS_MAXSESSIONS: "1" },
    }),
  );
});

async function loggedIn(): Promise<RawClient> {
  const client = await RawClient.greeted(daemon.port);
  expect(await client.ask(LOGIN)).toEqual(ok("0100", "000003ef"));
  return client;
}

describe("login", () => {
  test("is answered with the version alone, for a name that no account has", async () => {
    using client = await loggedIn();
    expect(await client.ask(QUERY)).toEqual(ok("0100", "3000"));
  });

  test("takes a long name from the payload, whoever that is", async () => {
    using client = await RawClient.greeted(daemon.port);
    const login = `0100 0c1d 00003ed7 3f3e627566000000 2400 01 4d 0000000f ${Buffer.from("|usr:nosuchuser").toString("hex")}`;
    expect(await client.ask(login)).toEqual(ok("0100", "000003ef"));
  });

  test("twice is refused", async () => {
    using client = await loggedIn();
    expect(errorOf(await client.ask(LOGIN))).toEqual(
      refused(3006, "duplicate login; already logged in"),
    );
  });

  test.each([
    ["x", "Server type: invalide mode"],
    ["i", "MapClient: proofsrv callback: not on the call-back socket: protocol error"],
  ])("with role %s is refused", async (role, text) => {
    using client = await RawClient.greeted(daemon.port);
    const hex = Buffer.from(role).toString("hex");
    const answer = await client.ask(`0100 0c1d 00003d1f 70726f6f66750000 2400 01 ${hex} 00000000`);
    expect(errorOf(answer)).toMatchObject({ status: 4003, text });
    await client.closed();
  });

  test("with a name that leads out of the sandbox is refused", async () => {
    using client = await RawClient.greeted(daemon.port);
    const answer = await client.ask("0100 0c1d 00003d1f 2e2e2f7800000000 2400 01 4d 00000000");
    expect(errorOf(answer)).toEqual(refused(3010, "CheckUser: unusable user name: ../x"));
    await client.closed();
  });

  test("has to come first", async () => {
    using client = await RawClient.greeted(daemon.port);
    expect(errorOf(await client.ask(QUERY))).toEqual(
      refused(3006, "Invalid request; user not logged in"),
    );
    await client.closed();
  });
});

describe("requests", () => {
  test("that nobody knows are refused, and the link stays", async () => {
    using client = await loggedIn();
    const unknown = await client.ask(
      "0100 0c80 00000000 00000000 00000000 00000000 00000004 61626364",
    );
    expect(errorOf(unknown)).toEqual(refused(3006, "Invalid request: 3200"));
    const admin = await client.ask("0100 0c29 00000000 000007cf 00000000 00000000 00000000");
    expect(errorOf(admin)).toEqual(refused(3006, "Invalid type: 1999"));
    expect(await client.ask(QUERY)).toEqual(ok("0100", "3000"));
  });

  test("split into single bytes are put together, and several at once are answered in order", async () => {
    using client = await loggedIn();
    for (const byte of Buffer.from(QUERY.replaceAll(" ", ""), "hex")) {
      client.send(new Uint8Array([byte]));
      await Bun.sleep(0);
    }
    expect(await client.frame()).toEqual(ok("0100", "3000"));
    client.send(QUERY + PING + QUERY);
    expect(await client.frame()).toEqual(ok("0100", "3000"));
    expect(await client.frame()).toEqual(ok("0200", "00000000"));
    expect(await client.frame()).toEqual(ok("0100", "3000"));
  });

  test("ping of the daemon says that it is alive", async () => {
    using client = await loggedIn();
    expect(await client.ask("0100 0c2b ffffffff 00000000 00000000 00000000 00000000")).toEqual(
      ok("0100", "00000001"),
    );
  });
});

test("a session is created, listed, pinged, limited, destroyed", async () => {
  using client = await loggedIn();
  const created = await client.ask(CREATE);
  expect({ stream: created.stream, status: created.status }).toEqual({ stream: "0200", status: 0 });
  // Session 0, PROOF's protocol 36, the daemon's version 1007, the path of the log without a NUL.
  expect(created.payload.subarray(0, 8).toString("hex")).toBe("00000000002403ef");
  const log = /^\|log:(\/.*\/session-(.*)\/master-0-[^/]+\.log)$/.exec(
    created.payload.toString("utf8", 8),
  );
  expect(log?.[1]).toStartWith(`${home.sandbox}/proofu/session-`);

  // Then the greeting: attn, msg, envelope of kind 3.
  const greeting = await client.frame();
  expect(greeting).toMatchObject({ stream: "0200", status: 4001 });
  expect(greeting.payload.readInt32BE(0)).toBe(5100);
  expect(greeting.payload.readInt32BE(8)).toBe(3);
  expect(greeting.payload.toString("latin1", 12)).toMatch(
    /^\*{4} Welcome to the PROOF server @ \S+ \*{4}\0$/,
  );

  using other = await loggedIn();
  // TProof::Open asks first of all, and would take over what it is shown: not what somebody else uses.
  expect((await other.ask(QUERY)).payload.toString()).toBe("0\0");
  const list = (await other.ask(QUERY)).payload.toString();
  expect(list).toBe(`1 | 0 ${log?.[2]} localhost 0 1\0`);

  // limits.maxsessions = 1: PROOF's words and code, for a repeated empty create as well.
  for (const request of [CREATE, RETRY]) {
    const words = await other.ask(request);
    expect(words).toMatchObject({ stream: "0200", status: 4001 });
    expect(words.payload.readInt32BE(0)).toBe(5104);
    expect(words.payload.toString("latin1", 4)).toContain(
      "Max number of sessions reached (1) - please retry later",
    );
    expect(errorOf(await other.frame())).toEqual(refused(3115, "cannot start a new session"));
  }

  // Nobody but its client may have anything to do with it.
  expect(await other.ask(PING)).toEqual(ok("0200", "00000000"));
  expect(errorOf(await other.ask(DESTROY))).toEqual(
    refused(3006, "reference session ID not found"),
  );

  expect(await nextAnswer(client, PING)).toEqual(ok("0200", "00000001"));
  expect(await nextAnswer(client, DESTROY)).toEqual(ok("0200"));
  expect(proofservsOf(home.path).size).toBe(0);

  // What the other remembers of its create is good now.
  const retried = await nextAnswer(other, RETRY);
  expect(retried.payload.subarray(4, 8).toString("hex")).toBe("002403ef");
  other[Symbol.dispose]();
  await waitFor("the end of the session", () => proofservsOf(home.path).size === 0);
});

/** Sends a request and gives its answer, passing over what the session pushes. */
async function nextAnswer(client: RawClient, hex: string) {
  client.send(hex);
  for (;;) {
    const frame = await client.frame();
    if (frame.status !== 4001) return frame;
  }
}
