/** A ROOT client in a session of ours, message by message as ROOT 5.34 sends and expects them. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../src/lib/bytes.ts";
import { Request } from "../../src/protocol/codes.ts";
import { decodeCreated } from "../../src/protocol/create.ts";
import { MessageFramer } from "../../src/protocol/envelope.ts";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { startProof } from "../helpers/proof.ts";
import { RootClient } from "../helpers/root-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = area.keep(
    await startDaemon({
      home,
      args: ["--host", "127.0.0.1", "--workers", "2"],
      env: { PROOF_SECURITY_AUTH: "none" },
    }),
  );
});

/** What a session says, as ROOT's client takes it: kinds, and the text that follows each LOGFILE. */
class RootSession implements Disposable {
  readonly client: RootClient;
  readonly sid: number;
  /** Raw bytes of a log that are still to come. */
  #log = 0;
  #rest: Buffer = Buffer.alloc(0);
  readonly #framer = new MessageFramer(1 << 24);

  private constructor(client: RootClient, sid: number) {
    this.client = client;
    this.sid = sid;
  }

  static async open(buffer = "localhost"): Promise<RootSession> {
    const client = await RootClient.open(daemon.port);
    const { status, payload } = await client.create(buffer);
    expect(status).toBe(0);
    return new RootSession(client, decodeCreated(payload).sid);
  }

  /** Everything up to the end of an answer: what it says, one text each, and its log. */
  async until(last: number): Promise<{ heard: string[]; log: string; body: Buffer }> {
    const heard: string[] = [];
    let log = "";
    for (;;) {
      let bytes = this.#rest.length > 0 ? this.#rest : await this.#more();
      this.#rest = Buffer.alloc(0);
      while (bytes.length > 0 || this.#log === 0) {
        const text = bytes.subarray(0, this.#log);
        log += text.toString();
        this.#log -= text.length;
        bytes = bytes.subarray(text.length);
        if (this.#log > 0) break;
        // One message at a time: behind a LOGFILE comes what is none.
        const size = bytes.length < 4 ? 0 : 4 + bytes.readInt32BE(0);
        if (size === 0) break;
        this.#framer.push(bytes.subarray(0, size));
        bytes = bytes.subarray(size);
        const message = this.#framer.next();
        if (message === undefined) break;
        const { what, body } = message;
        if (what === 1004) this.#log = body.readInt32BE(0);
        heard.push(describeMessage(what, body));
        if (what !== last) continue;
        this.#rest = bytes;
        return { heard, log, body };
      }
    }
  }

  /** What the session says next; answers to sendmsg say nothing. */
  async #more(): Promise<Buffer> {
    for (;;) {
      const { status, payload } = await this.client.raw.frame();
      if (status === 4001) {
        expect(payload.readInt32BE(0)).toBe(5100);
        return payload.subarray(4);
      }
      expect({ status, size: payload.length }).toEqual({ status: 0, size: 0 });
    }
  }

  say(what: number, body: Uint8Array = Buffer.alloc(0)): void {
    this.client.say(this.sid, what, body);
  }

  /** Runs a command line of ROOT's Exec. */
  async exec(line: string): Promise<{ log: string; done: string }> {
    this.say(5, Buffer.from(`${line}\0`));
    const { log, body } = await this.until(1005);
    return { log, done: `${body.readInt32BE(0)} ${body.readInt32BE(4)}` };
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }
}

function describeMessage(what: number, body: Buffer): string {
  const reader = new ByteReader(body);
  switch (what) {
    case 3:
      return `greeting ${reader.cstring().replace(/@ \S+/, "@ HOST")}`;
    case 1005:
      return `done ${reader.i32()} ${reader.i32()}`;
    case 1037:
      return `submitted ${reader.i32()} ${reader.u8()}`;
    case 1038:
      return `tag ${reader.tstring().replace(/^.*-\d+-\d+$/, "TAG")} ${reader.tstring()} ${reader.tstring()}`;
    case 1041:
      return `${reader.tstring()} ${reader.u32()} ${reader.u32()} ${reader.u8()}`;
    case 1044:
      return `message ${reader.tstring()}`;
    case 1051:
      return `version ${reader.tstring().replaceAll(/\d+(\.\d+)+/g, "N")}`;
    default:
      return String(what);
  }
}

const int = (...values: number[]): Buffer =>
  values.reduce((writer, value) => writer.i32(value), new ByteWriter()).done();

describe("opening", () => {
  test("tells greeting, tag, version, progress, and that it is done", async () => {
    using session = await RootSession.open();
    const { heard, log } = await session.until(1005);
    expect(heard).toEqual([
      "greeting **** Welcome to the PROOF server @ HOST ****",
      "tag TAG default proofu",
      expect.stringMatching(/^version proof N\|\w+-\w+$/),
      "Opening connections to workers 2 1 1",
      "Opening connections to workers 2 2 1",
      "Setting up worker servers 2 1 1",
      "Setting up worker servers 2 2 1",
      "done 0 2",
    ]);
    expect(log).toBe("");
    // GoParallel(-1), and the statistics that it asks for.
    session.say(1014, int(-1));
    expect((await session.until(1005)).heard).toEqual(["done 0 2"]);
    session.say(1027);
    const reader = new ByteReader((await session.until(1027)).body);
    reader.bytes(16);
    expect(reader.tstring()).toMatch(/\/\.proof\/proofu\/session-\S+\/master-0-/);
    expect(reader.tstring()).toBe(`${home.sandbox}/proofu`);
  });

  test("without workers is sequential, with fewer takes fewer", async () => {
    using alone = await RootSession.open("localhost|cf:masteronly");
    expect((await alone.until(1005)).heard.at(-1)).toBe("done 0 0");
    expect(await alone.exec(".!echo here")).toEqual({ log: "here\n", done: "0 0" });
    using one = await RootSession.open("localhost|cf:workers=1");
    expect((await one.until(1005)).heard.at(-1)).toBe("done 0 1");
  });

  test("hands the client's variables on to the workers", async () => {
    using session = await RootSession.open("localhost|envs:MYVAR=myvalue,PROOF_NWORKERS=2");
    await session.until(1005);
    const { log } = await session.exec(".!echo $MYVAR");
    expect(log).toBe("myvalue\nmyvalue\n");
  });

  test("that fails says why, with PROOF's status for it", async () => {
    const other = area.home();
    await using broken = await startDaemon({
      home: other,
      args: ["--host", "127.0.0.1"],
      config: '[[node]]\nhost = "localhost"\nport = 1\n',
      env: { PROOF_SECURITY_AUTH: "none" },
    });
    using client = await RootClient.open(broken.port);
    expect((await client.create("localhost")).status).toBe(0);
    let text = "";
    await waitFor("the end of the opening", () => {
      for (let frame = client.raw.tryFrame(); frame; frame = client.raw.tryFrame())
        text += frame.payload.toString("latin1");
      return text.includes("\u0003\u00ed\u00ff\u00ff\u00ff\u009d");
    });
    expect(text).toContain("none of 1 workers could be opened");
    expect(text).toContain("connection refused");
  });

  test("several at once do not wait for one another", async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => RootSession.open()));
    const done = await Promise.all(opened.map((session) => session.until(1005)));
    expect(done.map(({ heard }) => heard.at(-1))).toEqual(Array(4).fill("done 0 2"));
    expect(new Set(opened.map(({ sid }) => sid)).size).toBe(4);
    for (const session of opened) session[Symbol.dispose]();
  });
});

