/**
 * TProofMgr: what a daemon knows of its user's sessions, whether or not they still run: their logs on all
 * nodes and the results that they have kept. Names are ROOT's, in camelCase.
 */
import { loadOutputs, type Outputs } from "../api/index.ts";
import { type AdminLink, openAdmin } from "../comm/admin-call.ts";
import { withUserKey } from "../comm/log-in.ts";
import { ProofError } from "../lib/errors.ts";
import { Admin } from "../protocol/codes.ts";
import { type Message, MessageFramer } from "../protocol/envelope.ts";
import { FrameError } from "../protocol/frames.ts";
import { outcome, type QueryInfo } from "../protocol/query-client.ts";
import {
  type SessionEntry,
  resultList,
  resultPart,
  resultRequest,
  sessionsAnswer,
  sessionsRequest,
} from "../protocol/session-files.ts";
import { decodeValue } from "../protocol/values.ts";
import { parseAddress } from "./address.ts";
import type { QueryResult } from "./query.ts";
import { resultOf } from "./result.ts";
import { type LogLine, type LogOptions, readLogs } from "./session-logs.ts";
import { clientSettings } from "./settings.ts";

/** Options of {@link TProofMgr.open}. */
export interface ManagerOptions {
  /** Whose sessions; the user of the address by default. Others take a superuser. */
  user?: string | undefined;
  /** Path of a configuration file instead of the default ones. */
  config?: string | undefined;
  /** Asks for the passphrase of the user's key in a file; without it such a key is an error. */
  askPassphrase?: ((file: string) => Promise<string>) | undefined;
}

export class TProofMgr implements AsyncDisposable {
  readonly #link: AdminLink;
  readonly #user: string;
  readonly #timeout: number;
  readonly #limit: number;

  private constructor(link: AdminLink, user: string, timeout: number, limit: number) {
    this.#link = link;
    this.#user = user;
    this.#timeout = timeout;
    this.#limit = limit;
  }

  /** Logs in to the daemon at `address`, `[proofs://][user@]host[:port]`. Throws ProofError. */
  static async open(address: string, options: ManagerOptions = {}): Promise<TProofMgr> {
    const { user, config, askPassphrase } = options;
    const master = parseAddress(address);
    const settings = clientSettings({ user: master.user, config, passphrase: askPassphrase });
    const { limits, identity } = settings;
    const daemon = { ...master, secure: settings.secure(master) };
    const link = await withUserKey(identity, (me) => openAdmin(daemon, me, limits));
    return new TProofMgr(link, user ?? "", limits.create, limits.message);
  }

  /** The sessions that have left logs or results on the master's node, oldest first. */
  async getSessions(): Promise<SessionEntry[]> {
    const request = sessionsRequest.encode({ user: this.#user });
    const answer = await this.#ask(Admin.sessionFiles, "sessions", request);
    return sessionsAnswer.decode(answer).sessions;
  }

  /** The lines of a session's logs, from all nodes, log by log in the order of ordinals. Throws REFUSED. */
  getSessionLogs(tag: string, options: LogOptions = {}): AsyncGenerator<LogLine, void> {
    const ask = (payload: Buffer): Promise<Buffer> => this.#ask(Admin.sessionLogs, "logs", payload);
    return readLogs(ask, { ...options, tag, user: this.#user, timeout: this.#timeout });
  }

  /** The results that a session has kept. Throws REFUSED. */
  async getListOfQueries(tag: string): Promise<QueryInfo[]> {
    const request = resultRequest.encode({ user: this.#user, tag, seq: 0, at: 0 });
    return resultList.decode(await this.#ask(Admin.sessionResults, "results", request));
  }

  /** The result of query `seq` of a session. Objects of user classes come as plain data. Throws REFUSED. */
  async retrieve<Out = Outputs>(tag: string, seq: number): Promise<QueryResult<Out>> {
    // Number 0 would be a request for the list.
    if (!Number.isInteger(seq) || seq < 1 || seq > 0x7fffffff)
      throw new ProofError("USAGE", `${seq} is not the number of a query`);
    const message = await this.#load(tag, seq);
    if (message?.what !== outcome.what)
      throw new ProofError("PROTOCOL", `the result of query ${seq} of session ${tag} is damaged`);
    const { fields, attachments } = outcome.decode(message);
    const outputs = loadOutputs(decodeValue(fields.saved ?? {}, attachments));
    // What the outputs are, the caller knows better than any type here.
    return resultOf(fields, outputs) as QueryResult<Out>;
  }

  /** The second message of a result's file: the first is what it says of itself. */
  async #load(tag: string, seq: number): Promise<Message | undefined> {
    const framer = new MessageFramer(this.#limit);
    let isFirst = true;
    for (let at = 0, size = 1; at < size;) {
      const request = resultRequest.encode({ user: this.#user, tag, seq, at });
      const part = resultPart.decode(await this.#ask(Admin.sessionResults, "result", request));
      if (part.bytes.length === 0) return undefined;
      size = part.size;
      at += part.bytes.length;
      framer.push(part.bytes);
      try {
        for (let next = framer.next(); next !== undefined; next = framer.next()) {
          if (!isFirst) return next;
          isFirst = false;
        }
      } catch (error) {
        if (error instanceof FrameError) return undefined;
        throw error;
      }
    }
    return undefined;
  }

  /** Ends the connection; sessions are not concerned. */
  close(): Promise<void> {
    this.#link.end();
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask(code: number, what: string, payload: Buffer): Promise<Buffer> {
    return this.#link.call(code, what, this.#timeout, payload);
  }
}
