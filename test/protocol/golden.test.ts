import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ByteReader, ByteWriter } from "../../src/lib/bytes.ts";
import {
  decodeAttention,
  decodeMessageFrom,
  serverMessage,
  urgentNotice,
} from "../../src/protocol/attention.ts";
import { Admin, Attention, ErrorNumber, Request, Status } from "../../src/protocol/codes.ts";
import {
  decodeCreate,
  decodeCreated,
  encodeCreated,
  type CreateOptions,
} from "../../src/protocol/create.ts";
import { encodeMessage, type Message, MessageFramer } from "../../src/protocol/envelope.ts";
import { decodeError } from "../../src/protocol/failure.ts";
import {
  encodeAttention,
  encodeError,
  encodeRequest,
  encodeResponse,
  messageFromHeader,
  messageHeader,
  type RequestFrame,
  requestFramer,
  type ResponseFrame,
  responseFramer,
  whole,
} from "../../src/protocol/frames.ts";
import { HELLO, recogniseHello, recogniseWelcome, WELCOME } from "../../src/protocol/handshake.ts";
import { sessionList } from "../../src/protocol/listing.ts";
import { decodeLoginReply, encodeLoginReply } from "../../src/protocol/login.ts";
import { actions, greeting, Kind } from "../../src/protocol/messages.ts";
import { serverStarted } from "../../src/protocol/messages.ts";
import {
  admin,
  create,
  decodeItems,
  encodeItems,
  login,
  readbuf,
  sendmsg,
  sessionWord,
  urgent,
} from "../../src/protocol/requests.ts";
import { decodeWorkers, encodeWorkers } from "../../src/protocol/workers.ts";
import { ADMIN } from "./golden/admin.ts";
import { BUILT } from "./golden/built.ts";
import { OPENING } from "./golden/opening.ts";
import { PROOFSERV } from "./golden/proofserv.ts";
import { SESSION } from "./golden/session.ts";

const LIMIT = 2 * 1024 * 1024;
const FIRST = 0x0100;
const SECOND = 0x0200;
const NO_WORDS = { logLevel: 0 };
/** Sandbox of the account that the recordings were made with. */
const SANDBOX = "/var/proof/rn/work/proofu";

