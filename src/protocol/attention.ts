/**
 * What unsolicited (attn) responses carry behind their action code; see the protocol reference §3.1.
 * Frames themselves are written by `encodeAttention` and its like in frames.ts.
 */
import { ByteReader, ByteWriter } from "../lib/bytes.ts";

/** An attn payload taken apart. */
export interface AttentionFrame {
  action: number;
  body: Buffer;
}

/** Splits an attn payload; throws ShortRead where not even the action code is there. */
export function decodeAttention(payload: Buffer): AttentionFrame {
  const reader = new ByteReader(payload);
  return { action: reader.i32(), body: reader.rest() };
}

/** Body of msgsid: raw session bytes and the client that they come from. */
export interface MessageFrom {
  cid: number;
  bytes: Buffer;
}

/** Splits the body of msgsid; throws ShortRead. */
export function decodeMessageFrom(body: Buffer): MessageFrom {
  const reader = new ByteReader(body);
  return { cid: reader.i32(), bytes: reader.rest() };
}

/** How a client shows a server message: 0 behind a bar, 1 boxed, 2 as a plain line, 3 and 4 on stderr. */
const MAX_SHOW = 4;

/** Body of srvmsg. */
export interface ServerMessage {
  text: string;
  /** 0 to 4; absent where the sender left the word out, which clients show boxed. */
  option?: number;
}

/** A daemon's message to a user. The text has no terminator. */
export const serverMessage = {
  encode({ option, text }: ServerMessage): Buffer {
    const body = new ByteWriter(4 + text.length);
    return (option === undefined ? body : body.i32(option)).text(text).done();
  },
  decode(body: Buffer): ServerMessage {
    const reader = new ByteReader(body);
    const first = body.length < 4 ? -1 : body.readInt32BE(0);
    if (first < 0 || first > MAX_SHOW) return { text: reader.restText() };
    return { option: reader.i32(), text: reader.restText() };
  },
};

/** Body of urgent: 2000 asks to stop the query, `a` tells whether to abort it, `b` is a time-out. */
export interface Urgent {
  type: number;
  a: number;
  b: number;
}

/** What becomes of an urgent request on its way to the proofserv. */
export const urgentNotice = {
  encode: ({ type, a, b }: Urgent): Buffer => new ByteWriter(12).i32(type).i32(a).i32(b).done(),
  decode(body: Buffer): Urgent {
    const reader = new ByteReader(body);
    return { type: reader.i32(), a: reader.i32(), b: reader.i32() };
  },
};
