/**
 * A proofserv's link to its daemon, over the UNIX socket. Messages come with the number of the client
 * they are from and go out to one client or to all.
 */
import { Link, STREAM } from "../comm/link.ts";
import { ask } from "../comm/log-in.ts";
import { CheckError } from "../lib/check.ts";
import type { ProofError } from "../lib/errors.ts";
import type { Pieces } from "../lib/pieces.ts";
import { Admin, Attention, FRAGMENT_SIZE, Request, Role, SendOption } from "../protocol/codes.ts";
import { type Message, MessageFramer } from "../protocol/envelope.ts";
import { admin, encodeItems, login, LONG_USER, OUR_ITEM, sendmsg } from "../protocol/requests.ts";
import { callback, type ServeParameters } from "../protocol/serve.ts";

/** Who is told what comes from above. */
export interface UpwardHandler {
  /** A message of client `cid`. */
  message(message: Message, cid: number): void;
  /** Stop what is running. */
  interrupt(): void;
  drained(): void;
  closed(error: ProofError): void;
}

/** Addresses every client of the session. */
export const EVERYBODY = -1;

export class UpwardLink {
  readonly #link: Link;
  readonly #parameters: ServeParameters;
  #reported = "";
  /** Takes care of what is for clients that speak ROOT's language, and says whether it has. */
  interpreter: ((pieces: Uint8Array | readonly Uint8Array[], cid: number) => boolean) | undefined;
  readonly #framers = new Map<number, MessageFramer>();

  private constructor(link: Link, parameters: ServeParameters) {
    this.#link = link;
    this.#parameters = parameters;
  }

  /** Calls back: connects, logs in with the ticket, and starts listening. */
  static async open(parameters: ServeParameters, handler: UpwardHandler): Promise<UpwardLink> {
    const { tcp, login: deadline } = parameters.startup;
    const link = await Link.open({ path: parameters.socket }, tcp);
    const upward = new UpwardLink(link, parameters);
    link.attach({
      attention: (action, body) => upward.#attention(action, body, handler),
      drained: () => handler.drained(),
      closed: (error) => handler.closed(error),
    });
    await ask(link, "callback", () =>
      link.call(STREAM.login, Request.login, {
        what: "call-back",
        timeout: deadline,
        body: login.encode({
          pid: process.pid,
          user: LONG_USER,
          reserved: parameters.sid,
          capver: 0xff,
          role: Role.internal,
        }),
        payload: encodeItems("", [
          ["usr", parameters.user],
          [OUR_ITEM, callback.encode(parameters.ticket)],
        ]),
      }),
    );
    return upward;
  }

  /** Whether senders should hold back until `drained`. */
  get isFull(): boolean {
    return this.#link.isFull;
  }

  /** Bytes queued. */
  get queued(): number {
    return this.#link.queued;
  }

  /** Sends one message, given in pieces, to client `cid` or to EVERYBODY. */
  send(pieces: Uint8Array | readonly Uint8Array[], cid: number = EVERYBODY): void {
    if (this.interpreter?.(pieces, cid) !== true) this.sendAsIs(pieces, cid);
  }

  /** Sends what every client of the address understands. */
  sendAsIs(pieces: Uint8Array | readonly Uint8Array[], cid: number): void {
    const broadcast = cid === EVERYBODY ? SendOption.broadcast : 0;
    const body = sendmsg.encode({
      sid: this.#parameters.sid,
      opt: SendOption.internal | SendOption.async | SendOption.noAnswer | broadcast,
      cid,
    });
    for (const piece of pieces instanceof Uint8Array ? [pieces] : pieces) {
      for (let at = 0; at < piece.length; at += FRAGMENT_SIZE) {
        const fragment = piece.subarray(at, at + FRAGMENT_SIZE);
        this.#link.tell(STREAM.login, Request.sendmsg, body, fragment);
      }
    }
  }

  /** Leaves out the next `count` bytes of client `cid`, which are no message; only while one is handled. */
  discard(cid: number, count: number): void {
    this.#framers.get(cid)?.discard(count);
  }

  /** Asks the daemon which workers to open. Throws the daemon's refusal. */
  getWorkers(timeout: number): Promise<Buffer> {
    return this.ask(Admin.getWorkers, "GetWorkers", timeout, Buffer.from("static:"));
  }

  /** Makes an admin request, `what` for messages. Throws the daemon's refusal. */
  ask(code: number, what: string, timeout: number, payload?: Buffer): Promise<Buffer> {
    const body = admin.encode(this.#parameters.sid, code);
    return ask(this.#link, "setup", () =>
      this.#link.call(STREAM.login, Request.admin, {
        what,
        timeout,
        body,
        payload: payload ?? Buffer.alloc(0),
      }),
    );
  }

  /**
   * Tells the daemon, for `proof status`, how many workers are ready and whether something runs; nothing
   * where that is what it was told last.
   */
  reportState(workers: number, running: boolean): void {
    const state = `${workers} ${running}`;
    if (state === this.#reported) return;
    this.#reported = state;
    const body = admin.encode(this.#parameters.sid, Admin.sessionState, workers, running ? 1 : 0);
    this.#link.post(STREAM.login, Request.admin, "state", body);
  }

  #attention(action: number, body: Pieces, handler: UpwardHandler): void {
    if (action === Attention.interrupt || action === Attention.urgent) return handler.interrupt();
    if (action !== Attention.msgsid) return;
    if (body.length < 4) throw new CheckError("message without a client number");
    const cid = body.take(4).readInt32BE(0);
    let framer = this.#framers.get(cid);
    if (framer === undefined)
      this.#framers.set(cid, (framer = new MessageFramer(this.#parameters.message)));
    for (const piece of body.list) framer.push(piece);
    for (let next = framer.next(); next !== undefined; next = framer.next())
      handler.message(next, cid);
  }
}
