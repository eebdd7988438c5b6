/** Everything that arrives on a connection before it is a session message. */
import { asObject, Fields, parseObject } from "../../src/lib/check.ts";
import { decodeRecord, encodeRecord, type SessionRecord } from "../../src/daemon/session-record.ts";
import {
  decodeAttach,
  decodeDetached,
  encodeAttach,
  encodeDetached,
} from "../../src/protocol/attach.ts";
import {
  decodeAttention,
  decodeMessageFrom,
  serverMessage,
  urgentNotice,
} from "../../src/protocol/attention.ts";
import { Admin, Attention, Request, Status } from "../../src/protocol/codes.ts";
import {
  decodeCreate,
  decodeCreated,
  encodeCreate,
  encodeCreated,
} from "../../src/protocol/create.ts";
import { describeRequest, describeResponse } from "../../src/protocol/describe.ts";
import { decodeError, errorOfReply, readFailure } from "../../src/protocol/failure.ts";
import {
  encodeAttention,
  encodeError,
  encodeRequest,
  encodeResponse,
  type Pieced,
  type RequestFrame,
  requestFramer,
  type ResponseFrame,
  responseFramer,
  whole as inOne,
} from "../../src/protocol/frames.ts";
import { HELLO, recogniseHello, recogniseWelcome, WELCOME } from "../../src/protocol/handshake.ts";
import { closeAnswer, closeRequest } from "../../src/protocol/close.ts";
import {
  logAnswer,
  logRequest,
  resultRequest,
  sessionsAnswer,
} from "../../src/protocol/session-files.ts";
import { decodeUserProof, encodeUserProof } from "../../src/protocol/user-proof.ts";
import { decodeCallOut, decodeReached, encodeReached } from "../../src/protocol/call-out.ts";
import { decodeVouchRequest, encodeVouchRequest } from "../../src/protocol/vouch.ts";
import { decodeHealth, decodeNodeHealth, nodesRequest } from "../../src/protocol/health.ts";
import { decodeKeeper, encodeKeeper } from "../../src/protocol/keeper.ts";
import { parseJson } from "../../src/protocol/json.ts";
import { sessionList } from "../../src/protocol/listing.ts";
import {
  decodeCaller,
  decodeLoginReply,
  encodeCaller,
  encodeLoginReply,
} from "../../src/protocol/login.ts";
import {
  admin,
  auth,
  create,
  decodeItems,
  encodeItems,
  login,
  OUR_ITEM,
  readbuf,
  sendmsg,
  sessionWord,
  urgent,
} from "../../src/protocol/requests.ts";
import { callback, encodeServe } from "../../src/protocol/serve.ts";
import { decodeMaster } from "../../src/protocol/serve-master.ts";
import { decodeWorkers, encodeWorkers } from "../../src/protocol/workers.ts";
import { Random } from "../../test/helpers/random.ts";
import { codec, Finding, json, roundTrip, type Target } from "./target.ts";

const CALLER = {
  major: 1,
  version: "0.1.0",
  nonce: "ab".repeat(32),
  fingerprint: "0123456789abcdef",
  heartbeat: 5000,
};
const CALLEE = { ...CALLER, role: "any", auth: "key", proof: "cd".repeat(32) } as const;
const OPTIONS = {
  masterOnly: false,
  requireAll: true,
  startup: "serial",
  workers: { count: 4, perNode: true },
  env: { A: "1", LANG: "C.UTF-8" },
} as const;
const VOUCH = {
  callerNonce: "ab".repeat(32),
  calleeNonce: "cd".repeat(32),
  callerRole: "s",
  calleeRole: "any",
  user: "u",
  ordinal: "0.1",
  fingerprint: "0123456789abcdef",
  proof: "ef".repeat(32),
};
const LOGIN_ITEMS = encodeItems("", [
  [OUR_ITEM, encodeCaller(CALLER)],
  ["ord", "0.1"],
  ["usr", "somebody.with.a.name"],
]);
const FAILURE = {
  code: "CONNECT",
  phase: "tcp",
  host: "wn01",
  message: "refused",
  hint: "look",
  log: ["a", "b"],
};

