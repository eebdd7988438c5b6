/**
 * The 16 body bytes of each request, as in section 1.3 of the protocol reference, and the text
 * buffers (`positional|name:value|…`) that login and create carry behind them.
 */
import { ByteReader, ByteWriter, int32s, utf8 } from "../lib/bytes.ts";
import { Role, type RoleLetter, SendOption } from "./codes.ts";

/** Body of a login request. */
export interface LoginBody {
  pid: number;
  /** At most 8 bytes; longer names travel as `|usr:` in the payload with {@link LONG_USER} here. */
  user: string;
  /** PROOF protocol of the caller, or the session id for role `i`. Raw little-endian on the wire. */
  reserved: number;
  capver: number;
  role: RoleLetter | (string & {});
}

/** Stands in the user field when the name is in the payload. */
export const LONG_USER = "?>buf";

export const login = {
  encode(body: LoginBody): Buffer {
    const reserved = Buffer.allocUnsafe(2);
    reserved.writeInt16LE(body.reserved);
    return new ByteWriter(16)
      .i32(body.pid)
      .fixed(body.user, 8)
      .bytes(reserved)
      .u8(body.capver)
      .u8(body.role.charCodeAt(0))
      .done();
  },
  decode(body: Buffer): LoginBody {
    const reader = new ByteReader(body);
    return {
      pid: reader.i32(),
      user: reader.fixed(8),
      reserved: reader.bytes(2).readInt16LE(0),
      capver: reader.u8(),
      role: String.fromCharCode(reader.u8()),
    };
  },
};

/** Body of an auth request: the security protocol's name. */
export const auth = {
  encode: (credtype: string): Buffer => new ByteWriter(16).zeros(12).fixed(credtype, 4).done(),
  decode: (body: Buffer): { credtype: string } => ({
    credtype: new ByteReader(body.subarray(12)).fixed(4),
  }),
};

/** Four i32 words: the body of every other request, named by each below. */
function words(a: number, b: number, c: number, d: number): Buffer {
  return int32s(a, b, c, d);
}

function readWords(body: Buffer): [number, number, number, number] {
  const reader = new ByteReader(body);
  return [reader.i32(), reader.i32(), reader.i32(), reader.i32()];
}

/** Body of a create request: the client's log level. */
export const create = {
  encode: (logLevel: number): Buffer => words(0, logLevel, 0, 0),
  decode: (body: Buffer): { logLevel: number } => ({ logLevel: readWords(body)[1] }),
};

/** Body of destroy, attach, detach, ctrlc, ping, touch and interrupt: a session and one number. */
export const sessionWord = {
  encode: (sid: number, word = 0): Buffer => words(sid, word, 0, 0),
  decode(body: Buffer): { sid: number; word: number } {
    const [sid, word] = readWords(body);
    return { sid, word };
  },
};

/** Body of sendmsg. */
export interface SendBody {
  sid: number;
  opt: number;
  /** Addressee among a session's clients, −1 for none in particular. */
  cid: number;
}

export const sendmsg = {
  encode: (body: SendBody): Buffer => words(body.sid, body.opt, body.cid, 0),
  decode(body: Buffer): SendBody {
    const [sid, opt, cid] = readWords(body);
    return { sid, opt, cid };
  },
};

/** Body of the sendmsg with which a proofserv sends client `cid` of its session something. */
export function upwards(sid: number, cid: number, options = 0): Buffer {
  const opt = SendOption.internal | SendOption.async | SendOption.noAnswer | options;
  return sendmsg.encode({ sid, opt, cid });
}

/** Body of urgent. */
export const urgent = {
  encode: (sid: number, type: number, a: number, b: number): Buffer => words(sid, type, a, b),
  decode(body: Buffer): { sid: number; type: number; a: number; b: number } {
    const [sid, type, a, b] = readWords(body);
    return { sid, type, a, b };
  },
};

/** Body of admin: session, sub-code and two numbers. */
export const admin = {
  encode: (sid: number, code: number, int2 = 0, int3 = 0): Buffer => words(sid, code, int2, int3),
  decode(body: Buffer): { sid: number; code: number; int2: number; int3: number } {
    const [sid, code, int2, int3] = readWords(body);
    return { sid, code, int2, int3 };
  },
};

/** Body of readbuf. */
export const readbuf = {
  encode: (length: number, offset: bigint, mode: number): Buffer =>
    new ByteWriter(16).i32(length).i64(offset).i32(mode).done(),
  decode(body: Buffer): { length: number; offset: bigint; mode: number } {
    const reader = new ByteReader(body);
    return { length: reader.i32(), offset: reader.i64(), mode: reader.i32() };
  },
};

/** A text buffer taken apart: what stands before the first bar, then the named items. */
export interface ItemBuffer {
  positional: string;
  items: ReadonlyMap<string, string>;
}

/** Joins a text buffer. Values must not hold `|`; see {@link encodeItem} for those that may. */
export function encodeItems(
  positional: string,
  items: Iterable<readonly [string, string]>,
): Buffer {
  let text = positional;
  for (const [name, value] of items) text += `|${name}:${value}`;
  return utf8(text);
}

/** Takes a text buffer apart; the first item of a name wins. */
export function decodeItems(payload: Buffer): ItemBuffer {
  const [positional = "", ...parts] = new ByteReader(payload).restText().split("|");
  const items = new Map<string, string>();
  for (const part of parts) {
    const colon = part.indexOf(":");
    const name = colon < 0 ? part : part.slice(0, colon);
    if (!items.has(name)) items.set(name, colon < 0 ? "" : part.slice(colon + 1));
  }
  return { positional, items };
}

/** Name of the one item that holds everything of ours in login and create buffers. */
export const OUR_ITEM = "proof";

/** JSON in base64url, so that no value can break the buffer's grammar. */
export function encodeItem(value: unknown): string {
  return utf8(JSON.stringify(value)).toString("base64url");
}

/** The JSON text of an item written by {@link encodeItem}. */
export function decodeItem(value: string): string {
  return Buffer.from(value, "base64url").toString();
}

/**
 * Login of the proofserv in process `pid` on its daemon's UNIX socket: body and payload of the request. `item` says
 * what it is for.
 */
export function proofservLogin(
  { sid, user, pid }: { sid: number; user: string; pid: number },
  item: readonly [name: string, value: string],
): { body: Buffer; payload: Buffer } {
  return {
    body: login.encode({ pid, user: LONG_USER, reserved: sid, capver: 0xff, role: Role.internal }),
    payload: encodeItems("", [["usr", user], item]),
  };
}
