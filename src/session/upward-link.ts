/**
 * A proofserv's link to its daemon, over the UNIX socket, and the stream of its client behind it. Both may
 * break and come back: the daemon with the next one, the client with a connection of its own.
 */
import { Journal, type Pieces as MessagePieces } from "../comm/journal.ts";
import { Link } from "../comm/link.ts";
import { ask } from "../comm/ask.ts";
import { takeOver } from "../comm/socket.ts";
import { messageMemory } from "../comm/message-memory.ts";
import { CheckError } from "../lib/check.ts";
import { ProofError } from "../lib/errors.ts";
import type { Pieces } from "../lib/pieces.ts";
import { Admin, Attention, PROOFSERV_STREAM, Request, SendOption } from "../protocol/codes.ts";
import { type Message, MessageFramer, OUR_KINDS } from "../protocol/envelope.ts";
import { greetingOf } from "../protocol/messages.ts";
import { admin, upwards } from "../protocol/requests.ts";
import { callBackLogin, type ServeParameters } from "../protocol/serve.ts";
import { ack, resume, resumed, StreamKind } from "../protocol/stream.ts";
import type { CallBack } from "./call-back.ts";

/** Who is told what comes from above. */
export interface UpwardHandler {
  /** A message of the client, or of one that speaks ROOT's language. */
  message(message: Message, cid: number): void;
  /** Stop what is running. */
  interrupt(): void;
  /** There is room again for what goes upwards. */
  drained(): void;
  /** The client is gone, for now at least, and how: a phrase that follows "the client". */
  away(how: string): void;
  /** The client is there again, and goes on where it was. */
  back(): void;
  /** Another client is there, who knows nothing of what was before; the old one had not got `missed` for sure. */
  attached(missed: readonly MessagePieces[]): void;
  /** A client that speaks ROOT's language is gone; all of them for undefined. */
  left(cid: number | undefined): void;
  /** The daemon is gone, and no other came; or what came of it cannot be read. */
  closed(error: ProofError): void;
}

/** Addresses every client of the session. */
const EVERYBODY = -1;
/** Bytes of a phrase about the end of a client at most. */
const MAX_HOW = 1024;
/** Nobody's number. */
const NOBODY = -2;

export class UpwardLink {
  #link: Link;
  readonly #parameters: ServeParameters;
  readonly #handler: UpwardHandler;
  #reported = "";
  /** Tells clients that speak ROOT's language what is sent. */
  interpreter: ((pieces: readonly Uint8Array[]) => void) | undefined;
  readonly #framers = new Map<number, MessageFramer>();
  /** The number of the client of ours that this proofserv serves. */
  #client = NOBODY;
  /** What stands in messages to client `#bodyFor`. */
  #body: Buffer = Buffer.alloc(0);
  #bodyFor = NOBODY;
  /** Its stream; undefined while there has been none but ROOT's. */
  #journal: Journal | undefined;
  /** Resolves when a daemon is there again; undefined while one is. */
  #rejoining: Promise<void> | undefined;
  #ended = false;

  private constructor(
    link: Link,
    parameters: ServeParameters,
    handler: UpwardHandler,
    hasGreeted: boolean,
  ) {
    this.#link = link;
    this.#parameters = parameters;
    this.#handler = handler;
    const { creator, role, host } = parameters;
    if (creator.isRoot) return;
    this.#client = creator.cid;
    this.#journal = new Journal(this.#write, hasGreeted ? [greetingOf(role, host)] : undefined);
  }

  readonly #write = (pieces: MessagePieces): void => this.sendAsIs(pieces, this.#client);

  /** Takes over the connection of a call-back. Throws the daemon's refusal. */
  static async open(
    { socket, missed, hasGreeted }: CallBack,
    parameters: ServeParameters,
    handler: UpwardHandler,
  ): Promise<UpwardLink> {
    const link = Link.over(takeOver(socket, { path: parameters.socket }, missed));
    const upward = new UpwardLink(link, parameters, handler, hasGreeted);
    upward.#listen(link);
    const timeout = parameters.startup.login;
    const answer = ask(link, "callback", () =>
      link.expect(PROOFSERV_STREAM, { what: CALL_BACK, timeout }),
    );
    link.begin();
    await answer;
    return upward;
  }

