/**
 * What daemons tell one another, their keepers and the next daemon; attaching; and what ROOT's clients and
 * daemons say in their own words.
 */
import { ByteWriter } from "../../src/lib/bytes.ts";
import { Journal } from "../../src/comm/journal.ts";
import { decodeRecord, encodeRecord } from "../../src/daemon/session-record.ts";
import { fits, readGrep, wordsOf } from "../../src/daemon/root/words.ts";
import {
  decodeAttach,
  decodeDetached,
  encodeAttach,
  encodeDetached,
} from "../../src/protocol/attach.ts";
import { decodeKeeper, encodeKeeper } from "../../src/protocol/keeper.ts";
import {
  readLogRange,
  readParallel,
  readText,
  readWorkerListChange,
  RootKind,
} from "../../src/protocol/root-messages.ts";
import * as files from "../../src/protocol/session-files.ts";
import { ack, resume, resumed } from "../../src/protocol/stream.ts";
import { readVersions, readWorkers } from "../../src/protocol/xproofd.ts";
import { codec, Finding, json, type Target } from "./target.ts";

const FAILURE = { code: "TIMEOUT", phase: "tcp", host: "h", message: "m" };
const TAG = "h-1700000000-12";
const RECORD = {
  sid: 1,
  role: "master",
  ordinal: "0",
  user: "u",
  group: "g",
  alias: "",
  host: "h",
  created: 1,
  pid: 12,
  start: "99",
  tag: TAG,
  topTag: TAG,
  sandbox: "/s",
  sessionDirectory: "/s/u",
  workDirectory: "/s/u/w",
  logPath: "/s/u/l",
  ticket: "t",
  secret: "x",
  workers: { count: 2, perNode: true },
  account: { name: "u", uid: 1000, gid: 100, home: "/home/u" },
  callOuts: ["h:1"],
  isOurs: true,
};
const LOGS = {
  user: "u",
  tag: TAG,
  ordinal: "0.1",
  tail: 10,
  seen: [{ name: "worker-0.1-h.log", at: 9 }],
  hops: 1,
  deadline: 1000,
  budget: 4096,
};
const LOG = {
  known: true,
  live: false,
  logs: [{ name: "l", ordinal: "0.1", host: "h", size: 9, next: 9, text: "a\n" }],
  failures: [FAILURE],
};
const SESSIONS = {
  sessions: [{ tag: TAG, user: "u", live: true, started: 5, logs: 2, results: 1 }],
};

/** Body of a message of ROOT's. */
const rootText =
  (what: number, read: (message: { what: number; body: Buffer }) => unknown) =>
  (input: Buffer): unknown =>
    read({ what, body: input });

/** Bodies of messages, behind their eight bytes of envelope. */
const counted = (
  name: string,
  sample: Buffer,
  of: { decode(message: { what: number; body: Buffer }): { received: number } },
): Target => codec(name, [sample.subarray(8)], (body) => of.decode({ what: 0, body }));

const journal: Target = {
  name: "acknowledgements",
  samples: [Buffer.from([1, 1, 2, 0, 3, 1, 2, 9])],
  run(input) {
    const one = new Journal(() => undefined);
    let sent = 0;
    for (const byte of input.subarray(0, 200)) {
      if (byte % 2 === 0) {
        one.send([Buffer.alloc(1 + (byte & 15))]);
        sent++;
      } else one.acknowledge(sent - (byte >> 4));
      const left = one.unacknowledged.flat().reduce((sum, { length }) => sum + length, 0);
      if (left !== one.bytes) throw new Finding(`${one.bytes} bytes of ${left} wait`);
    }
  },
};

export const DAEMON_TARGETS: readonly Target[] = [
  codec(
    "attach",
    [encodeAttach({ secret: "s".repeat(64) }), encodeAttach({})],
    (input) => decodeAttach(input) ?? {},
    encodeAttach,
  ),
  codec("detached", [encodeDetached(5), encodeDetached(Infinity)], decodeDetached, encodeDetached),
  codec(
    "record of a session",
    [json(RECORD)],
    (input) => decodeRecord(input.toString(), "/s"),
    (value) => Buffer.from(encodeRecord(value)),
  ),
  codec(
    "parameters of a keeper",
    [json({ state: "/s", pid: 1, start: "9", reconnto: 1000, terminate: 1000 })],
    (input) => decodeKeeper(input.toString()),
    (value) => Buffer.from(encodeKeeper(value)),
  ),
  codec(
    "sessions wanted",
    [json({ user: "u" })],
    files.sessionsRequest.decode,
    files.sessionsRequest.encode,
  ),
  codec(
    "sessions that were",
    [json(SESSIONS)],
    files.sessionsAnswer.decode,
    files.sessionsAnswer.encode,
  ),
  codec("logs wanted", [json(LOGS)], files.logRequest.decode, files.logRequest.encode),
  codec("logs", [json(LOG)], files.logAnswer.decode, files.logAnswer.encode),
  codec(
    "results wanted",
    [json({ user: "", tag: TAG, seq: 3, at: 9 })],
    files.resultRequest.decode,
    files.resultRequest.encode,
  ),
  codec(
    "list of results",
    [files.resultList.encode([])],
    (input) => files.resultList.decode(input),
    (value) => files.resultList.encode(value),
  ),
  codec("part of a result", [files.resultPart.encode(9, Buffer.from("abc"))], (input) =>
    files.resultPart.decode(input),
  ),
  counted("acknowledgement", ack.encode({ received: 5 }), ack),
  counted("resumed", resumed.encode({ received: 5 }), resumed),
  counted("resume", resume.encode({ received: 5, isNew: true }), resume),
  journal,
  codec("words for grep", [Buffer.from(`-i -n "a b" 'c' \\d -e x`)], (input) => [
    readGrep(input.toString()),
    wordsOf(input.toString()),
    fits(input.toString(), `*${input.toString().slice(0, 20)}?*`),
  ]),
  codec("ROOT's text", [Buffer.from("text\0")], rootText(RootKind.message, readText)),
  codec(
    "ROOT's list of workers",
    [new ByteWriter().i32(1).tstring("0.1,0.2").done()],
    rootText(0, readWorkerListChange),
  ),
  codec("ROOT's number of workers", [Buffer.from([0, 0, 0, 2, 1])], rootText(0, readParallel)),
  codec("ROOT's range of a log", [Buffer.alloc(8)], rootText(0, readLogRange)),
  codec(
    "xproofd's versions",
    [Buffer.from("  * main 5.34/30 /opt/root 36\n    old 5.30/00 /opt/old 30\n\0")],
    readVersions,
  ),
  codec(
    "xproofd's workers",
    [Buffer.from("Selection: all, max workers: -1 &M: h:1093  sessions: 1 &W: h:1  sessions: 1 &")],
    readWorkers,
  ),
];
