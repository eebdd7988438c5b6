/**
 * Frames in one line each, for debug logs: what was asked or answered, never what is secret. Of
 * payloads only names appear (user, session, ordinal) and the text of errors, all of it cut and with
 * control characters escaped; credentials, tickets, environments and session data never do.
 */
import { decodeAttention, decodeMessageFrom, urgentNotice } from "./attention.ts";
import { Admin, Attention, ErrorNumber, Interrupt, nameOf, Request, Status } from "./codes.ts";
import type { RequestFrame, ResponseFrame } from "./frames.ts";
import {
  admin,
  auth,
  decodeItems,
  login,
  LONG_USER,
  readbuf,
  sendmsg,
  sessionWord,
  urgent,
} from "./requests.ts";

/** Characters of a peer's text in a description. */
const MAX_TEXT = 200;
/** Bytes of a text buffer that are looked at for its names. */
const MAX_LOOK = 8192;
const BODY = 16;

/** What goes behind the stream: `key=value` each. */
type Facts = Record<string, string | number | bigint>;

/** A second word for the request's name, and its facts. */
interface Description {
  sub?: string;
  facts: Facts;
}

/** Everything that a terminal or a line-based reader could take for something else. */
const UNSAFE = /[\p{C}\u2028\u2029"\\]/gu;
const PLAIN = /^[\w.:@/?>-]+$/;

function escape(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function quote(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return `"${cut.replace(UNSAFE, escape)}"`;
}

/** A name as it is where nothing in it could be mistaken, quoted otherwise. */
function word(text: string): string {
  return text.length <= MAX_TEXT && PLAIN.test(text) ? text : quote(text);
}

function describeLogin(frame: RequestFrame): Description {
  const { pid, user, reserved, role } = login.decode(frame.body);
  const long = decodeItems(frame.payload.subarray(0, MAX_LOOK)).items.get("usr");
  const facts: Facts = { pid, user: word(user === LONG_USER ? (long ?? user) : user) };
  facts["role"] = word(role);
  if (role === "i") facts["sid"] = reserved;
  return { facts };
}

function describeCreate(frame: RequestFrame): Description {
  const { positional, items } = decodeItems(frame.payload.subarray(0, MAX_LOOK));
  return { facts: { name: word(positional), ord: word(items.get("ord") ?? "0") } };
}

function describeSession(frame: RequestFrame): Description {
  return { facts: { sid: sessionWord.decode(frame.body).sid } };
}

/** How each request is described; those not listed have no more than their name. */
const REQUESTS: Readonly<Record<number, (frame: RequestFrame) => Description>> = {
  [Request.login]: describeLogin,
  [Request.auth]: ({ body }) => ({ facts: { protocol: word(auth.decode(body).credtype) } }),
  [Request.create]: describeCreate,
  [Request.destroy]: describeSession,
  [Request.attach]: describeSession,
  [Request.detach]: describeSession,
  [Request.ping]: describeSession,
  [Request.touch]: describeSession,
  [Request.ctrlc]: describeSession,
  [Request.interrupt]({ body }) {
    const { sid, word: type } = sessionWord.decode(body);
    return { sub: nameOf(Interrupt, type), facts: { sid } };
  },
  [Request.urgent]: ({ body }) => ({ facts: { ...urgent.decode(body) } }),
  [Request.sendmsg]({ body }) {
    const { sid, opt, cid } = sendmsg.decode(body);
    return { facts: { sid, opt: `0x${opt.toString(16)}`, cid } };
  },
  [Request.admin]({ body }) {
    const { sid, code, int2, int3 } = admin.decode(body);
    return { sub: nameOf(Admin, code), facts: { sid, int2, int3 } };
  },
  [Request.readbuf]({ body }) {
    const { length, offset, mode } = readbuf.decode(body);
    return { facts: { length, offset, mode } };
  },
};

/** One line about a request, such as `login stream=0100 pid=5822 user=proofu role=M dlen=0`. */
export function describeRequest(frame: RequestFrame): string {
  const name = nameOf(Request, frame.id);
  const { sub, facts }: Description =
    frame.body.length < BODY ? { facts: {} } : (REQUESTS[frame.id]?.(frame) ?? { facts: {} });
  const title = sub === undefined ? name : `${name} ${sub}`;
  return `${title} ${join({ stream: hex(frame.stream), ...facts, dlen: frame.payload.length })}`;
}

/** One line about a response, such as `attn msg stream=0200 55 bytes`. */
export function describeResponse(frame: ResponseFrame): string {
  const name = nameOf(Status, frame.status);
  const { sub, facts } = describePayload(frame);
  const title = sub === undefined ? name : `${name} ${sub}`;
  return `${title} ${join({ stream: hex(frame.stream), ...facts })} ${frame.payload.length} bytes`;
}

function describePayload({ status, payload }: ResponseFrame): Description {
  if (payload.length < 4) return { facts: {} };
  if (status === Status.error) {
    const end = payload.indexOf(0, 4);
    // What follows the text's NUL is for programs and may hold log lines.
    const text = payload.subarray(4, end < 0 ? undefined : end).subarray(0, 4 * MAX_TEXT);
    return {
      sub: nameOf(ErrorNumber, payload.readInt32BE(0)),
      facts: { text: quote(text.toString()) },
    };
  }
  if (status !== Status.attn) return { facts: {} };
  const { action, body } = decodeAttention(payload);
  const sub = nameOf(Attention, action);
  if (action === Attention.msgsid && body.length >= 4)
    return { sub, facts: { cid: decodeMessageFrom(body).cid } };
  if (action === Attention.urgent && body.length >= 12)
    return { sub, facts: { ...urgentNotice.decode(body) } };
  return { sub, facts: {} };
}

function join(facts: Facts): string {
  return Object.entries(facts)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

function hex(stream: number): string {
  return stream.toString(16).padStart(4, "0");
}
