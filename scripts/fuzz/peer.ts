/** A peer of a daemon that keeps to the protocol only as far as it likes. */
import { Role } from "../../src/protocol/codes.ts";
import {
  encodeRequest,
  type ResponseFrame,
  responseFramer,
  whole,
} from "../../src/protocol/frames.ts";
import { HELLO, WELCOME_SIZE } from "../../src/protocol/handshake.ts";
import {
  decodeLoginReply,
  encodeCaller,
  fingerprint,
  KEY_PROTOCOL,
  newNonce,
  proveKey,
} from "../../src/protocol/login.ts";
import { auth, encodeItems, login, OUR_ITEM } from "../../src/protocol/requests.ts";
import { Request } from "../../src/protocol/codes.ts";

/** Milliseconds for an answer. */
const PATIENCE = 10_000;

export class Peer implements Disposable {
  #socket: Bun.Socket | undefined;
  #received = 0;
  #welcome = WELCOME_SIZE;
  readonly #framer = responseFramer(1 << 30);
  readonly #frames: ResponseFrame[] = [];
  readonly #over = Promise.withResolvers<void>();
  #news = Promise.withResolvers<void>();
  isClosed = false;

  static async connect(port: number): Promise<Peer> {
    const peer = new Peer();
    peer.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => peer.#take(chunk),
        close: () => peer.#close(),
        error: () => peer.#close(),
      },
    });
    return peer;
  }

  /** Connects, shakes hands and logs in with the key. */
  static async loggedIn(
    port: number,
    key: Uint8Array,
    role = Role.client as string,
  ): Promise<Peer> {
    const peer = await Peer.connect(port);
    const nonce = newNonce();
    const user = "fuzz";
    const caller = { major: 1, version: "0", nonce, fingerprint: fingerprint(key), heartbeat: 0 };
    peer.send(HELLO);
    const body = login.encode({ pid: 1, user, reserved: 36, capver: 1, role });
    const reply = await peer.ask(
      Request.login,
      body,
      encodeItems("", [[OUR_ITEM, encodeCaller(caller)]]),
    );
    const callee = decodeLoginReply(reply.payload);
    if (callee === undefined) throw new Error("no proof daemon");
    const terms = {
      callerNonce: nonce,
      calleeNonce: callee.nonce,
      callerRole: role,
      calleeRole: callee.role,
      user,
      ordinal: "0",
    };
    const proof = Buffer.from(proveKey(key, "caller", terms));
    const answer = await peer.ask(Request.auth, auth.encode(KEY_PROTOCOL), proof);
    if (answer.status !== 0) throw new Error(`not let in: ${answer.payload.toString("latin1")}`);
    return peer;
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length;
    const skipped = Math.min(this.#welcome, chunk.length);
    this.#welcome -= skipped;
    try {
      this.#framer.push(chunk.subarray(skipped));
      for (let frame = this.#framer.next(); frame !== undefined; frame = this.#framer.next())
        this.#frames.push(whole<ResponseFrame>(frame));
    } catch {
      // Not every answer is one of ours: HTTP clients get another.
    }
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #close(): void {
    this.isClosed = true;
    this.#over.resolve();
    this.#news.resolve();
  }

  /** Bytes that have come. */
  get received(): number {
    return this.#received;
  }

  send(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  /** Sends all of `bytes`, however long the daemon takes to read them; resolves with what it has read. */
  async flood(bytes: Uint8Array): Promise<number> {
    let sent = 0;
    while (sent < bytes.length && !this.isClosed) {
      const taken = this.#socket?.write(bytes.subarray(sent)) ?? -1;
      if (taken < 0) this.#close();
      if (taken < 0) break;
      sent += taken;
      if (taken === 0) await Bun.sleep(1);
    }
    return sent;
  }

  /** Reads nothing any more. */
  pause(): void {
    this.#socket?.pause();
  }

  /** Ends our side. */
  shutdown(): void {
    this.#socket?.shutdown();
  }

  /** Sends a request and resolves with the next frame that is an answer. */
  async ask(
    id: number,
    body: Buffer,
    payload: Uint8Array = new Uint8Array(),
  ): Promise<ResponseFrame> {
    this.send(encodeRequest({ stream: 0x0100, id, body, payload }));
    const end = performance.now() + PATIENCE;
    while (performance.now() < end && !this.isClosed) {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift())
        if (frame.status !== 4001) return frame;
      await Promise.race([this.#news.promise, Bun.sleep(100)]);
    }
    throw new Error(this.isClosed ? "closed instead of an answer" : "no answer");
  }

  /** Waits until the daemon has closed, `limit` milliseconds at most; whether it has. */
  async closed(limit: number): Promise<boolean> {
    await Promise.race([this.#over.promise, Bun.sleep(limit)]);
    return this.isClosed;
  }

  [Symbol.dispose](): void {
    this.#socket?.terminate();
  }
}
