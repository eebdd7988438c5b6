/** Session messages of every kind, and the values in them. */
import {
  encodeMessage,
  MessageFramer,
  messageOf,
  type Message,
  OUR_KINDS,
} from "../../src/protocol/envelope.ts";
import * as messages from "../../src/protocol/messages.ts";
import { parseJson } from "../../src/protocol/json.ts";
import * as client from "../../src/protocol/query-client.ts";
import * as worker from "../../src/protocol/query-worker.ts";
import { ack, resume, resumed } from "../../src/protocol/stream.ts";
import { decodeValue, encodeValue } from "../../src/protocol/values.ts";
import { codec, Finding, json, roundTrip, type Target } from "./target.ts";

const FAILURE = {
  code: "MEMORY",
  phase: "running",
  host: "h",
  message: "m",
  hint: "x",
  log: ["l"],
};
const INFO = {
  ordinal: "0.1",
  role: "worker",
  host: "h",
  port: 1,
  pid: 2,
  state: "ready",
  version: "0",
  phases: { tcp: 1.5 },
} as const;
const PROGRESS = {
  id: 1,
  seq: 2,
  state: "running",
  unit: "entries",
  total: 9,
  processed: 3,
  entries: 3,
  bytes: 4,
  active: 2,
  elapsed: 1.5,
} as const;
const FILE = { path: "/d/a.root", tree: "t", first: 0, count: -1 };
const USER_ERROR = {
  message: "x is not defined",
  frames: [{ line: 1, column: 2 }],
  stage: "process",
  entry: 5,
  file: "f",
  worker: "0.1",
};
const FOUND = {
  unit: "entries",
  size: 9,
  bytes: 9,
  tree: "t",
  boundaries: [0, 5],
  problem: "",
} as const;
const SAVED = { json: { h: null }, patches: [[["h"], "Float64Array", 0]] };
const DOUBLES = new Uint8Array(new Float64Array([1, 2, 3]).buffer);

interface Kind {
  encode(value: never, attachments?: readonly Uint8Array[]): Uint8Array | Uint8Array[];
  decode(message: Message): unknown;
}

/** A kind of message with something to say. */
function kind(
  name: string,
  of: Kind,
  sample: unknown,
  attachments: readonly Uint8Array[] = [],
): Target {
  const write = (value: unknown, attached: readonly Uint8Array[]): Uint8Array[] =>
    [of.encode(value as never, attached)].flat();
  const read = (input: Buffer): { value: unknown; attached: readonly Uint8Array[] } => {
    const value = of.decode({ what: input.readUInt32BE(4), body: input.subarray(8) });
    const parts = value as { fields?: unknown; attachments?: Buffer[] };
    return parts.attachments === undefined
      ? { value, attached: [] }
      : { value: parts.fields, attached: parts.attachments };
  };
  return {
    name: `message: ${name}`,
    samples: [Buffer.concat(write(sample, attachments))],
    run(input) {
      if (input.length < 8) return;
      roundTrip(read(input), ({ value, attached }) => write(value, attached), read);
    },
  };
}

const value: Target = {
  name: "values",
  samples: [
    SAVED,
    {
      text: '[1,{"$":["number","-0"]},{"$":["hole"]},{"$":["list",[1],{"a":2}]},{"$":["object",{"$":1}]}]',
      tagged: true,
    },
    { text: '{"$":["Int32Array",0,0,8]}', tagged: true },
    {
      json: [1, null, { __proto__: null, a: null }],
      patches: [
        [[1], "bigint", "-12"],
        [[2, "a"], "date", 5],
      ],
    },
    { json: null, patches: [[[], "undefined", 0]] },
    {
      json: { a: [null, null] },
      patches: [
        [["a", 0], "number", "NaN"],
        [["a", 1], "Int32Array", 0],
      ],
    },
  ].map(json),
  run(input) {
    const decode = (head: Buffer): unknown =>
      decodeValue(parseJson(head.toString(), "value"), [Buffer.from(DOUBLES)]);
    const decoded = decode(input);
    if (({} as { polluted?: unknown }).polluted !== undefined)
      throw new Finding("a prototype was changed");
    const encoded = encodeValue(decoded);
    if (encoded === undefined) return;
    // As it travels: what is read is put into the head that was parsed.
    const once = JSON.stringify(encoded.head);
    const attachments = encoded.attachments.map((part) => Buffer.from(part));
    const again = encodeValue(decodeValue(parseJson(once, "value"), attachments));
    const twice = JSON.stringify(again?.head);
    if (twice !== once) throw new Finding(`another value: ${once} and ${twice}`);
  },
};

const stream: Target = {
  name: "stream of messages",
  samples: [
    Buffer.concat([
      encodeMessage(3, Buffer.from("hello\0")),
      encodeMessage(1041, Buffer.alloc(40)),
    ]),
  ],
  run(input) {
    const framer = new MessageFramer(1 << 20);
    framer.push(input);
    while (framer.next() !== undefined);
  },
};

