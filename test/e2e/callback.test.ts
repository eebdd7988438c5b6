/** Call-backs: a ticket is good for one process, once, for seconds. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServeParameters } from "../../src/protocol/serve.ts";
import { callback } from "../../src/protocol/serve.ts";
import { encodeItems, login, OUR_ITEM } from "../../src/protocol/requests.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import { Request } from "../../src/protocol/codes.ts";
import { useArea } from "../helpers/area.ts";
import { Program } from "../helpers/program.ts";
import { errorOf, RawClient } from "../helpers/raw-client.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { callBack } from "./callback-fixture.ts";

setDefaultTimeout(120_000);
const area = useArea();
const FIXTURE = join(import.meta.dir, "callback-fixture.ts");

interface Told {
  parameters: ServeParameters;
  answers: string[];
}

/** A daemon whose proofservs do as `how` says, and a client that has asked it for a session. */
async function asked(how: string) {
  const home = area.home();
  home.writeConfig(
    '[security]\nauth = "none"\n[startup]\ncallback = "1s"\n[session]\nterminate = "3s"\n',
  );
  const listen = ["--port", "0", "--host", "127.0.0.1", "--log-format", "json"];
  const daemon = new Program([process.execPath, FIXTURE, "daemon", ...listen], { home });
  area.keep({
    async [Symbol.asyncDispose]() {
      daemon.signal("SIGTERM");
      await daemon.finished();
    },
  });
  const port = await waitFor(
    "the daemon",
    () => /"listening".*?"port":(\d+)/.exec(daemon.stderr)?.[1],
    {
      seen: () => daemon.stderr,
    },
  );
  const client = await RawClient.greeted(Number(port));
  await client.ask("0100 0c1d 00003d1f 70726f6f66750000 2400 01 4d 00000000");
  const buffer = Buffer.from(`x|envs:FIXTURE=${how}`);
  const length = buffer.length.toString(16).padStart(8, "0");
  client.send(`0200 0c1f 00000000 00000000 00000000 00000000 ${length} ${buffer.toString("hex")}`);
  const told = (enough: (told: Told) => boolean): Promise<Told> =>
    waitFor("the proofserv's notes", () => {
      const path = home.list().find((name) => name.endsWith("/told.json"));
      const text = path === undefined ? "" : readFileSync(join(home.path, path), "utf8");
      if (!text.endsWith("}")) return undefined;
      const notes = JSON.parse(text) as Told;
      return enough(notes) ? notes : undefined;
    });
  return { client, told, port: Number(port) };
}

describe("a ticket", () => {
  test("is refused to another process that has got hold of it", async () => {
    const { client, told, port } = await asked("wait");
    using _ = client;
    const { parameters } = await told(() => true);
    const { link, answer } = await callBack(parameters, parameters.ticket);
    link.end();
    expect(answer).toContain(`pid ${process.pid} is not the proofserv of this session`);

    // Nor does it open the door that others use.
    using other = await RawClient.greeted(port);
    const body = login.encode({
      pid: 1,
      user: "x",
      reserved: parameters.sid,
      capver: 1,
      role: "i",
    });
    const payload = encodeItems("", [[OUR_ITEM, callback.encode(parameters.ticket)]]);
    other.send(encodeRequest({ stream: 0x0100, id: Request.login, body, payload }));
    expect(errorOf(await other.frame()).text).toContain("not on the call-back socket");
    await other.closed();
  });

  test.skipIf(process.getuid?.() !== 0)(
    "does not even reach the daemon from another account",
    async () => {
      const { client, told } = await asked("wait");
      using _ = client;
      const { parameters } = await told(() => true);
      const code = `Bun.connect({ unix: ${JSON.stringify(parameters.socket)}, socket: { data() {} } }).then(() => console.log("connected"), (error) => console.log(error.code))`;
      // A copy that everybody may run: the project's own may lie where only root may go.
      const child = Bun.spawn([await runtime(), "-e", code], {
        uid: 65_534,
        gid: 65_534,
        cwd: "/",
        env: { HOME: "/nonexistent" },
        stdout: "pipe",
        stderr: "inherit",
      });
      expect((await child.stdout.text()).trim()).toBe("EACCES");
    },
  );

  test("is good once", async () => {
    const { client, told } = await asked("twice");
    using _ = client;
    const { answers } = await told((notes) => notes.answers.length === 2);
    expect(answers[0]).toBe("ok");
    expect(answers[1]).toContain("ticket not valid");
  });

  test("that was guessed is refused to the right process", async () => {
    const { client, told } = await asked("wrong");
    using _ = client;
    const { answers } = await told((notes) => notes.answers.length === 1);
    expect(answers[0]).toContain("ticket not valid");
  });

  test("is worth nothing once startup.callback has passed", async () => {
    const { client, told } = await asked("late");
    using _ = client;
    const { answers } = await told((notes) => notes.answers.length === 1);
    expect(answers[0]).toMatch(/ticket not valid|wrong target session/);
    expect(errorOf(await client.frame()).text).toContain("did not call back within 1 s");
  });
});

let copy: string | undefined;

/** Path of a Bun that every account may run. */
async function runtime(): Promise<string> {
  if (copy === undefined) {
    const { chmodSync, copyFileSync, mkdtempSync, rmSync } = await import("node:fs");
    const directory = mkdtempSync("/tmp/pe-bun-");
    chmodSync(directory, 0o755);
    const path = join(directory, "bun");
    copyFileSync(process.execPath, path);
    chmodSync(path, 0o755);
    area.keep({ [Symbol.dispose]: () => rmSync(directory, { recursive: true }) });
    copy = path;
  }
  return copy;
}
