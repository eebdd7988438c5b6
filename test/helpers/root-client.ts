/** What a ROOT client's manager and sessions send, field by field, over a client of bytes. */
import { Admin, Request } from "../../src/protocol/codes.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import {
  admin,
  create,
  login,
  readbuf,
  sendmsg,
  sessionWord,
} from "../../src/protocol/requests.ts";
import { type Frame, RawClient } from "./raw-client.ts";

/** Stream of the manager, and of the first session. */
const MANAGER = 0x0100;
const SESSION = 0x0200;

export class RootClient implements Disposable {
  readonly raw: RawClient;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  /** Connects and logs in as the manager of `user`. */
  static async open(port: number, user = "proofu"): Promise<RootClient> {
    const client = new RootClient(await RawClient.greeted(port));
    const body = login.encode({ pid: 15647, user, reserved: 36, capver: 1, role: "M" });
    await client.ask(Request.login, body);
    return client;
  }

  /** Sends a request of the manager and gives the next frame. */
  async ask(id: number, body: Buffer, payload: Uint8Array | string = ""): Promise<Frame> {
    this.send(MANAGER, id, body, payload);
    return await this.raw.frame();
  }

  send(stream: number, id: number, body: Buffer, payload: Uint8Array | string = ""): void {
    this.raw.send(encodeRequest({ stream, id, body, payload: Buffer.from(payload) }));
  }

  /** An admin request of the manager: what came before the answer, as text, and the answer. */
  async admin(
    code: number,
    payload: Uint8Array | string = "",
    int2 = 0,
    int3 = 0,
  ): Promise<{ said: string[]; status: number; text: string }> {
    this.send(MANAGER, Request.admin, admin.encode(-1, code, int2, int3), payload);
    return await this.answer();
  }

  /** The answer to what was sent last, and the daemon's messages before it. */
  async answer(): Promise<{ said: string[]; status: number; text: string }> {
    const said: string[] = [];
    for (;;) {
      const { status, payload } = await this.raw.frame();
      if (status !== 4001) return { said, status, text: textOf(status, payload) };
      // Behind the action: how it is to be shown, in our messages always 2.
      said.push(payload.subarray(8).toString());
    }
  }

  /** A file command of the manager. */
  exec(command: number, path: string, options = "", node = "localhost") {
    return this.admin(Admin.exec, `${node}|${path}|${options}`, command);
  }

  /** Reads a log; the pattern goes behind the address. */
  async readbuf(mode: number, url: string, pattern = "", length = pattern.length) {
    const body = readbuf.encode(length, 0n, mode);
    this.send(MANAGER, Request.readbuf, body, url + pattern);
    return await this.answer();
  }

  /** Asks for a session; the answer. */
  async create(buffer: string): Promise<Frame> {
    this.send(SESSION, Request.create, create.encode(0), buffer);
    return await this.raw.frame();
  }

  /** A message to the session. */
  say(sid: number, what: number, body: Uint8Array): void {
    const head = Buffer.alloc(8);
    head.writeInt32BE(4 + body.length, 0);
    head.writeInt32BE(what, 4);
    const to = sendmsg.encode({ sid, opt: 2, cid: -1 });
    this.send(SESSION, Request.sendmsg, to, Buffer.concat([head, body]));
  }

  /** destroy, detach, ping, … of a session. */
  word(id: number, sid: number): void {
    this.send(SESSION, id, sessionWord.encode(sid));
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]();
  }
}

/** An answer as text; of an error its number and words. */
function textOf(status: number, payload: Buffer): string {
  if (status !== 4003) return payload.toString().replace(/\0$/, "");
  return `${payload.readInt32BE(0)} ${payload
    .subarray(4)
    .toString()
    .replace(/\0[^]*$/, "")}`;
}