describe("in a session", () => {
  test("Exec runs shell commands on every worker's node, whole lines at a time", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    expect(await session.exec(".!printf 'a\\nb'")).toEqual({ log: "a\nb\na\nb\n", done: "0 2" });
    const { log, done } = await session.exec(".!exit 3");
    expect(log).toMatch(/^0\.\d \(\S+\): the command failed: exit code 3\n0\.\d .*\n$/);
    expect(done).toBe("3 2");
  });

  test("any other Exec, and Process, say what this server runs; the session lives", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    const other = await session.exec("gSystem->Sleep(1);");
    expect(other.done).toBe("-1 2");
    expect(other.log).toMatch(/runs TypeScript, not ROOT: Exec\("gSystem->Sleep\(1\);"\) needs/);
    expect(other.log).toContain('Exec(".!<command>") runs a shell command');
    session.say(1015, Buffer.from("a TDSet, and so on"));
    // A message at once; then the number of the query, -1, and that nothing runs.
    const { heard } = await session.until(1036);
    expect(heard).toEqual([
      expect.stringContaining("Process needs a proofserv of ROOT's"),
      "submitted -1 0",
      "1036",
    ]);
    expect((await session.exec(".!echo still here")).log).toBe("still here\nstill here\n");
  });

  test("Print tells of master and workers", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    session.say(1008, Buffer.from("a\0"));
    const { log } = await session.until(1005);
    expect(log).toStartWith("*** Master server 0 (parallel mode, 2 workers):\n");
    expect(log).toContain("Number of active workers:   2\n");
    expect(log).toContain("*** Worker 0.1  (valid)\n");
  });

  test("workers are taken out and back in: SetParallel, DeactivateWorker, ActivateWorker", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    const change = async (action: number, ordinals: string): Promise<string | undefined> => {
      session.say(1046, new ByteWriter().i32(action).tstring(ordinals).done());
      return (await session.until(1005)).heard.at(-1);
    };
    session.say(1014, int(1));
    expect((await session.until(1005)).heard).toEqual(["done 0 1"]);
    expect((await session.exec(".!echo $PROOF_ORDINAL")).log).toBe("0.0\n");
    session.say(1014, int(-1));
    await session.until(1005);
    expect(await change(2, "0.0")).toBe("done 0 1");
    expect((await session.exec(".!echo $PROOF_ORDINAL")).log).toBe("0.1\n");
    expect(await change(1, "0.7")).toBe("done -2 1");
    expect(await change(1, "*")).toBe("done 0 2");
    // Exec on the master alone: nobody is active then.
    expect(await change(2, "*")).toBe("done 0 0");
    expect((await session.exec(".!echo $PROOF_ORDINAL")).log).toBe("0\n");
    expect(await change(1, "restore")).toBe("done 0 2");
    expect(await change(7, "0.0")).toBe("done -1 2");
  });

  test("a macro that is sent is left out, and what follows is understood", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    session.say(1012, Buffer.from("ignored"));
    expect((await session.until(1012)).body.readInt32BE(0)).toBe(0);
    const macro = Buffer.alloc(100_000, "\u00ff");
    session.say(1013, Buffer.from(`m.C 0 ${macro.length} 1\0`));
    session.client.send(0x0200, Request.sendmsg, int(session.sid, 2, -1, 0), macro);
    const { heard, log } = await session.until(1005);
    expect(heard.at(-1)).toBe("done 1 2");
    expect(log).toContain("sending a macro or a package needs");
    expect((await session.exec(".!echo on")).log).toBe("on\non\n");
  });

  test("a message that is cut short is answered, and the session lives", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    for (const what of [1014, 1046, 1004]) {
      session.say(what, Buffer.from([1]));
      const { heard, log } = await session.until(1005);
      expect(heard.at(-1)).toBe("done -1 2");
      expect(log).toContain(`message ${what} cannot be read`);
    }
    expect((await session.exec(".!echo on")).log).toBe("on\non\n");
  });

  test("StopProcess breaks off what runs", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    session.say(5, Buffer.from(".!echo begun; sleep 1000\0"));
    await session.until(1004);
    session.client.send(0x0200, Request.urgent, int(session.sid, 2000, 1, -1));
    const { log, body } = await session.until(1005);
    expect(log).toContain("interrupted");
    expect(body.readInt32BE(4)).toBe(2);
  });

  test("ping is answered at once, touch not at all", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    session.client.word(Request.touch, session.sid);
    session.client.word(Request.ping, session.sid);
    const { status, payload } = await session.client.raw.frame();
    expect({ status, alive: payload.toString("hex") }).toEqual({ status: 0, alive: "00000001" });
  });

  test("Close ends it", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    session.client.word(Request.destroy, session.sid);
    expect(await session.client.raw.frame()).toMatchObject({ status: 0 });
  });
});