/** Requests of every kind, as a peer sends them. */
export const REQUESTS: readonly Buffer[] = [
  {
    id: Request.login,
    body: login.encode({ pid: 7, user: "proofu", reserved: 36, capver: 1, role: "M" }),
    payload: LOGIN_ITEMS,
  },
  { id: Request.auth, body: auth.encode("pkey"), payload: Buffer.from("ef".repeat(32)) },
  { id: Request.create, body: create.encode(0), payload: encodeCreate("alias", "0", OPTIONS) },
  {
    id: Request.create,
    body: create.encode(0),
    payload: Buffer.from("session-x|ord:0.1|cf:workers=2x|envs:A=1,B=2"),
  },
  { id: Request.destroy, body: sessionWord.encode(0) },
  { id: Request.attach, body: sessionWord.encode(1) },
  { id: Request.detach, body: sessionWord.encode(-1) },
  { id: Request.urgent, body: urgent.encode(0, 2000, 1, 0) },
  {
    id: Request.sendmsg,
    body: sendmsg.encode({ sid: 0, opt: 2, cid: -1 }),
    payload: Buffer.from("\0\0\0\u0004\0\0\u0004\u0011"),
  },
  { id: Request.interrupt, body: sessionWord.encode(0, 2) },
  { id: Request.ping, body: sessionWord.encode(-1) },
  { id: Request.cleanup, body: sessionWord.encode(0) },
  { id: Request.readbuf, body: readbuf.encode(100, 0n, 1), payload: Buffer.from("/etc/passwd") },
  { id: Request.touch, body: sessionWord.encode(0) },
  { id: Request.ctrlc, body: sessionWord.encode(0) },
  ...Object.values(Admin).map((code) => ({
    id: Request.admin,
    body: admin.encode(-1, code, 1, 2),
    payload: Buffer.from("x|y"),
  })),
].map((frame) => encodeRequest({ stream: 0x0100, ...frame }));

const RESPONSES: readonly Buffer[] = [
  encodeResponse(0x0100, Status.ok, encodeLoginReply(CALLEE)),
  encodeError(0x0200, 3006, "no", FAILURE),
  encodeAttention(0x0200, Attention.msg, Buffer.from("\0\0\0\u0004\0\0\u0004\u0011")),
  encodeAttention(0x0200, Attention.wrkmortem, Buffer.from(`gone\0${JSON.stringify(FAILURE)}`)),
  encodeAttention(0x0200, Attention.urgent, urgentNotice.encode({ type: 2000, a: 1, b: 2 })),
];

/** Every control character, and what turns lines around: none may be in a line of the log. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

function harmless(line: string): void {
  if (UNSAFE.test(line))
    throw new Finding(`a log line with control characters: ${JSON.stringify(line.slice(0, 400))}`);
}

/** However a stream is cut up, the same records must come of it, or the same error. */
function framing<T extends { payload: Buffer }>(
  name: string,
  samples: readonly Buffer[],
  framer: () => { push(chunk: Buffer): void; next(): Pieced<T> | undefined },
  check: (record: T) => void,
): Target {
  const read = (chunks: readonly Buffer[]): { records: T[]; error: string } => {
    const from = framer();
    const records: T[] = [];
    try {
      for (const chunk of chunks) {
        from.push(chunk);
        for (let record = from.next(); record !== undefined; record = from.next()) {
          // In pieces or in one: what counts are the bytes.
          records.push(inOne<T>(record));
        }
      }
    } catch (error) {
      return { records, error: String(error) };
    }
    return { records, error: "" };
  };
  return {
    name,
    samples,
    run(input) {
      const random = new Random(input.length * 31 + (input[0] ?? 0));
      const whole = read([Buffer.from(input)]);
      const cut = read(random.cut(input, 40));
      if (!Bun.deepEquals(whole, cut)) throw new Finding("another result when cut up");
      if (whole.error !== "" && !/^(FrameError|CheckError)/.test(whole.error))
        throw new Finding(whole.error);
      for (const record of whole.records) check(record);
    },
  };
}

