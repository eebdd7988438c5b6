/** One peer of the daemon: a client, a master, another daemon, or a proofserv that has called back. */
import { ServerLink, type ServerLinkHandler } from "../comm/server-link.ts";
import type { AcceptTls, Transport, TransportHandler } from "../comm/transport.ts";
import type { Turns } from "../comm/turns.ts";
import { ErrorNumber, MAX_REQUEST_PAYLOAD } from "../protocol/codes.ts";
import { type FailureFacts, failureOf } from "../protocol/failure.ts";
import type { Caller, ProofTerms } from "../protocol/login.ts";
import type { Account } from "../lib/account-database.ts";
import type { ProofError } from "../lib/errors.ts";
import type { Session } from "./session.ts";

/** Requests of a peer that are being answered at a time; further ones wait until one is done. */
const UNDERWAY = 8;

/** A login that has been answered and still waits for the proof of the key. */
export interface Challenge {
  /** What is to be shown: the proof of the key, or of the user. */
  kind: "key" | "user";
  /** The proof of the key that is right; "" where the user is to be proved. */
  expected: string;
  terms: ProofTerms;
  /** Fingerprint of the key that this daemon has told. */
  cluster: string;
  role: string;
  user: string;
  group: string;
}

export class Connection {
  readonly link: ServerLink;
  /** Whether the peer came over the UNIX socket. */
  readonly internal: boolean;
  /** Number of this client, unique in this daemon: the `cid` of the protocol. */
  readonly cid: number;
  /** Role letter once logged in, "" before. */
  role = "";
  user = "";
  group = "default";
  pid = 0;
  /** The account of this user's sessions; undefined where all sessions have the daemon's. */
  account: Account | undefined;
  /** Whether this is the cluster itself and no user: where users are accounts, who has shown its key. */
  isCluster = false;
  /** What one of our own peers said about itself. */
  caller: Caller | undefined;
  challenge: Challenge | undefined;
  /** The session whose proofserv this is. */
  proofserv: Session | undefined;
  /** Sessions in which this peer is a client. */
  readonly sessions = new Set<Session>();
  /** The last create buffer: ROOT repeats a failed create with an empty one. */
  lastCreate: Buffer = Buffer.alloc(0);
  loginStream = 0;
  /** Whether it has asked for the list of sessions. */
  hasListed = false;
  /** Whether reading is held back because some receiver is full. */
  paused = false;
  readonly #waiting = new Set<Connection>();
  /** What waits for room in this link. */
  readonly #roomy: (() => void)[] = [];
  /** Commands that run for this peer. */
  readonly #work = new Set<AbortController>();
  #beyond: TransportHandler | undefined;
  #underway = 0;

  constructor(
    transport: Transport,
    cid: number,
    internal: boolean,
    handler: ServerLinkHandler,
    options: { acceptTls?: AcceptTls | undefined; turns?: Turns | undefined } = {},
  ) {
    this.cid = cid;
    this.internal = internal;
    const ours: ServerLinkHandler = {
      ...handler,
      drained: () => {
        this.#release();
        this.#beyond?.drained?.();
        handler.drained();
      },
      closed: (why) => {
        this.stopWork();
        this.#release();
        this.#beyond?.closed();
        handler.closed(why);
      },
    };
    this.link = new ServerLink(transport, ours, options);
  }

  /** Whether the peer is one of ours and reads what we add to PROOF's answers. */
  get isOurs(): boolean {
    return this.caller !== undefined;
  }

  /** Holds `source` back until this link has room again. */
  holdBack(source: Connection): void {
    if (source.paused) return;
    source.paused = true;
    source.link.pause();
    this.#waiting.add(source);
  }

  /** Serves no more requests: what comes, room and the end are told to `beyond`. */
  passOn(beyond: TransportHandler): void {
    this.#beyond = beyond;
    this.link.passOn((chunk) => beyond.data(chunk));
  }

  /** Resolves when this link has room again, or is over. */
  room(): Promise<void> {
    if (!this.link.isFull || this.link.isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#roomy.push(resolve));
  }

  /** A request is being answered: whoever asks much and reads little gets few answers at a time. */
  answering(answer: Promise<void>): void {
    if (++this.#underway >= UNDERWAY) this.link.pause();
    void answer.finally(() => {
      if (this.#underway-- < UNDERWAY || this.paused) return;
      this.link.lastHeard = performance.now();
      this.link.resume();
    });
  }

  /** Begins something that takes a while; it is aborted when the peer wants that, or goes away. */
  beginWork(): { signal: AbortSignal; end(): void } {
    const work = new AbortController();
    this.#work.add(work);
    return { signal: work.signal, end: () => void this.#work.delete(work) };
  }

  /** Breaks off what {@link beginWork} has begun. */
  stopWork(): void {
    for (const work of this.#work) work.abort();
  }

  #release(): void {
    for (const resolve of this.#roomy.splice(0)) resolve();
    // Whoever goes on may fill this link at once, and waits again.
    const sources = [...this.#waiting];
    this.#waiting.clear();
    for (const source of sources) {
      source.paused = false;
      source.link.lastHeard = performance.now();
      source.link.resume();
    }
  }

  /** The peer is in: what it sends may be larger now. */
  admit(role: string, user: string, group: string): void {
    this.role = role;
    this.user = user;
    this.group = group;
    this.link.admit(MAX_REQUEST_PAYLOAD);
  }

  /** Answers with an error; our own peers get the facts as well. */
  refuse(stream: number, error: ProofError, number: number = ErrorNumber.serverError): void {
    const facts: FailureFacts | undefined = this.isOurs
      ? failureOf(error, "create", "")
      : undefined;
    this.link.error(stream, number, error.message, facts);
  }

  /** Answers with an error and closes once it is delivered. */
  refuseAndEnd(
    stream: number,
    error: ProofError,
    number: number = ErrorNumber.invalidRequest,
  ): void {
    this.refuse(stream, error, number);
    this.link.end();
  }
}