describe("the manager", () => {
  const codes = {
    workers: 1004,
    reset: 1005,
    logs: 1006,
    versions: 1008,
    choose: 1009,
    pool: 1017,
  };

  test("shows workers, versions and the data pool", async () => {
    using client = await RootClient.open(daemon.port);
    const { port } = daemon;
    const node = `\\S+:${port}  sessions: \\d+ &`;
    expect((await client.admin(codes.workers)).text).toMatch(
      new RegExp(`^Selection: all, max workers: -1 &M: ${node}W: ${node}W: ${node}$`),
    );
    expect((await client.admin(codes.versions)).text).toMatch(/^ {2}\* proof \S+ \/\S+ 36\n$/);
    expect((await client.admin(codes.pool)).text).toMatch(/^root:\/\/[^/]+\/\/proofpool$/);
    expect(await client.admin(codes.choose, "proof")).toMatchObject({ status: 0 });
    expect((await client.admin(codes.choose, "5.34")).text).toBe(
      "3006 tag '5.34' not found in the list of available ROOT versions",
    );
  });

  test("finds the logs of a session, those of its workers with their nodes", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    const { text } = await session.client.admin(codes.logs);
    const [head = "", ...entries] = text.split("||").flatMap((part) => part.split("|0"));
    expect(head).toMatch(/^\S+-\d+-\d+\|root:\/\/[^/]+$/);
    expect(entries.map((entry) => entry.replace(/ .*\//, " "))).toEqual([
      expect.stringMatching(/^0 master-0-\S+\.log$/),
      expect.stringMatching(/^\.0 worker-0\.0-\S+\.log$/),
      expect.stringMatching(/^\.1 worker-0\.1-\S+\.log$/),
    ]);
    const url = / (\S+worker-0\.1\S+)$/.exec(text)?.[1] ?? "";
    expect((await session.client.readbuf(1, url, "proofserv")).text).toContain(
      "proofserv 0.1 (worker) of session",
    );
    expect((await session.client.admin(codes.logs, "", -99)).text).toBe(
      "3006 QueryLogPaths: query log: session tag not found",
    );
    expect((await session.client.admin(codes.logs, "../../etc")).status).toBe(4003);
  });

  test("Reset ends the sessions of its user, and only those", async () => {
    using session = await RootSession.open();
    await session.until(1005);
    using other = await RootClient.open(daemon.port, "another");
    await other.create("localhost|cf:masteronly");
    using manager = await RootClient.open(daemon.port);
    const { said, status, text } = await manager.admin(codes.reset, "", 2, 0);
    expect({ status, text }).toEqual({ status: 0, text: "" });
    // Without the word that says how to show them.
    expect(said[0]).toEndWith("soft-reset: signalling active sessions for termination".slice(4));
    await waitFor("the end of the session", () => proofservsOf(home.path).size === 1);
  });
});