/** The same messages, but only their JSON is spoilt: lengths are right again. */
function heads(target: Target): Target[] {
  const { name } = target;
  const [sample] = target.samples;
  if (!name.startsWith("message: ") || sample === undefined || sample.readUInt32BE(4) < OUR_KINDS)
    return [];
  const length = sample.readUInt32BE(8);
  const count = sample.readUInt32BE(12);
  const [before, behind] = [sample.subarray(0, 16 + 4 * count), 16 + 4 * count + length];
  return [
    {
      name: `${name}, head`,
      samples: [sample.subarray(behind - length, behind)],
      run(input) {
        const message = Buffer.concat([before, input, sample.subarray(behind)]);
        message.writeUInt32BE(message.length - 4, 0);
        message.writeUInt32BE(input.length, 8);
        return target.run(message);
      },
    },
  ];
}

const WHOLE: readonly Target[] = [
  stream,
  value,
  kind("progress of start-up", messages.serverStarted, {
    action: "Opening",
    total: 4,
    done: 2,
    ok: true,
  }),
  kind("greeting", messages.greeting, "**** hello ****"),
  kind("ready", messages.ready, { workers: [INFO], failures: [{ ordinal: "0.2", ...FAILURE }] }),
  kind("failed", messages.failed, { ...FAILURE, failures: [{ ordinal: "0.2", ...FAILURE }] }),
  kind("command", messages.command, {
    id: 1,
    name: "exec",
    code: "1 + 1",
    ordinal: "0.1",
    lines: 10,
  }),
  kind("output", messages.output, { id: 1, ordinal: "0.1", stream: "out", text: "x\n" }),
  kind("done", messages.done, { id: 1 }),
  kind("worker lost", messages.workerLost, { ordinal: "0.2", ...FAILURE }),
  kind("ack", ack, { received: 7 }),
  kind("resume", resume, { received: 7, isNew: true }),
  kind("resumed", resumed, { received: 7 }),
  kind("notice", messages.notice, { ordinal: "0.2", text: "a line" }),
  kind("worker replaced", messages.workerJoined, INFO),
  kind(
    "result",
    messages.result,
    {
      id: 1,
      ordinal: "0.1",
      host: "h",
      ok: true,
      text: "3",
      value: SAVED,
      exitCode: 0,
      elapsed: 1,
    },
    [DOUBLES],
  ),
  kind(
    "process",
    client.processRequest,
    {
      id: 1,
      selector: "s.ts",
      hash: "a".repeat(64),
      branches: ["x"],
      files: [FILE],
      cycles: 0,
      input: SAVED,
      seed: 1,
      packetizer: "adaptive",
      feedback: 0,
    },
    [Buffer.from("bundle"), DOUBLES],
  ),
  kind("control", client.control, { id: 1, action: "stop", seq: 1 }),
  kind("progress", client.progress, PROGRESS),
  kind("feedback", client.feedback, { id: 1, saved: SAVED }, [DOUBLES]),
  kind(
    "outcome",
    client.outcome,
    {
      ...PROGRESS,
      selector: "s",
      saved: SAVED,
      failure: FAILURE,
      userError: USER_ERROR,
      problems: ["p"],
      finished: 5,
    },
    [DOUBLES],
  ),
  kind("listing", client.listing, {
    id: 1,
    problem: "p",
    queries: [{ ...PROGRESS, selector: "s", kept: true, finished: 1 }],
  }),
  kind("inspect", worker.inspect, { query: 1, mode: "stat", files: [FILE], branches: "all" }),
  kind("inspected", worker.inspected, { query: 1, ordinal: "0.1", mode: "stat", files: [FOUND] }),
  kind(
    "begin",
    worker.begin,
    {
      query: 1,
      selector: "s",
      hash: "a",
      hasBundle: true,
      branches: ["x"],
      input: SAVED,
      seed: 1,
      workers: 2,
    },
    [Buffer.from("bundle")],
  ),
  kind("begun", worker.begun, { query: 1, ordinal: "0.1", needsBundle: false }),
  kind("packet", worker.packet, {
    query: 1,
    packet: 2,
    unit: "entries",
    path: "/d",
    tree: "t",
    first: 0,
    count: 10,
  }),
  kind("get packet", worker.getPacket, {
    query: 1,
    ordinal: "0.1",
    packet: 2,
    units: 1,
    entries: 1,
    bytes: 1,
    elapsed: 1,
    final: true,
  }),
  kind("finish", worker.finish, { query: 1, absorb: ["0.1"] }),
  kind("absorb", worker.absorb, { query: 1, from: "0.1", saved: SAVED }, [DOUBLES]),
  kind("stop", worker.stop, { query: 1, keep: true }),
  kind(
    "output of a worker",
    worker.workerOutput,
    { query: 1, ordinal: "0.1", covers: ["0.1"], saved: SAVED },
    [DOUBLES],
  ),
  kind("error of a worker", worker.workerError, {
    query: 1,
    ordinal: "0.1",
    userError: USER_ERROR,
    failure: FAILURE,
  }),
  kind("peek", worker.peek, { query: 1 }),
  kind("glimpse", worker.glimpse, { query: 1, ordinal: "0.1", saved: SAVED }, [DOUBLES]),
  kind("route", worker.route, { ordinal: "0.1", what: 20120 }, [Buffer.from("x")]),
  kind("replace", worker.replace, { ordinal: "0.1" }),
  codec("pieces of a message", [Buffer.from([0, 0, 0, 4, 0, 0, 4, 0x11])], (input) =>
    input.length < 8 ? undefined : messageOf([input]),
  ),
];

export const SESSION_TARGETS: readonly Target[] = [...WHOLE, ...WHOLE.flatMap(heads)];
