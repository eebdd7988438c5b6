/**
 * Plays a recorded session again: sends the requests of the recorded client and of the recorded master, has
 * stand-ins say what the recorded proofservs said, and compares every answer and every push. Session
 * numbers and tags are taken from the answers.
 */
import { Admin, Attention, Request, Status } from "../../src/protocol/codes.ts";
import { decodeCreated, encodeCreated } from "../../src/protocol/create.ts";
import { encodeRequest, type RequestFrame, type ResponseFrame } from "../../src/protocol/frames.ts";
import { admin, create, login, sendmsg } from "../../src/protocol/requests.ts";
import { type Frame, RawClient } from "./raw-client.ts";
import type { RecordedEvent } from "./recording.ts";
import type { Step } from "./stand-in-proofserv.ts";
import { waitFor } from "./wait-for.ts";

/** A difference: what was recorded and what came instead. */
export interface Difference {
  /** Which request or push, in words. */
  what: string;
  recorded: string;
  received: string;
}

/** Bits of messages that a proofserv marks so: what a recording of the client's link does not show. */
const OPT = { message: 0x03, log: 0x23, raw: 0x01 } as const;

/** The part of each proofserv, by ordinal, as the recorded link of its client shows it. */
export function partsOf(events: readonly RecordedEvent[]): Map<string, Step[]> {
  const parts = new Map<string, Step[]>();
  const ordinals = new Map<string, string>();
  for (const event of events) {
    if (event.kind === "end") continue;
    const { frame, connection } = event;
    const key = `${connection} ${frame.stream}`;
    if (event.kind === "request" && event.frame.id === Request.create) {
      const [, ordinal = "0"] = /\|ord:([\d.]+)/.exec(event.frame.payload.toString()) ?? [];
      ordinals.set(key, ordinal);
      if (!parts.has(ordinal)) parts.set(ordinal, []);
    }
    const steps = parts.get(ordinals.get(key) ?? "");
    if (steps === undefined) continue;
    if (event.kind === "request" && event.frame.id === Request.sendmsg)
      steps.push({ hear: frame.payload.toString("hex") });
    else if (isPush(event, Attention.msg)) steps.push(saying(frame.payload.subarray(4)));
  }
  return parts;
}

function isPush(event: RecordedEvent, action: number): boolean {
  return (
    event.kind === "response" &&
    event.frame.status === Status.attn &&
    event.frame.payload.readInt32BE(0) === action
  );
}

function saying(bytes: Buffer): Step {
  const what = bytes.length >= 8 ? bytes.readInt32BE(4) : 0;
  const isMessage = bytes.length >= 8 && bytes.readInt32BE(0) === bytes.length - 4;
  const opt = !isMessage ? OPT.raw : what === 1004 || what === 1005 ? OPT.log : OPT.message;
  return { say: bytes.toString("hex"), opt };
}

/** One link of the recording, played by a client of bytes. */
class ReplayedLink {
  readonly client: RawClient;
  /** Requests that are not answered yet, by stream. */
  readonly asked = new Map<number, RequestFrame[]>();
  readonly #answers = new Map<string, Frame[]>();

  constructor(client: RawClient) {
    this.client = client;
  }

  /** The next answer, or push, on a stream. */
  async next(stream: number, isPushed: boolean, what: string): Promise<Frame> {
    const key = `${stream} ${isPushed}`;
    const found = await waitFor(what, () => {
      for (let frame = this.client.tryFrame(); frame !== undefined; frame = this.client.tryFrame())
        this.#keep(frame);
      return this.#answers.get(key)?.shift();
    });
    return found;
  }

  #keep(frame: Frame): void {
    const key = `${Number.parseInt(frame.stream, 16)} ${frame.status === Status.attn}`;
    const list = this.#answers.get(key);
    if (list === undefined) this.#answers.set(key, [frame]);
    else list.push(frame);
  }
}

/** How two texts are made equal where they may differ: called with both. */
export type Normalize = (text: string, what: string) => string;

export class Replay {
  readonly differences: Difference[] = [];
  readonly #links = new Map<number, ReplayedLink>();
  readonly #port: number;
  readonly #normalize: Normalize;
  /** By recorded number, with the connection: the number that the daemon has given. */
  readonly #sids = new Map<string, number>();
  /** Addresses of logs: the recorded ones, and the daemon's. */
  readonly #logs = new Map<string, string>();
  /** The recorded tag of the session, and the daemon's. */
  tags: [recorded: string, actual: string] | undefined;
  /** What is not awaited, by the words for it. */
  readonly #skips: (what: string) => boolean;