function bytes(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

/** The one request that `hex` holds. */
function request(hex: string): RequestFrame {
  const framer = requestFramer(() => LIMIT);
  framer.push(bytes(hex));
  const frame = framer.next();
  if (frame === undefined) throw new Error("no whole request");
  expect(framer.next()).toBeUndefined();
  expect(24 + frame.payload.length).toBe(hex.length / 2);
  return whole(frame);
}

/** The one response that `hex` holds. */
function response(hex: string): ResponseFrame {
  const framer = responseFramer(LIMIT);
  framer.push(bytes(hex));
  const frame = framer.next();
  if (frame === undefined) throw new Error("no whole response");
  expect(framer.next()).toBeUndefined();
  expect(8 + frame.payload.length).toBe(hex.length / 2);
  return whole(frame);
}

/** The one message that `stream` holds. */
function message(stream: Buffer): Message {
  const framer = new MessageFramer(LIMIT);
  framer.push(stream);
  const found = framer.next();
  if (found === undefined) throw new Error("no whole message");
  expect(framer.next()).toBeUndefined();
  return found;
}

/** The message of an attn msg (5100), its stream checked. */
function pushed(hex: string, stream: number): Message {
  const frame = response(hex);
  expect({ stream: frame.stream, status: frame.status }).toEqual({ stream, status: Status.attn });
  const { action, body } = decodeAttention(frame.payload);
  expect(action).toBe(Attention.msg);
  return message(body);
}

/** An attn msg as a link writes it: header, then the session's bytes. */
function push(stream: number, session: Buffer): string {
  return Buffer.concat([messageHeader(stream, session.length), session]).toString("hex");
}

/** Text with the NUL that ends most of the daemon's answers. */
function terminated(text: string): Buffer {
  return new ByteWriter().cstring(text).done();
}

/** A request whose payload is text: frame and fields as expected, and back to the same bytes. */
function checkTextRequest<T>(
  hex: string,
  expected: { stream: number; id: number; fields: T; text: string },
  codec: { decode: (body: Buffer) => T; encode: (fields: T) => Buffer },
): void {
  const { stream, id, body, payload } = request(hex);
  expect({ stream, id, fields: codec.decode(body), text: payload.toString() }).toEqual(expected);
  const again = encodeRequest({
    stream: expected.stream,
    id: expected.id,
    body: codec.encode(expected.fields),
    payload: Buffer.from(expected.text),
  });
  expect(again.toString("hex")).toBe(hex);
}

/** An ok with this payload, and back to the same bytes. */
function checkOk(hex: string, stream: number, payload: Buffer = Buffer.alloc(0)): void {
  expect(response(hex)).toEqual({ stream, status: Status.ok, payload });
  expect(encodeResponse(stream, Status.ok, payload).toString("hex")).toBe(hex);
}

/** Codecs whose encoders take their fields one by one, as one object. */
const byFields = {
  create: {
    decode: (body: Buffer) => create.decode(body),
    encode: (fields: { logLevel: number }) => create.encode(fields.logLevel),
  },
  session: {
    decode: (body: Buffer) => sessionWord.decode(body),
    encode: (fields: { sid: number; word: number }) => sessionWord.encode(fields.sid, fields.word),
  },
  admin: {
    decode: (body: Buffer) => admin.decode(body),
    encode: (fields: { sid: number; code: number; int2: number; int3: number }) =>
      admin.encode(fields.sid, fields.code, fields.int2, fields.int3),
  },
  urgent: {
    decode: (body: Buffer) => urgent.decode(body),
    encode: (fields: { sid: number; type: number; a: number; b: number }) =>
      urgent.encode(fields.sid, fields.type, fields.a, fields.b),
  },
  readbuf: {
    decode: (body: Buffer) => readbuf.decode(body),
    encode: (fields: { length: number; offset: bigint; mode: number }) =>
      readbuf.encode(fields.length, fields.offset, fields.mode),
  },
};

describe("handshake", () => {
  test("hello", () => {
    expect(recogniseHello(bytes(OPENING.hello))).toEqual({ kind: "proof" });
    expect(HELLO.toString("hex")).toBe(OPENING.hello);
  });

  test("welcome", () => {
    expect(recogniseWelcome(bytes(OPENING.welcome))).toEqual({ kind: "proof", version: 1007 });
    expect(WELCOME.toString("hex")).toBe(OPENING.welcome);
  });
});

describe("login", () => {
  test.each([
    [
      "client, short name",
      OPENING.loginClient,
      { pid: 5822, user: "proofu", reserved: 36, capver: 1, role: "M" },
      "",
    ],
    [
      "master at a worker daemon",
      OPENING.loginWorker,
      { pid: 5836, user: "?>buf", reserved: 36, capver: 255, role: "s" },
      "session-localhost-1795338463-5836|ord:0.0|cf:proof.conf|usr:proofu:default",
    ],
    [
      "client, long name",
      OPENING.loginUnknown,
      { pid: 16087, user: "?>buf", reserved: 36, capver: 1, role: "M" },
      "|usr:nosuchuser",
    ],
    [
      "client, longer name",
      OPENING.loginLongUnknown,
      { pid: 16117, user: "?>buf", reserved: 36, capver: 1, role: "M" },
      "|usr:averylongusername",
    ],
    [
      "proofserv of session 0",
      PROOFSERV.loginMaster,
      { pid: 17556, user: "?>buf", reserved: 0, capver: 255, role: "i" },
      "|usr:proofu:default",
    ],
    [
      "proofserv of session 1",
      PROOFSERV.loginWorker,
      { pid: 17604, user: "?>buf", reserved: 1, capver: 255, role: "i" },
      "|usr:proofu:default",
    ],
  ])("%s", (_who, hex, fields, text) => {
    checkTextRequest(hex, { stream: FIRST, id: Request.login, fields, text }, login);
  });

  test("items behind a master's login", () => {
    const { positional, items } = decodeItems(request(OPENING.loginWorker).payload);
    expect(positional).toBe("session-localhost-1795338463-5836");
    expect([...items]).toEqual([
      ["ord", "0.0"],
      ["cf", "proof.conf"],
      ["usr", "proofu:default"],
    ]);
    expect(encodeItems(positional, items)).toEqual(request(OPENING.loginWorker).payload);
  });

  test("answer", () => {
    const { stream, status, payload } = response(OPENING.loginReply);
    expect({ stream, status, callee: decodeLoginReply(payload) }).toEqual({
      stream: FIRST,
      status: Status.ok,
      callee: undefined,
    });
    const again = encodeResponse(FIRST, Status.ok, encodeLoginReply());
    expect(again.toString("hex")).toBe(OPENING.loginReply);
  });

  test.each([
    [OPENING.loginUnknownError, "CheckUser: unknown ClientID: nosuchuser"],
    [OPENING.loginLongUnknownError, "CheckUser: unknown ClientID: averylongusername"],
  ])("refusal %#", (hex, text) => {
    const { stream, status, payload } = response(hex);
    expect({ stream, status, error: decodeError(payload) }).toEqual({
      stream: FIRST,
      status: Status.error,
      error: { number: ErrorNumber.notAuthorized, text },
    });
    expect(encodeError(FIRST, ErrorNumber.notAuthorized, text).toString("hex")).toBe(hex);
  });
});

describe("create", () => {
  const NOTHING: CreateOptions = {
    masterOnly: false,
    requireAll: false,
    env: {},
    workers: undefined,
  };

  test.each([
    [
      "top master",
      OPENING.createMaster,
      "localhost",
      { name: "localhost", ordinal: "0", ours: false, conf: "", options: NOTHING },
    ],
    [
      "without workers",
      OPENING.createMasterOnly,
      "localhost|cf:masteronly",
      {
        name: "localhost",
        ordinal: "0",
        ours: false,
        conf: "masteronly",
        options: { ...NOTHING, masterOnly: true },
      },
    ],
    [
      "with workers and environment",
      OPENING.createWithEnvironment,
      "localhost|cf:workers=2|envs:MYVAR=myvalue,PROOF_NWORKERS=2",
      {
        name: "localhost",
        ordinal: "0",
        ours: false,
        conf: "workers=2",
        options: {
          ...NOTHING,
          env: { MYVAR: "myvalue", PROOF_NWORKERS: "2" },
          workers: { count: 2, perNode: false },
        },
      },
    ],
    [
      "worker",
      OPENING.createWorker,
      "session-localhost-1795338463-5836|ord:0.1|cf:proof.conf",
      {
        name: "session-localhost-1795338463-5836",
        ordinal: "0.1",
        ours: false,
        conf: "proof.conf",
        options: NOTHING,
      },
    ],
  ])("%s", (_what, hex, text, expected) => {
    checkTextRequest(
      hex,
      { stream: SECOND, id: Request.create, fields: NO_WORDS, text },
      byFields.create,
    );
    expect(decodeCreate(request(hex).payload)).toEqual(expected);
  });

  test.each([
    [
      "top master",
      OPENING.createMasterReply,
      0,
      `${SANDBOX}/session-localhost-1795338463-5836/master-0-localhost.log`,
    ],
    [
      "worker",
      OPENING.createWorkerReply,
      2,
      `${SANDBOX}/session-localhost-1795338463-5836/worker-0.1-localhost.log`,
    ],
  ])("answer to %s", (_what, hex, sid, logPath) => {
    const { stream, status, payload } = response(hex);
    expect({ stream, status }).toEqual({ stream: SECOND, status: Status.ok });
    expect(decodeCreated(payload)).toEqual({ sid, logPath });
    const again = encodeResponse(SECOND, Status.ok, encodeCreated({ sid, logPath }));
    expect(again.toString("hex")).toBe(hex);
  });
});

describe("messages to a client", () => {
  test.each([
    [SECOND, OPENING.greetingMaster, "**** Welcome to the PROOF server @ vm ****"],
    [FIRST, OPENING.greetingWorker, "**** PROOF worker server @ vm started ****"],
  ])("greeting %#", (stream, hex, text) => {
    const found = pushed(hex, stream);
    expect({ what: found.what, text: greeting.decode(found) }).toEqual({
      what: Kind.string,
      text,
    });
    expect(push(stream, greeting.encode(text))).toBe(hex);
  });

  test.each([
    [OPENING.openingOne, { action: actions.workers.opening, total: 2, done: 1, ok: true }],
    [OPENING.settingUpTwo, { action: actions.workers.settingUp, total: 2, done: 2, ok: true }],
  ])("SERVERSTARTED %#", (hex, fields) => {
    const found = pushed(hex, SECOND);
    expect({ what: found.what, fields: serverStarted.decode(found) }).toEqual({
      what: Kind.serverStarted,
      fields,
    });
    expect(push(SECOND, serverStarted.encode(fields))).toBe(hex);
  });

  test("STARTPROCESS", () => {
    const found = pushed(PROOFSERV.startProcess, SECOND);
    const reader = new ByteReader(found.body);
    expect([
      found.what,
      reader.tstring(),
      reader.i32(),
      reader.i64(),
      reader.i64(),
      reader.left,
    ]).toEqual([1035, "MySel.C", 0, 0n, 100_000n, 0]);
    const body = new ByteWriter().tstring("MySel.C").i32(0).i64(0n).i64(100_000n).done();
    expect(push(SECOND, encodeMessage(1035, body))).toBe(PROOFSERV.startProcess);
  });

  test("LOGFILE and the raw text that it announces", () => {
    const text = 'Note: File "iostream" already loaded\n';
    const found = pushed(SESSION.logFile, SECOND);
    expect([found.what, new ByteReader(found.body).i32()]).toEqual([1004, text.length]);
    const body = new ByteWriter().i32(text.length).done();
    expect(push(SECOND, encodeMessage(1004, body))).toBe(SESSION.logFile);
    const raw = decodeAttention(response(SESSION.logText).payload);
    expect(raw).toEqual({ action: Attention.msg, body: Buffer.from(text) });
    expect(push(SECOND, Buffer.from(text))).toBe(SESSION.logText);
  });
});

describe("sendmsg", () => {
  /** Body of a message of numbers only. */
  const ints = (...numbers: number[]): Buffer =>
    numbers.reduce((writer, number) => writer.i32(number), new ByteWriter()).done();

  const GREETING = terminated("**** Welcome to the PROOF server @ vm ****");

  test.each([
    [
      "a client to its session",
      SESSION.parallel,
      SECOND,
      { sid: 0, opt: 0x02, cid: -1 },
      { what: 1014, body: ints(-1) },
    ],
    [
      "a proofserv to a client",
      PROOFSERV.greeting,
      FIRST,
      { sid: 0, opt: 0x03, cid: 5 },
      { what: 3, body: GREETING },
    ],
    [
      "a proofserv, marked as log",
      PROOFSERV.logDone,
      FIRST,
      { sid: 0, opt: 0x23, cid: 5 },
      { what: 1005, body: ints(0, 2) },
    ],
  ])("%s", (_what, hex, stream, fields, expected) => {
    const frame = request(hex);
    expect([frame.stream, frame.id]).toEqual([stream, Request.sendmsg]);
    expect(sendmsg.decode(frame.body)).toEqual(fields);
    expect(message(frame.payload)).toEqual(expected);
    const again = encodeRequest({
      stream,
      id: Request.sendmsg,
      body: sendmsg.encode(fields),
      payload: encodeMessage(expected.what, expected.body),
    });
    expect(again.toString("hex")).toBe(hex);
  });

  test("raw log text of a proofserv", () => {
    checkTextRequest(
      PROOFSERV.logText,
      {
        stream: FIRST,
        id: Request.sendmsg,
        fields: { sid: 0, opt: 0x01, cid: 5 },
        text: 'Note: File "iostream" already loaded\n',
      },
      sendmsg,
    );
  });

  test("acknowledgements", () => {
    checkOk(SESSION.parallelAck, SECOND);
    checkOk(PROOFSERV.greetingAck, FIRST);
  });

  test("what a client sent, as its proofserv gets it", () => {
    const { stream, status, payload } = response(PROOFSERV.parallel);
    const { action, body } = decodeAttention(payload);
    const { cid, bytes: session } = decodeMessageFrom(body);
    expect({ stream, status, action, cid }).toEqual({
      stream: FIRST,
      status: Status.attn,
      action: Attention.msgsid,
      cid: 5,
    });
    expect(message(session)).toEqual({ what: 1014, body: ints(-1) });
    const sent = encodeMessage(1014, ints(-1));
    const again = Buffer.concat([messageFromHeader(FIRST, 5, sent.length), sent]);
    expect(again.toString("hex")).toBe(PROOFSERV.parallel);
  });
});

describe("GetWorkers", () => {
  const node = { user: "", host: "localhost", id: "", perf: 100, image: "", workdir: "", msd: "" };

  test("request", () => {
    checkTextRequest(
      PROOFSERV.getWorkers,
      {
        stream: FIRST,
        id: Request.admin,
        fields: { sid: 0, code: Admin.getWorkers, int2: 0, int3: 0 },
        text: "static:",
      },
      byFields.admin,
    );
  });

  test("answer", () => {
    const { stream, status, payload } = response(PROOFSERV.getWorkersReply);
    const records = decodeWorkers(payload, { records: 3, field: 64 });
    expect({ stream, status, records }).toEqual({
      stream: FIRST,
      status: Status.ok,
      records: [
        { ...node, type: "M", port: 1093, ordinal: "" },
        { ...node, type: "W", port: 21_094, ordinal: "0" },
        { ...node, type: "W", port: 21_094, ordinal: "1" },
      ],
    });
    const again = encodeResponse(FIRST, Status.ok, encodeWorkers(records));
    expect(again.toString("hex")).toBe(PROOFSERV.getWorkersReply);
  });
});

describe("the life of a session", () => {
  test.each([
    ["ping", SESSION.ping, Request.ping, 0, ""],
    ["detach", SESSION.detach, Request.detach, 0, ""],
    ["destroy", SESSION.destroy, Request.destroy, 2, ""],
    ["attach", SESSION.attach, Request.attach, 0, "localhost"],
  ])("%s", (_what, hex, id, sid, text) => {
    checkTextRequest(hex, { stream: SECOND, id, fields: { sid, word: 0 }, text }, byFields.session);
  });

  test("answers", () => {
    checkOk(SESSION.pong, SECOND, bytes("00000001"));
    checkOk(SESSION.detachReply, SECOND);
    checkOk(SESSION.destroyReply, SECOND);
  });

  test("answer to attach", () => {
    const { stream, status, payload } = response(SESSION.attachReply);
    const expected = { sid: 0, pool: "root://localhost//proofpool", logPath: "" };
    expect({ stream, status }).toEqual({ stream: SECOND, status: Status.ok });
    expect(decodeCreated(payload)).toEqual(expected);
    const again = encodeResponse(SECOND, Status.ok, encodeCreated(expected));
    expect(again.toString("hex")).toBe(SESSION.attachReply);
  });

  test("wrkmortem", () => {
    const text = "session: proofu.default.5836 terminated by peer";
    const { stream, status, payload } = response(SESSION.mortem);
    expect({ stream, status, ...decodeAttention(payload) }).toEqual({
      stream: SECOND,
      status: Status.attn,
      action: Attention.wrkmortem,
      body: Buffer.from(text),
    });
    const again = encodeAttention(SECOND, Attention.wrkmortem, Buffer.from(text));
    expect(again.toString("hex")).toBe(SESSION.mortem);
  });

  test("urgent, from the client to the proofserv", () => {
    const asked = { sid: 0, type: 2000, a: 1, b: -1 };
    checkTextRequest(
      BUILT.urgent,
      { stream: SECOND, id: Request.urgent, fields: asked, text: "" },
      byFields.urgent,
    );
    checkOk(BUILT.urgentReply, SECOND);
    const { stream, status, payload } = response(BUILT.urgentNotice);
    const { action, body } = decodeAttention(payload);
    const notice = { type: 2000, a: 1, b: -1 };
    expect({ stream, status, action, notice: urgentNotice.decode(body) }).toEqual({
      stream: FIRST,
      status: Status.attn,
      action: Attention.urgent,
      notice,
    });
    const again = encodeAttention(FIRST, Attention.urgent, urgentNotice.encode(notice));
    expect(again.toString("hex")).toBe(BUILT.urgentNotice);
  });

  test("ping to a proofserv", () => {
    const { stream, status, payload } = response(BUILT.ping);
    expect({ stream, status, ...decodeAttention(payload) }).toEqual({
      stream: FIRST,
      status: Status.attn,
      action: Attention.ping,
      body: bytes("00000000"),
    });
    const again = encodeAttention(FIRST, Attention.ping, bytes("00000000"));
    expect(again.toString("hex")).toBe(BUILT.ping);
  });
});

describe("admin", () => {
  const LOGS = `${SANDBOX}/session-localhost-1795337851-15923`;

  test.each([
    ["QuerySessions", ADMIN.querySessions, FIRST, 0, Admin.querySessions, 0, ""],
    ["SessionAlias", ADMIN.sessionAlias, SECOND, 0, Admin.sessionAlias, 0, "localhost"],
    ["QueryWorkers", ADMIN.queryWorkers, FIRST, 0, Admin.queryWorkers, 0, ""],
    ["QueryROOTVersions", ADMIN.queryRootVersions, FIRST, 0, Admin.queryRootVersions, 0, ""],
    ["QueryLogPaths", ADMIN.queryLogPaths, FIRST, -1, Admin.queryLogPaths, 0, ""],
    ["QueryMssUrl", ADMIN.queryMssUrl, FIRST, 0, Admin.queryMssUrl, 0, ""],
    ["CleanupSessions", ADMIN.cleanupSessions, FIRST, -1, Admin.cleanupSessions, 2, ""],
  ])("%s", (_what, hex, stream, sid, code, int2, text) => {
    const fields = { sid, code, int2, int3: 0 };
    checkTextRequest(hex, { stream, id: Request.admin, fields, text }, byFields.admin);
  });

  test.each([
    [
      "QueryWorkers",
      ADMIN.queryWorkersReply,
      "Selection: round-robin, max workers: -1 &M: localhost:1093  sessions: 1 &" +
        "W: localhost:21094  sessions: 1 &W: localhost:21094  sessions: 1 &",
    ],
    ["QueryROOTVersions", ADMIN.queryRootVersionsReply, "  * peer 5.34/30 /opt/cern/root 36\n"],
    ["QueryMssUrl", ADMIN.queryMssUrlReply, "root://localhost//proofpool"],
    [
      "QueryLogPaths",
      ADMIN.queryLogPathsReply,
      "localhost-1795337851-15923|root://localhost|" +
        `|0 proof://localhost:21093/${LOGS}/master-0-localhost.log` +
        `|0.0 proofu@vm:21094/${LOGS}/worker-0.0-localhost.log` +
        `|0.1 proofu@vm:21094/${LOGS}/worker-0.1-localhost.log`,
    ],
  ])("answer to %s", (_what, hex, text) => {
    expect(new ByteReader(response(hex).payload).cstring()).toBe(text);
    checkOk(hex, FIRST, terminated(text));
  });

  test("empty answers", () => {
    checkOk(ADMIN.sessionAliasReply, SECOND);
    checkOk(ADMIN.cleanupSessionsReply, FIRST);
  });

  test.each([
    ["no session", ADMIN.noSessions, []],
    [
      "one session",
      ADMIN.oneSession,
      [{ sid: 0, tag: "localhost-1795337851-15923", alias: "localhost", status: 0, clients: 0 }],
    ],
  ])("answer to QuerySessions: %s", (_what, hex, lines) => {
    expect(sessionList.decode(response(hex).payload, 8)).toEqual(lines);
    checkOk(hex, FIRST, sessionList.encode(lines));
  });

  test("srvmsg", () => {
    const text = "CleanupSessions: soft-reset: signalling active sessions for termination";
    const { stream, status, payload } = response(ADMIN.serverMessage);
    const { action, body } = decodeAttention(payload);
    expect({ stream, status, action, message: serverMessage.decode(body) }).toEqual({
      stream: FIRST,
      status: Status.attn,
      action: Attention.srvmsg,
      message: { text },
    });
    const again = encodeAttention(FIRST, Attention.srvmsg, serverMessage.encode({ text }));
    expect(again.toString("hex")).toBe(ADMIN.serverMessage);
  });

  test("readbuf", () => {
    const pattern = '-v "| SvcMsg"';
    checkTextRequest(
      ADMIN.readbuf,
      {
        stream: FIRST,
        id: Request.readbuf,
        fields: { length: pattern.length, offset: 0n, mode: 1 },
        text: `proof://localhost:21093/${LOGS}/master-0-localhost.log${pattern}`,
      },
      byFields.readbuf,
    );
    const daemon = "261122 08:57:31 15923 xpd-I: ProofServMgr::Create:";
    checkOk(
      ADMIN.readbufReply,
      FIRST,
      Buffer.from(
        `${daemon} *** spawned child process 15923 ***\n${daemon} srvtype = 2\n` +
          'Note: File "iostream" already loaded\n',
      ),
    );
  });
});

const RECORDINGS = join(import.meta.dir, "../../../shared/transcripts");

/** One direction of a recorded connection. */
interface Direction {
  name: string;
  towardsDaemon: boolean;
  bytes: Buffer;
}

/** The two directions of every connection of a recording, chunks joined. */
function directions(file: string): Direction[] {
  const chunks = new Map<string, Buffer[]>();
  for (const line of readFileSync(join(RECORDINGS, file), "utf8").split("\n")) {
    if (line === "") continue;
    const { c, d, hex } = JSON.parse(line) as { c?: number; d?: string; hex?: string };
    if ((d !== "C>S" && d !== "S>C") || hex === undefined) continue;
    const name = `${c} ${d}`;
    const joined = chunks.get(name) ?? [];
    joined.push(bytes(hex));
    chunks.set(name, joined);
  }
  return [...chunks].map(([name, parts]) => ({
    name,
    towardsDaemon: name.endsWith("C>S"),
    bytes: Buffer.concat(parts),
  }));
}

/** Frames of one direction as encoded again, and the pieces of each session's byte stream in it. */
interface Reframed {
  frames: Buffer[];
  sessions: Map<string, Buffer[]>;
}

function collect(sessions: Map<string, Buffer[]>, key: string, piece: Buffer): void {
  const pieces = sessions.get(key) ?? [];
  pieces.push(piece);
  sessions.set(key, pieces);
}

function reframeRequests(stream: Buffer): Reframed {
  const found: Reframed = { frames: [], sessions: new Map() };
  const framer = requestFramer(() => LIMIT);
  framer.push(stream);
  for (let pieced = framer.next(); pieced !== undefined; pieced = framer.next()) {
    const frame = whole<RequestFrame>(pieced);
    found.frames.push(encodeRequest(frame));
    if (frame.id !== Request.sendmsg) continue;
    const { sid, cid } = sendmsg.decode(frame.body);
    collect(found.sessions, `${sid} ${cid}`, frame.payload);
  }
  return found;
}

function reframeResponses(stream: Buffer): Reframed {
  const found: Reframed = { frames: [], sessions: new Map() };
  const framer = responseFramer(LIMIT);
  framer.push(stream);
  for (let pieced = framer.next(); pieced !== undefined; pieced = framer.next()) {
    const frame = whole<ResponseFrame>(pieced);
    found.frames.push(encodeResponse(frame.stream, frame.status, frame.payload));
    if (frame.status !== Status.attn) continue;
    const { action, body } = decodeAttention(frame.payload);
    if (action === Attention.msg) collect(found.sessions, String(frame.stream), body);
    if (action !== Attention.msgsid) continue;
    const { cid, bytes: session } = decodeMessageFrom(body);
    collect(found.sessions, `${frame.stream} ${cid}`, session);
  }
  return found;
}

/**
 * The bytes of a session's stream written again from its messages, and how many there were; what
 * LOGFILE announces is passed through. Throws where something else is no envelope.
 */
function rewriteSession(pieces: readonly Buffer[]): { stream: Buffer; messages: number } {
  const LOGFILE = 1004;
  const KNOWN_FLAGS = 0x30000000;
  const framer = new MessageFramer(LIMIT);
  const written: Buffer[] = [];
  let messages = 0;
  let raw = 0;
  for (const piece of pieces) {
    const skipped = Math.min(raw, piece.length);
    raw -= skipped;
    written.push(piece.subarray(0, skipped));
    framer.push(piece.subarray(skipped));
    for (let found = framer.next(); found !== undefined; found = framer.next()) {
      messages++;
      expect(found.what & ~KNOWN_FLAGS).toBeLessThan(1100);
      written.push(encodeMessage(found.what, found.body));
      // Upwards its body is the number of raw bytes; downwards it is the range that is asked for.
      if (found.what === LOGFILE && found.body.length === 4) raw = found.body.readInt32BE(0);
    }
  }
  return { stream: Buffer.concat(written), messages };
}

const recordings = existsSync(RECORDINGS)
  ? readdirSync(RECORDINGS).filter((file) => file.endsWith(".jsonl"))
  : [];

describe("recordings beside the project", () => {
  if (recordings.length === 0)
    test.skip("are missing: ../shared/transcripts is not there", () => {});

  for (const file of recordings) {
    test(file, () => {
      let messages = 0;
      for (const direction of directions(file)) {
        const start = direction.towardsDaemon ? HELLO : WELCOME;
        expect(direction.bytes.subarray(0, start.length)).toEqual(start);
        const stream = direction.bytes.subarray(start.length);
        const { frames, sessions } = direction.towardsDaemon
          ? reframeRequests(stream)
          : reframeResponses(stream);
        expect(Buffer.concat(frames).equals(stream)).toBe(true);
        for (const pieces of sessions.values()) {
          const again = rewriteSession(pieces);
          messages += again.messages;
          expect(again.stream.equals(Buffer.concat(pieces))).toBe(true);
        }
      }
      if (!file.startsWith("login-")) expect(messages).toBeGreaterThan(10);
    });
  }
});
