/**
 * ROOT's own clients in a session of ours. Stands between the link upwards and the master: what a ROOT
 * client asks is answered here or becomes a command of ours, and what the master says becomes messages
 * that ROOT understands. The master knows nothing of it, and our own clients are not affected.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Pieces } from "../../comm/journal.ts";
import { VERSION } from "../../lib/version.ts";
import { type Message, messageOf, OUR_KINDS } from "../../protocol/envelope.ts";
import {
  done,
  failed,
  Kind,
  notice,
  output,
  ready,
  result,
  workerLost,
  workerJoined,
} from "../../protocol/messages.ts";
import { fileSizeOf, rootMessage, RootKind } from "../../protocol/root-messages.ts";
import type { MasterParameters } from "../../protocol/serve.ts";
import type { Part } from "../part.ts";
import type { UpwardLink } from "../upward-link.ts";
import { ActiveWorkers } from "./active-workers.ts";
import { type Crew, PLATFORM, RootService } from "./service.ts";

/** PROOF's status of a session that could not be set up. */
const NO_RESOURCES = -99;

/** A ROOT client that has not been told yet that the session is ready: what it has sent meanwhile. */
interface Client {
  isReady: boolean;
  /** Whether it waits for the end of the set-up. */
  isCreator: boolean;
  waiting: Message[];
}

export class RootGateway implements Part {
  readonly #parameters: MasterParameters;
  readonly #upward: UpwardLink;
  readonly #master: Part;
  readonly #service: RootService;
  readonly #crew: Crew = { active: new ActiveWorkers(), infos: [], failures: [] };
  readonly #root = new Map<number, Client>();

  constructor(parameters: MasterParameters, upward: UpwardLink, master: Part) {
    this.#parameters = parameters;
    this.#upward = upward;
    this.#master = master;
    this.#service = new RootService(parameters, this.#crew, {
      send: (bytes, cid) => upward.sendAsIs([bytes], cid),
      toMaster: (message, cid) => master.fromAbove(message, cid),
    });
    upward.interpreter = (pieces) => this.#interpret(pieces);
    const { tag, group, user, creator } = parameters;
    const { cid, isRoot } = creator;
    if (!isRoot) return;
    this.#root.set(cid, { isReady: false, isCreator: true, waiting: [] });
    upward.sendAsIs([rootMessage.sessionTag(tag, group, user)], cid);
    upward.sendAsIs([rootMessage.versArchComp(`proof ${VERSION}|${PLATFORM}`)], cid);
  }

  fromAbove(message: Message, cid: number): void {
    if (message.what >= OUR_KINDS) return this.#master.fromAbove(message, cid);
    // A file comes outside of any message.
    if (message.what === RootKind.sendFile) this.#upward.discard(cid, fileSizeOf(message));
    const client = this.#root.get(cid);
    if (client?.isReady === true) return this.#service.serve(message, cid);
    if (client !== undefined) return void client.waiting.push(message);
    // Attached to a session that is there: who is in it has to be asked first.
    this.#root.set(cid, { isReady: false, isCreator: false, waiting: [message] });
    this.#service.askWorkers(cid);
  }

  interrupt(): void {
    this.#master.interrupt();
  }

  drained(): void {
    this.#master.drained();
  }

  close(timeout: number): Promise<void> {
    return this.#master.close(timeout);
  }

  away(): void {
    this.#master.away?.();
  }

  back(): void {
    this.#master.back?.();
  }

  attached(missed: readonly Pieces[]): void {
    this.#master.attached?.(missed);
  }

  left(cid: number | undefined): void {
    if (cid === undefined) this.#root.clear();
    else this.#root.delete(cid);
  }

  /** What the master says, for those who speak ROOT's language. */
  #interpret(pieces: readonly Uint8Array[]): void {
    const message = messageOf(pieces);
    const cids = [...this.#root.keys()];
    if (message.what >= OUR_KINDS) return this.#tell(message, cids);
    // Greeting and progress are PROOF's own.
    for (const cid of cids) this.#upward.sendAsIs(pieces, cid);
  }

  #tell(message: Message, cids: readonly number[]): void {
    switch (message.what) {
      case Kind.ready: {
        const { workers, failures } = ready.decode(message);
        this.#crew.infos = workers.filter(({ role }) => role === "worker");
        this.#crew.failures = failures;
        this.#crew.active.update(this.#crew.infos.map(({ ordinal }) => ordinal));
        this.#noteWorkers();
        return cids.forEach((cid) => this.#ready(cid));
      }
      case Kind.failed: {
        const { message: text, failures } = failed.decode(message);
        const lines = [text, ...failures.map((each) => `${each.ordinal}: ${each.message}`)];
        for (const cid of cids) {
          this.#service.log(cid, `${lines.join("\n")}\n`);
          this.#service.logDone(cid, NO_RESOURCES);
        }
        return;
      }
      case Kind.output:
        return this.#service.output(output.decode(message));
      case Kind.result:
        return this.#service.result(result.decode(message).fields);
      case Kind.done:
        return this.#service.done(done.decode(message).id);
      case Kind.workerLost: {
        const failure = workerLost.decode(message);
        this.#crew.infos = this.#crew.infos.filter(({ ordinal }) => ordinal !== failure.ordinal);
        this.#crew.failures = [...this.#crew.failures, failure];
        this.#crew.active.remove(failure.ordinal);
        return this.#announce(`worker ${failure.ordinal} is lost: ${failure.message}`, cids);
      }
      case Kind.notice: {
        const { ordinal, text } = notice.decode(message);
        return this.#announce(`${ordinal}: ${text}`, cids);
      }
      case Kind.workerJoined: {
        const fresh = workerJoined.decode(message);
        if (fresh.role !== "worker") return;
        const others = this.#crew.infos.filter(({ ordinal }) => ordinal !== fresh.ordinal);
        this.#crew.infos = [...others, fresh];
        this.#crew.active.add(fresh.ordinal);
        return this.#announce(`worker ${fresh.ordinal} on ${fresh.host} joined`, cids);
      }
    }
  }

  /** Writes down where the logs of the workers are: the daemon tells ROOT's clients, who ask it. */
  #noteWorkers(): void {
    const { logPath, user } = this.#parameters;
    const lines = this.#crew.infos.map(
      (each) => `${user}@${each.host}:${each.port} 1 ${each.ordinal} ${each.logPath}\n`,
    );
    try {
      writeFileSync(join(dirname(logPath), ".workers"), lines.join(""), { mode: 0o600 });
    } catch {
      // Then only the logs of this node are listed.
    }
  }

  #announce(text: string, cids: readonly number[]): void {
    for (const cid of cids) this.#upward.sendAsIs([rootMessage.message(text)], cid);
  }

  /** The session is set up, or who attached to it may go on. */
  #ready(cid: number): void {
    const client = this.#root.get(cid);
    if (client === undefined || client.isReady) return;
    client.isReady = true;
    if (client.isCreator) {
      const lines = this.#crew.failures.map((each) => `${each.ordinal}: ${each.message}\n`);
      this.#service.log(cid, lines.join(""));
      this.#service.logDone(cid);
    }
    for (const message of client.waiting.splice(0)) this.#service.serve(message, cid);
  }
}