  constructor(port: number, normalize: Normalize, skips: (what: string) => boolean = () => false) {
    this.#port = port;
    this.#normalize = normalize;
    this.#skips = skips;
  }

  /** Plays everything. */
  async play(events: readonly RecordedEvent[]): Promise<void> {
    try {
      for (const event of events) await this.#event(event);
    } finally {
      for (const { client } of this.#links.values()) client[Symbol.dispose]();
    }
  }

  async #link(connection: number): Promise<ReplayedLink> {
    const known = this.#links.get(connection);
    if (known !== undefined) return known;
    const link = new ReplayedLink(await RawClient.greeted(this.#port));
    this.#links.set(connection, link);
    return link;
  }

  async #event(event: RecordedEvent): Promise<void> {
    const link = await this.#link(event.connection);
    if (event.kind === "end") return link.client[Symbol.dispose]();
    if (event.kind === "request") return this.#ask(event, link);
    await this.#compare(event, link);
  }

  #ask(event: RecordedEvent & { kind: "request" }, link: ReplayedLink): void {
    const { frame, connection } = event;
    const { stream, id } = frame;
    const waiting = link.asked.get(stream) ?? [];
    link.asked.set(stream, [...waiting, frame]);
    const body = Buffer.from(frame.body);
    const hasSid = id !== Request.login && id !== Request.readbuf;
    const sid = hasSid ? this.#sids.get(`${connection} ${body.readInt32BE(0)}`) : undefined;
    if (sid !== undefined && id !== Request.create && !isManager(frame)) body.writeInt32BE(sid, 0);
    const isText = id !== Request.sendmsg;
    const payload = isText ? this.#substituted(frame.payload) : frame.payload;
    link.client.send(encodeRequest({ stream, id, body, payload }));
  }

  /** A text with the daemon's addresses and tag in the place of the recorded ones. */
  #substituted(payload: Buffer): Buffer {
    const pairs = [...this.#logs, ...(this.tags === undefined ? [] : [this.tags])];
    const text = payload.toString("latin1");
    const replaced = pairs.reduce((so, [from, to]) => so.replaceAll(from, to), text);
    return Buffer.from(replaced, "latin1");
  }

  async #compare(event: RecordedEvent & { kind: "response" }, link: ReplayedLink): Promise<void> {
    const { frame, connection } = event;
    const isPushed = frame.status === Status.attn;
    const request = isPushed ? undefined : link.asked.get(frame.stream)?.shift();
    const what = describe(frame, request, connection);
    if (this.#skips(what)) return;
    const received = await link.next(frame.stream, isPushed, what);
    if (request?.id === Request.create && received.status === Status.ok)
      this.#created(frame, received, connection);
    if (what.endsWith(`admin ${Admin.queryLogPaths}`)) this.#noteLogs(frame, received);
    const differ = (recorded: string, got: string): void => {
      if (recorded !== got) this.differences.push({ what, recorded, received: got });
    };
    differ(String(frame.status), String(received.status));
    const text = (payload: Buffer): string => this.#normalize(payload.toString("latin1"), what);
    differ(text(frame.payload), text(received.payload));
  }

  #noteLogs(recorded: ResponseFrame, received: Frame): void {
    const logs = ({ payload }: { payload: Buffer }): Map<string, string> =>
      new Map(
        [...payload.toString().matchAll(/\|([\d.]+) ([^|\0]+)/g)].map(
          ([, ordinal = "", url = ""]) => [ordinal, url],
        ),
      );
    const actual = logs(received);
    for (const [ordinal, url] of logs(recorded)) this.#logs.set(url, actual.get(ordinal) ?? url);
  }

  #created(recorded: ResponseFrame, received: Frame, connection: number): void {
    const [was, is] = [decodeCreated(recorded.payload), decodeCreated(received.payload)];
    this.#sids.set(`${connection} ${was.sid}`, is.sid);
    const tag = (path: string): string => /session-([^/]+)\//.exec(path)?.[1] ?? "";
    this.tags ??= [tag(was.logPath), tag(is.logPath)];
  }
}

/** Whether a request is the manager's, whose session number means nothing. */
function isManager({ id, stream, body }: RequestFrame): boolean {
  return id === Request.admin && (stream === 0x0100 || body.readInt32BE(0) < 0);
}