  #listen(link: Link): void {
    link.attach({
      attention: (action, body) => this.#attention(action, body),
      drained: () => this.#handler.drained(),
      closed: (error) => {
        if (this.#ended) return;
        // The daemon is there. What it has passed on is wrong, and nothing can follow it.
        if (error.code === "PROTOCOL") {
          this.#ended = true;
          return this.#handler.closed(error);
        }
        // One that closes while a daemon is looked for was no daemon's, or is tried again.
        if (this.#rejoining === undefined) this.#rejoining = this.#rejoin(error);
      },
    });
  }

  /** The daemon is gone because of `cause`: waits for the next one. */
  async #rejoin(cause: ProofError): Promise<void> {
    this.#leftAlone(`was reached through the daemon, which is gone: ${cause.message}`);
    this.#framers.clear();
    // The next daemon numbers its clients anew.
    this.#handler.left(undefined);
    const { rejoin } = await import("./rejoin.ts");
    const givenUp = await rejoin(this.#parameters, (link) => {
      this.#link = link;
      // The client's first message may come in the same breath as the answer.
      this.#listen(link);
      return callBack(link, this.#parameters);
    });
    if (this.#ended) return this.#link.end();
    if (givenUp !== undefined) {
      this.#ended = true;
      const what = `${cause.message}; ${givenUp}`;
      return this.#handler.closed(new ProofError(cause.code, what, { cause }));
    }
    this.#rejoining = undefined;
    // The next daemon knows nothing yet of what the last one was told.
    const [workers, running] = this.#reported.split(" ");
    this.#reported = "";
    if (workers !== undefined && running !== undefined)
      this.reportState(Number(workers), running === "true");
  }

  #leftAlone(how: string): void {
    this.#framers.delete(this.#client);
    this.#client = NOBODY;
    if (this.#journal?.isConnected !== true) return;
    this.#journal.disconnected();
    this.#handler.away(how);
  }

  /** From now on the daemon's end is as it should be. */
  end(): void {
    this.#ended = true;
  }

  /** Whether there is no client now. */
  get isAway(): boolean {
    return this.#journal?.isConnected === false;
  }

  /** Whether senders should hold back until `drained`. */
  get isFull(): boolean {
    return this.#journal?.isFull === true || (!this.isAway && this.#link.isFull);
  }

  /** Bytes queued, or kept for a client that is away. */
  get queued(): number {
    return this.isAway ? (this.#journal?.bytes ?? 0) : this.#link.queued;
  }

  /** Sends the client one message, given in pieces, now or when it is there again; and ROOT's own what it means. */
  send(pieces: Uint8Array | readonly Uint8Array[]): void {
    const all = pieces instanceof Uint8Array ? [pieces] : pieces;
    this.interpreter?.(all);
    if (this.#journal !== undefined) this.#journal.send(all);
    else if (this.interpreter === undefined) this.sendAsIs(all, EVERYBODY);
  }

  /** Sends what the next such message replaces: nothing while there is no client. */
  offer(pieces: Uint8Array | readonly Uint8Array[]): void {
    if (!this.isAway) this.send(pieces);
  }

  /** Sends client `cid`, or EVERYBODY, what is not part of a stream that resumes. */
  sendAsIs(pieces: readonly Uint8Array[], cid: number): void {
    const broadcast = cid === EVERYBODY ? SendOption.broadcast : 0;
    if (cid !== this.#bodyFor) {
      this.#bodyFor = cid;
      this.#body = upwards(this.#parameters.sid, cid, broadcast);
    }
    this.#link.sendMessage(PROOFSERV_STREAM, this.#body, pieces);
  }

  /** Leaves out the next `count` bytes of client `cid`, which are no message; only while one is handled. */
  discard(cid: number, count: number): void {
    this.#framers.get(cid)?.discard(count);
  }

  /** Asks the daemon which workers to open. Throws the daemon's refusal. */
  getWorkers(timeout: number): Promise<Buffer> {
    return this.ask(Admin.getWorkers, "GetWorkers", timeout, Buffer.from("static:"));
  }

  /** Makes an admin request, `what` for messages; of the next daemon, if this one is gone. Throws the daemon's refusal. */
  async ask(code: number, what: string, timeout: number, payload?: Buffer): Promise<Buffer> {
    const body = admin.encode(this.#parameters.sid, code);
    for (;;) {
      await this.#rejoining;
      const link = this.#link;
      try {
        return await ask(link, "setup", () =>
          link.call(PROOFSERV_STREAM, Request.admin, {
            what,
            timeout,
            body,
            payload: payload ?? Buffer.alloc(0),
          }),
        );
      } catch (error) {
        const isLost = error instanceof ProofError && error.code === "LINK_LOST";
        if (!isLost || this.#ended || this.#rejoining === undefined) throw error;
      }
    }
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
    this.#link.post(PROOFSERV_STREAM, Request.admin, "state", body);
  }

  #attention(action: number, body: Pieces): void {
    if (action === Attention.interrupt || action === Attention.urgent)
      return this.#handler.interrupt();
    if (action !== Attention.msgsid && action !== Attention.clientGone) return;
    if (body.length < 4) throw new CheckError("message without a client number");
    const cid = body.i32();
    if (action === Attention.clientGone) {
      const how = body.join().subarray(0, MAX_HOW).toString();
      return this.#clientGone(cid, how === "" ? "is gone" : how);
    }
    let framer = this.#framers.get(cid);
    if (framer === undefined)
      this.#framers.set(cid, (framer = new MessageFramer(this.#parameters.message, messageMemory)));
    for (const piece of body.list) framer.push(piece);
    for (let next = framer.next(); next !== undefined; next = framer.next())
      this.#arrived(next, cid);
  }

  #clientGone(cid: number, how: string): void {
    this.#framers.delete(cid);
    if (cid === this.#client) this.#leftAlone(how);
    else this.#handler.left(cid);
  }

  #arrived(message: Message, cid: number): void {
    if (message.what === StreamKind.resume) return this.#resume(resume.decode(message), cid);
    if (this.#journal === undefined || cid !== this.#client) {
      // Of ROOT's, or of a client whose place another has taken.
      return message.what < OUR_KINDS ? this.#handler.message(message, cid) : undefined;
    }
    if (message.what === StreamKind.ack) {
      if (this.#journal.acknowledge(ack.decode(message).received)) this.#handler.drained();
      return;
    }
    this.#journal.arrived(message.body.length + 8);
    this.#handler.message(message, cid);
  }

  /** A client is there: the one that was, or another. */
  #resume({ received, isNew }: ReturnType<typeof resume.decode>, cid: number): void {
    this.#framers.delete(this.#client);
    this.#client = cid;
    const before = this.#journal;
    const journal = isNew || before === undefined ? new Journal() : before;
    const missed = isNew && before !== undefined ? before.unacknowledged : [];
    this.#journal = journal;
    this.#write([resumed.encode({ received: journal.received })]);
    const hasRoom = journal.connected(received, this.#write);
    if (isNew) this.#handler.attached(missed);
    else this.#handler.back();
    if (hasRoom) this.#handler.drained();
  }
}

const CALL_BACK = "call-back";

/** Logs in over a fresh link. */
async function callBack(link: Link, parameters: ServeParameters): Promise<void> {
  const request = callBackLogin(parameters, process.pid);
  const timeout = parameters.startup.login;
  await ask(link, "callback", () =>
    link.call(PROOFSERV_STREAM, Request.login, { what: CALL_BACK, timeout, ...request }),
  );
}
