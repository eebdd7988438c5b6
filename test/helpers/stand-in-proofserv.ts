/**
 * Stands in for ROOT's proofserv: reads the files that the daemon has written for it, calls back as ROOT's
 * does, and speaks a part that was recorded. What it is told otherwise than in its part, it writes down.
 *
 * The daemon starts it with `STAND_IN` in its environment: the directory of the parts, one for each
 * ordinal, and of the reports.
 */
import { connect } from "node:net";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Attention, Request, Role, Status } from "../../src/protocol/codes.ts";
import {
  encodeRequest,
  type ResponseFrame,
  responseFramer,
  whole,
} from "../../src/protocol/frames.ts";
import { HELLO } from "../../src/protocol/handshake.ts";
import { admin, encodeItems, login, LONG_USER, sendmsg } from "../../src/protocol/requests.ts";

/** One step of a part. Bytes are hex. */
export type Step =
  /** Says this to its client; `opt` are the bits of sendmsg. */
  | { say: string; opt: number }
  /** Waits until its client says this. */
  | { hear: string }
  /** Asks its daemon; `answer` is written down. */
  | { ask: number; payload: string };

/** What became of a part. */
export interface Report {
  /** The settings that it has read. */
  settings: Record<string, string>;
  environment: Record<string, string>;
  arguments: string[];
  directory: string;
  /** Answers of the daemon to what it asked, as text. */
  answers: string[];
  /** What was not as in the part. */
  surprises: string[];
  isDone: boolean;
}

const STREAM = 0x0100;

if (import.meta.main) await play();

async function play(): Promise<void> {
  const settings = readSettings(process.env["ROOTRCFILE"] ?? "");
  const directory = process.env["STAND_IN"] ?? "";
  const ordinal = settings["ProofServ.Ordinal"] ?? "";
  const part = join(directory, `${ordinal}.json`);
  const steps = existsSync(part) ? (JSON.parse(readFileSync(part, "utf8")) as Step[]) : [];
  const report: Report = {
    settings,
    environment: process.env as Record<string, string>,
    arguments: process.argv.slice(2),
    directory: process.cwd(),
    answers: [],
    surprises: [],
    isDone: false,
  };
  const write = (): void =>
    writeFileSync(join(directory, `${ordinal}.report.json`), JSON.stringify(report));
  process.on("SIGTERM", () => process.exit(0));
  // What ROOT's proofserv prints when it starts.
  console.log('Note: File "iostream" already loaded');
  const link = await Callback.open(settings);
  const sid = Number(settings["ProofServ.SessionID"]);
  const cid = Number(settings["ProofServ.ClientID"]);
  const surprise = (text: string): void => void report.surprises.push(text);
  link.pinged = (): void => writeFileSync(settings["ProofServ.AdminPath"] ?? "", "0");
  for (const [index, step] of steps.entries()) {
    if ("hear" in step) {
      const heard = await link.heard();
      const wanted = `${cid} ${step.hear}`;
      if (heard !== wanted) surprise(`step ${index}: heard ${heard} instead of ${wanted}`);
    } else if ("say" in step) {
      const body = sendmsg.encode({ sid, opt: step.opt, cid });
      const answer = await link.request(Request.sendmsg, body, Buffer.from(step.say, "hex"));
      if (answer.status !== Status.ok || answer.payload.length > 0)
        surprise(`step ${index}: sendmsg was answered with ${describe(answer)}`);
    } else {
      const answer = await link.request(
        Request.admin,
        admin.encode(sid, step.ask),
        Buffer.from(step.payload, "hex"),
      );
      report.answers.push(answer.payload.toString());
    }
    write();
  }
  report.isDone = true;
  write();
}

/** The settings that the daemon has written down. */
function readSettings(path: string): Record<string, string> {
  const lines = readFileSync(path, "utf8").split("\n");
  return Object.fromEntries(
    lines
      .filter((line) => line.includes(": ") && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
  );
}

function describe({ status, payload }: ResponseFrame): string {
  return `${status} ${payload.toString("latin1")}`;
}

/** The link to the daemon. Ends the process when it is over. */
class Callback {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #framer = responseFramer(64 * 1024 * 1024);
  readonly #answers: ((frame: ResponseFrame) => void)[] = [];
  readonly #said: string[] = [];
  readonly #ears: ((text: string) => void)[] = [];
  pinged: () => void = () => undefined;
  #welcome = 16;

  private constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  static async open(settings: Record<string, string>): Promise<Callback> {
    const socket = connect(settings["ProofServ.OpenSock"] ?? "");
    const callback = new Callback((bytes) => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => callback.#data(chunk));
    socket.on("close", () => process.exit(0));
    socket.on("error", () => process.exit(1));
    socket.write(HELLO);
    const [who = ""] = (settings["ProofServ.Entity"] ?? "").split("@");
    const body = login.encode({
      pid: process.pid,
      user: LONG_USER,
      reserved: Number(settings["ProofServ.SessionID"]),
      capver: 0xff,
      role: Role.internal,
    });
    const answer = await callback.request(Request.login, body, encodeItems("", [["usr", who]]));
    if (answer.payload.toString("hex") !== "000003ef")
      throw new Error(`call-back: ${describe(answer)}`);
    return callback;
  }

  request(id: number, body: Buffer, payload: Buffer): Promise<ResponseFrame> {
    this.#write(encodeRequest({ stream: STREAM, id, body, payload }));
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  /** The next that a client says: its number and the bytes. */
  heard(): Promise<string> {
    const said = this.#said.shift();
    return said === undefined
      ? new Promise((resolve) => this.#ears.push(resolve))
      : Promise.resolve(said);
  }

  #data(chunk: Buffer): void {
    const welcome = Math.min(this.#welcome, chunk.length);
    this.#welcome -= welcome;
    this.#framer.push(chunk.subarray(welcome));
    for (let next = this.#framer.next(); next !== undefined; next = this.#framer.next())
      this.#frame(whole<ResponseFrame>(next));
  }

  #frame(frame: ResponseFrame): void {
    if (frame.status !== Status.attn) return this.#answers.shift()?.(frame);
    const action = frame.payload.readInt32BE(0);
    if (action === Attention.ping) return this.pinged();
    if (action !== Attention.msgsid) return;
    const text = `${frame.payload.readInt32BE(4)} ${frame.payload.subarray(8).toString("hex")}`;
    const ear = this.#ears.shift();
    if (ear === undefined) this.#said.push(text);
    else ear(text);
  }
}

/** Makes the program that a daemon can be given as `proofserv.program`; returns its path. */
export function writeStandIn(write: (name: string, text: string, mode: number) => string): string {
  const script = join(dirname(import.meta.path), "stand-in-proofserv.ts");
  return write("bin/proofserv", `#!/bin/sh\nexec ${process.execPath} ${script} "$@"\n`, 0o700);
}