test("our own client and ROOT's in one daemon do not disturb each other", async () => {
  using session = await RootSession.open();
  await session.until(1005);
  await using ours = await startProof(["open", daemon.address], { home });
  await ours.says("PROOF set to parallel mode (2 workers)");
  expect((await session.exec(".!echo root")).log).toBe("root\nroot\n");
});

describe("what cannot be, gets one error each and leaves the link in step:", () => {
  const unknown = [-5, 77, 32_767, 32_768, 0x7fffffff, -0x80000000];

  test.each(unknown)("session %d", async (sid) => {
    using client = await RootClient.open(daemon.port);
    const zero = Buffer.alloc(0);
    const words = int(sid, 1, -1, 0);
    for (const id of [Request.destroy, Request.attach, Request.detach, Request.urgent]) {
      client.send(0x0200, id, words);
      expect(await client.raw.frame()).toMatchObject({ stream: "0200", status: 4003 });
    }
    for (const id of [Request.sendmsg, Request.interrupt]) {
      client.send(0x0200, id, words, zero);
      expect(await client.raw.frame()).toMatchObject({ stream: "0200", status: 4003 });
    }
    client.send(0x0200, Request.admin, int(sid, 1002, 0, 0), "alias");
    expect(await client.raw.frame()).toMatchObject({ stream: "0200", status: 4003 });
    expect(await client.admin(1000)).toMatchObject({ status: 0 });
  });

  test.each(["0000", "ffff", "0080", "fffe"])(
    "stream %s is as good as any other",
    async (stream) => {
      using client = await RootClient.open(daemon.port);
      client.send(Number.parseInt(stream, 16), Request.admin, int(0, 1017, 0, 0));
      expect(await client.raw.frame()).toMatchObject({ stream, status: 0 });
      client.send(Number.parseInt(stream, 16), 3116, int(0, 0, 0, 0));
      expect(await client.raw.frame()).toMatchObject({ stream, status: 4003 });
    },
  );

  test("a payload of more than two megabytes", async () => {
    using client = await RootClient.open(daemon.port);
    const payload = Buffer.alloc(2 * 1024 * 1024 + 1, "x");
    client.send(0x0100, Request.admin, int(-1, 1013, 1, 0), payload);
    const { status, payload: answer } = await client.raw.frame();
    expect({ status, number: answer.readInt32BE(0) }).toEqual({ status: 4003, number: 3002 });
    expect(await client.admin(1000)).toMatchObject({ status: 0 });
  });

  test("a payload of less than nothing, after which the link cannot be followed", async () => {
    using client = await RootClient.open(daemon.port);
    const request = Buffer.from("01000c29ffffffff000003e80000000000000000ffffffff", "hex");
    client.raw.send(request);
    const { status, payload } = await client.raw.frame();
    expect({ status, number: payload.readInt32BE(0) }).toEqual({ status: 4003, number: 3000 });
    await client.raw.closed();
  });

  test("a create whose options cannot be read", async () => {
    using client = await RootClient.open(daemon.port);
    for (const buffer of [`x|envs:${"A=1,".repeat(600)}`, "x|envs:LD_PRELOAD=/x.so"]) {
      const { status } = await client.create(buffer);
      expect(status).toBe(4003);
    }
    expect(await client.admin(1000)).toMatchObject({
      status: 0,
      text: expect.stringMatching(/^\d/),
    });
  });
});