const WORKERS = encodeWorkers([
  {
    type: "M",
    user: "",
    host: "gate",
    port: 1093,
    ordinal: "",
    id: "",
    perf: 100,
    image: "",
    workdir: "",
    msd: "",
  },
  {
    type: "W",
    user: "joe",
    host: "wn01",
    port: 0,
    ordinal: "0",
    id: "",
    perf: 100,
    image: "i",
    workdir: "/w",
    msd: "m",
  },
]);
const SERVE = {
  socket: "/run/s",
  ticket: "t".repeat(64),
  sid: 0,
  role: "master",
  ordinal: "0",
  tag: "a-1-2",
  topTag: "a-1-2",
  user: "u",
  group: "g",
  creator: { cid: 1, isRoot: false },
  host: "h",
  logPath: "/l",
  workDirectory: "/w",
  keyFile: "/k",
  fingerprint: "0123456789abcdef",
  masterOnly: false,
  requireAll: false,
  workers: undefined,
  env: { A: "1" },
  heartbeat: 5000,
  heartbeatTimeout: 15000,
  reconnto: 30000,
  terminate: 5000,
  recovery: {
    wait: 100,
    longest: 10_000,
    deaths: 10,
    deathsPerNode: 3,
    calm: 60_000,
    look: 10_000,
  },
  startup: { mode: "serial", parallel: 16, tcp: 5000, login: 5000, create: 30000, session: 300000 },
  message: 268435456,
  memory: 0,
  maxquerykept: 10,
  tls: { cert: "/c", key: "/k", ca: "" },
} as const;
const KEEPER = { state: "/run/p", pid: 2, start: "1", reconnto: 30_000, terminate: 5000 };
const RECORD: SessionRecord = {
  sid: 0,
  role: "master",
  ordinal: "0",
  user: "u",
  group: "default",
  alias: "",
  host: "h",
  created: 1,
  pid: 2,
  start: "1",
  tag: "a-1-2",
  topTag: "a-1-2",
  sandbox: "/s",
  sessionDirectory: "/s/d",
  workDirectory: "/s/d/w",
  logPath: "/s/d/l",
  mark: "m",
  ticket: "t",
  secret: "s",
  workers: { count: 2, perNode: true },
  account: { name: "u", uid: 1000, gid: 1000, home: "/h" },
  callOuts: ["h:1093"],
  isOurs: true,
};
const HEALTH = {
  disks: [{ what: "state", path: "/s", size: 10, free: 5, files: 2, freeFiles: 1, problem: "p" }],
  version: "0.1.0",
  host: "h",
  port: 1093,
  role: "any",
  pid: 1,
  uptime: 5,
  auth: "key",
  stopping: false,
  maxsessions: 64,
  sessions: [
    {
      sid: 0,
      tag: "t",
      ordinal: "0",
      role: "master",
      user: "u",
      state: "idle",
      pid: 2,
      workers: 3,
      clients: 1,
      age: 4,
    },
  ],
};
const text =
  (decode: (text: string) => unknown) =>
  (input: Buffer): unknown =>
    decode(input.toString());
const bodies = { login, auth, create, sessionWord, sendmsg, urgent, admin, readbuf };