/** Words for a response: `create`, `admin 1000`, `push 5100`. */
function describe(
  { status, payload, stream }: ResponseFrame,
  request: RequestFrame | undefined,
  connection: number,
): string {
  const where = `link ${connection} stream ${stream.toString(16).padStart(4, "0")}`;
  if (status === Status.attn) return `${where}: push ${payload.readInt32BE(0)}`;
  if (request === undefined) return `${where}: an answer to nothing`;
  const name = Object.entries(Request).find(([, id]) => id === request.id)?.[0] ?? request.id;
  const code = request.id === Request.admin ? ` ${request.body.readInt32BE(4)}` : "";
  const message = request.id === Request.sendmsg ? ` ${sendmsg.decode(request.body).opt}` : "";
  return `${where}: ${name}${code}${message}`;
}

/** Where a session is in what {@link seenByClients} makes up. */
interface Place {
  connection: number;
  link: "cli" | "wrk";
  stream: number;
  sid: number;
}

/**
 * A recording of proofservs' links to their daemon, as their clients' links would have shown it: what a
 * proofserv says its client hears, and the other way round. Logins and creates are added.
 */
export function seenByClients(events: readonly RecordedEvent[]): RecordedEvent[] {
  const seen: RecordedEvent[] = [];
  const links = [...new Set(events.map(({ connection }) => connection))];
  /** The first proofserv is the master; the others are workers of one link. */
  const where = (connection: number): Place => {
    const sid = links.indexOf(connection);
    if (sid === 0) return { connection: 1, link: "cli", stream: 0x0200, sid };
    return { connection: 2, link: "wrk", stream: sid * 0x0100, sid };
  };
  const ask = (at: Place, id: number, body: Buffer, payload: Buffer): void =>
    void seen.push({ ...at, kind: "request", frame: { stream: at.stream, id, body, payload } });
  const hear = (at: Place, status: number, payload: Buffer): void =>
    void seen.push({ ...at, kind: "response", frame: { stream: at.stream, status, payload } });
  const version = Buffer.from("000003ef", "hex");
  const log = (sid: number, name: string): Buffer =>
    encodeCreated({ sid, logPath: `/box/session-localhost-1795337893-17556/${name}-h.log` });
  for (const [index, connection] of links.entries()) {
    const at = where(connection);
    const role = index === 0 ? "M" : "s";
    const who = { pid: 1, user: "proofu", reserved: 36, capver: 1, role };
    if (index < 2) {
      ask({ ...at, stream: 0x0100 }, Request.login, login.encode(who), Buffer.alloc(0));
      hear({ ...at, stream: 0x0100 }, Status.ok, version);
    }
    const ordinal = `0.${index - 1}`;
    const buffer =
      index === 0 ? "localhost" : `session-localhost-1795337893-17556|ord:${ordinal}|cf:proof.conf`;
    ask(at, Request.create, create.encode(0), Buffer.from(buffer));
    hear(at, Status.ok, log(at.sid, index === 0 ? "master-0" : `worker-${ordinal}`));
  }
  for (const event of events) {
    if (event.kind === "end") continue;
    const at = where(event.connection);
    const { payload } = event.frame;
    if (event.kind === "request" && event.frame.id === Request.sendmsg)
      hear(at, Status.attn, Buffer.concat([Buffer.from("000013ec", "hex"), payload]));
    if (isPush(event, Attention.msgsid)) {
      ask(
        at,
        Request.sendmsg,
        sendmsg.encode({ sid: at.sid, opt: 2, cid: -1 }),
        payload.subarray(8),
      );
      hear(at, Status.ok, Buffer.alloc(0));
    }
  }
  return seen;
}

/** The parts of the proofservs whose links to their daemon were recorded, by ordinal. */
export function partsOfCallbacks(events: readonly RecordedEvent[]): Map<string, Step[]> {
  const links = [...new Set(events.map(({ connection }) => connection))];
  const parts = new Map<string, Step[]>();
  for (const event of events) {
    if (event.kind === "end") continue;
    const index = links.indexOf(event.connection);
    const ordinal = index === 0 ? "0" : `0.${index - 1}`;
    const steps = parts.get(ordinal) ?? [];
    parts.set(ordinal, steps);
    const { payload } = event.frame;
    if (isPush(event, Attention.msgsid)) steps.push({ hear: payload.subarray(8).toString("hex") });
    if (event.kind === "response") continue;
    const { id, body } = event.frame;
    if (id === Request.sendmsg)
      steps.push({ say: payload.toString("hex"), opt: sendmsg.decode(body).opt });
    if (id === Request.admin)
      steps.push({ ask: admin.decode(body).code, payload: payload.toString("hex") });
  }
  return parts;
}