export const WIRE_TARGETS: readonly Target[] = [
  framing<RequestFrame>(
    "request frames",
    REQUESTS,
    () => requestFramer(() => 1 << 20),
    (frame) => harmless(describeRequest(frame)),
  ),
  framing<ResponseFrame>(
    "response frames",
    RESPONSES,
    () => responseFramer(1 << 20),
    (frame) => harmless(describeResponse(frame)),
  ),
  codec(
    "handshake of a client",
    [
      HELLO,
      Buffer.from("GET / HTTP/1.1\r\n"),
      Buffer.from("SSH-2.0-x"),
      Buffer.from([0x16, 3, 1, 2, 0]),
    ],
    (input) => {
      // What the whole turns out to be must not be contradicted by a part of it.
      const whole = recogniseHello(input);
      const part = recogniseHello(input.subarray(0, input.length >> 1));
      if (part.kind !== "incomplete" && part.kind !== whole.kind)
        throw new Finding(`${part.kind} at first, then ${whole.kind}`);
      return whole;
    },
  ),
  codec(
    "handshake of a server",
    [WELCOME, Buffer.from("HTTP/1.1 400"), Buffer.from("SSH-2.0-OpenSSH_9")],
    recogniseWelcome,
  ),
  codec(
    "request bodies",
    REQUESTS.map((frame) => frame.subarray(4, 20)),
    (input) => Object.values(bodies).map((body) => body.decode(input)),
  ),
  codec(
    "login buffer",
    [LOGIN_ITEMS],
    (input) => {
      const { items } = decodeItems(input);
      return decodeCaller(items.get(OUR_ITEM) ?? "");
    },
    (caller) => encodeItems("", [[OUR_ITEM, encodeCaller(caller)]]),
  ),
  codec("login item", [json(CALLER)], (input) => decodeCaller(input.toString("base64url"))),
  codec("login reply", [encodeLoginReply(CALLEE), encodeLoginReply()], decodeLoginReply, (callee) =>
    encodeLoginReply(callee),
  ),
  codec(
    "create buffer",
    [
      encodeCreate("alias", "0.1", OPTIONS),
      Buffer.from("a|cf:workers=2x|envs:A=1,B=2,C"),
      Buffer.from("x|cf:masteronly|ord:0.1.2"),
    ],
    decodeCreate,
  ),
  {
    name: "create options",
    samples: [json(OPTIONS)],
    run(input) {
      const read = decodeCreate(Buffer.from(`a|proof:${input.toString("base64url")}`));
      roundTrip(
        read,
        ({ name, ordinal, options }) => encodeCreate(name, ordinal, options),
        decodeCreate,
      );
    },
  },
  codec(
    "create reply",
    [
      encodeCreated({
        sid: 1,
        logPath: "/x/y",
        pool: "",
        facts: { tag: "t", host: "h", pid: 3, version: "0", secret: "s", phases: { spawn: 1 } },
      }),
      encodeCreated({ sid: 2, logPath: "/l", pool: "root://h//p" }),
    ],
    decodeCreated,
  ),
  codec(
    "attach buffer",
    [encodeAttach({ secret: "s" }), encodeAttach({})],
    decodeAttach,
    (value) => (value === undefined ? Buffer.alloc(0) : encodeAttach(value)),
  ),
  codec("answer to a detach", [encodeDetached(1000)], decodeDetached, encodeDetached),
  codec("parameters of a keeper", [Buffer.from(encodeKeeper(KEEPER))], text(decodeKeeper)),
  codec(
    "session record",
    [Buffer.from(encodeRecord(RECORD))],
    text((line) => decodeRecord(line, "/s")),
  ),
  codec(
    "parameters of a proofserv",
    [Buffer.from(encodeServe(SERVE, 4711))],
    text((line) => decodeMaster(parseObject(line, "parameters"))),
  ),
  codec("ticket", [json({ ticket: "t" })], (input) => callback.decode(input.toString("base64url"))),
  codec("call-out", [json({ host: "h", port: 1093 })], (input) =>
    decodeCallOut(input.toString("base64url")),
  ),
  codec("answer to a call-out", [encodeReached("10.0.0.1")], decodeReached, encodeReached),
  codec("error reply", [Buffer.from(`\0\0\u000b\u00bano\0${JSON.stringify(FAILURE)}`)], (input) =>
    errorOfReply(decodeError(input), "create", "h").toJSON(),
  ),
  codec(
    "failure",
    [json(FAILURE)],
    (input) => readFailure(new Fields(parseJson(input.toString(), "x"), "x")),
    (value) => json(value),
  ),
  codec("health", [json(HEALTH)], decodeHealth, (value) => json(value)),
  codec(
    "health of nodes",
    [
      json({
        nodes: [
          { host: "h", port: 1, workers: 1, role: "worker", elapsed: 1, health: HEALTH },
          { host: "i", port: 1, workers: 1, role: "worker", elapsed: 1, failure: FAILURE },
          {
            host: "j",
            port: 1,
            workers: 2,
            role: "submaster",
            elapsed: 1,
            health: HEALTH,
            nodes: [{ host: "k", port: 1, workers: 1, role: "worker", elapsed: 1, health: HEALTH }],
          },
        ],
      }),
    ],
    (input) => ({ nodes: decodeNodeHealth(input) }),
    (value) => json(value),
  ),
  codec(
    "question about nodes",
    [nodesRequest.encode({ deadline: 4000, allowed: 5000, hops: 8, way: ["a", "b"] })],
    (bytes) => nodesRequest.decode(bytes),
    (value) => nodesRequest.encode(value),
  ),
  codec(
    "list of sessions",
    [sessionList.encode([{ sid: 0, tag: "t", alias: "", status: 0, clients: 1 }])],
    (input) => sessionList.decode(input, 100),
    (value) => sessionList.encode(value),
  ),
  codec(
    "list of workers",
    [WORKERS],
    (input) => decodeWorkers(input, { records: 100, field: 200 }),
    (value) => encodeWorkers(value),
  ),
  codec(
    "attention",
    RESPONSES.slice(2).map((frame) => frame.subarray(8)),
    (input) => {
      const { action, body } = decodeAttention(input);
      if (action === Attention.urgent) return urgentNotice.decode(body);
      return [serverMessage.decode(body), decodeMessageFrom(body)];
    },
  ),
  codec("vouch", [json(VOUCH)], decodeVouchRequest, encodeVouchRequest),
  codec(
    "proof of a user",
    [json({ key: "AAAA".repeat(10), signature: "AAAA".repeat(20) })],
    decodeUserProof,
    encodeUserProof,
  ),
  codec(
    "close",
    [json({ all: true }), json({ tag: "t", hard: true, isPart: true })],
    (bytes) => closeRequest.decode(bytes),
    (value) => closeRequest.encode(value),
  ),
  codec(
    "closed",
    [json({ closed: ["t", "u"], failures: [] })],
    (bytes) => closeAnswer.decode(bytes),
    (value) => closeAnswer.encode(value),
  ),
  codec(
    "sessions left",
    [
      json({
        sessions: [{ tag: "h-1-2", user: "u", live: true, started: 1, logs: 2, results: 3 }],
      }),
    ],
    (bytes) => sessionsAnswer.decode(bytes),
    (value) => sessionsAnswer.encode(value),
  ),
  codec(
    "logs asked for",
    [json({ tag: "h-1-2", seen: [{ name: "l", at: 3 }], deadline: 5, budget: 100 })],
    (bytes) => logRequest.decode(bytes),
    (value) => logRequest.encode(value),
  ),
  codec(
    "logs",
    [
      json({
        known: true,
        live: false,
        logs: [{ name: "l", ordinal: "0.1", host: "h", size: 9, next: 9, text: "line" }],
        failures: [],
      }),
    ],
    (bytes) => logAnswer.decode(bytes),
    (value) => logAnswer.encode(value),
  ),
  codec(
    "results asked for",
    [json({ tag: "h-1-2", seq: 3, at: 5 })],
    (bytes) => resultRequest.decode(bytes),
    (value) => resultRequest.encode(value),
  ),
  codec(
    "JSON",
    [json({ a: { b: [1, '\\"', null] } })],
    (input) => asObject(parseJson(input.toString(), "x"), "x"),
    (value) => json(value),
  ),
];
