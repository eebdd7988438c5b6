/** TProofMgr's file requests of a ROOT client, and what somebody could send who means harm with them. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { RootClient } from "../helpers/root-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
const box = join(home.sandbox, "proofu");
let daemon: RunningDaemon;

/** Numbers of the commands and of the requests. */
const [RM, LS, MORE, GREP, TAIL, MD5SUM, STAT, FIND] = [0, 1, 2, 3, 4, 5, 6, 7];
const NOTES = "one\ntwo | SvcMsg\nthree\n";
const GET = 1014;
const PUT = 1015;

beforeAll(async () => {
  mkdirSync(join(box, "data"), { recursive: true, mode: 0o700 });
  writeFileSync(join(box, "notes.txt"), NOTES);
  writeFileSync(join(box, "data", "a.root"), "x".repeat(10));
  writeFileSync(join(box, "data", "b.txt"), "y");
  symlinkSync("/etc/passwd", join(box, "leak"));
  symlinkSync("/etc", join(box, "way"));
  daemon = area.keep(
    await startDaemon({
      home,
      args: ["--host", "127.0.0.1"],
      env: { PROOF_SECURITY_AUTH: "none" },
    }),
  );
});

const ok = (text = "", said: string[] = []) => ({ said, status: 0, text });

describe("commands", () => {
  test.each([
    ["ls", LS, "data", "-1", "a.root\nb.txt"],
    ["ls of one file", LS, "~/notes.txt", "", "notes.txt"],
    ["ls with a star", LS, "data/*.txt", "-1", "b.txt"],
    ["more", MORE, "notes.txt", "", "one\ntwo | SvcMsg\nthree"],
    ["tail", TAIL, "notes.txt", "-n 1", "three"],
    ["grep", GREP, "notes.txt", "-v SvcMsg", "one\nthree"],
    ["grep with quotes", GREP, "notes.txt", '"two | S"', "two | SvcMsg"],
    ["find", FIND, "data", "-name *.root", `${box}/data/a.root`],
  ])("%s", async (_name, command, path, options, shown) => {
    using client = await RootClient.open(daemon.port);
    const head = expect.stringMatching(new RegExp(`^Node: [^:]+:${daemon.port}\n-----$`));
    expect(await client.exec(command, path, options)).toEqual(ok("", [head, shown]));
  });

  test("md5sum, stat and rm answer with one text", async () => {
    using client = await RootClient.open(daemon.port);
    const md5 = new Bun.CryptoHasher("md5").update(NOTES).digest("hex");
    expect(await client.exec(MD5SUM, "notes.txt")).toEqual(ok(md5));
    expect((await client.exec(STAT, "data/a.root")).text).toMatch(/^(\d+ ){5}10 \d+ 0$/);
    writeFileSync(join(box, "gone"), "");
    expect(await client.exec(RM, "gone", "-f")).toEqual(ok("OK"));
    expect(existsSync(join(box, "gone"))).toBe(false);
  });

  test("on all nodes say from where each line is", async () => {
    using client = await RootClient.open(daemon.port);
    const { said, status } = await client.exec(LS, "data", "-1", "all");
    expect(status).toBe(0);
    expect(said).toEqual([
      expect.stringMatching(
        new RegExp(`^[^:]+:${daemon.port}\\| a.root\n[^:]+:${daemon.port}\\| b.txt$`),
      ),
    ]);
  });
});

describe("commands are refused, with one error and the link in step, for", () => {
  test.each([
    ["a path above the sandbox", LS, "../../..", ""],
    ["an absolute path", MORE, "/etc/passwd", ""],
    ["a link that leads out", MORE, "leak", ""],
    ["a directory that leads out", LS, "way", ""],
    ["a path through it", MORE, "way/passwd", ""],
  ])("%s", async (_name, command, path, options) => {
    using client = await RootClient.open(daemon.port);
    const { status, text } = await client.exec(command, path, options);
    expect({ status, text }).toEqual({
      status: 4003,
      text: `3006 CheckPath: not allowed to run the requested action on ${path}`,
    });
    expect(await client.exec(MD5SUM, "notes.txt")).toMatchObject({ status: 0 });
  });

  test.each<[string, number, string, string, string | undefined, string?]>([
    ["a command behind the path", MORE, "notes.txt; touch pwned", "", "No such file or directory"],
    ["a command in a pattern", GREP, "notes.txt", "x; touch pwned", 'unexpected "touch"'],
    ["a command put in its place", GREP, "notes.txt", '"$(touch pwned)"', undefined],
    ["an option that runs programs", FIND, "data", "-exec touch pwned ;", '"-exec" is not served'],
    ["an option that writes", FIND, "data", "-fprint pwned", '"-fprint" is not served'],
    ["an option that reads elsewhere", GREP, "notes.txt", "-f /etc/passwd", '"-f" is not served'],
    ["a second operand", LS, "data", "/etc", '"/etc" is not served'],
    ["a tail that never ends", TAIL, "notes.txt", "-f", "not served"],
    ["a directory instead of a file", MORE, "data", "", "Is not a regular file"],
    ["what is not there", STAT, "nothing", "", "stat: cannot stat `nothing': No such file"],
    ["the sandbox itself", RM, "~/", "-rf", "removing all sandbox directory is not allowed"],
    ["a basic directory", RM, "data", "-rf", "removing a basic sandbox directory is not allowed"],
    ["a star in rm", RM, "*", "-rf", "not allowed to rm with wild cards"],
    ["an unknown command", 99, "notes.txt", "", "unknown action type: 99"],
    ["a node that is none", LS, "data", "", "is no node of this cluster", "evil.invalid:1"],
  ])("%s", async (_name, command, path, options, text, node = "localhost") => {
    using client = await RootClient.open(daemon.port);
    const answer = await client.exec(command, path, options, node);
    if (text === undefined) expect(answer.status).toBe(0);
    else expect(answer).toMatchObject({ status: 4003, text: expect.stringContaining(text) });
    expect(await client.exec(MD5SUM, "notes.txt")).toMatchObject({ status: 0 });
    expect(home.list().filter((name) => name.includes("pwned"))).toEqual([]);
    expect(existsSync("pwned")).toBe(false);
  });

  test.each([
    ["nothing", ""],
    ["no path", "localhost"],
    ["an empty node", "|notes.txt|"],
    ["text without an end", "x".repeat(100_000)],
    ["a NUL in the path", "localhost|notes\0.txt|"],
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x7c, 0x80])],
  ])("%s", async (_name, payload) => {
    using client = await RootClient.open(daemon.port);
    expect((await client.admin(1013, payload, LS)).status).toBe(4003);
    expect(await client.exec(MD5SUM, "notes.txt")).toMatchObject({ status: 0 });
  });
});

describe("files", () => {
  const content = Buffer.alloc(300_000, "0123456789");

  test("are put, and got back", async () => {
    using client = await RootClient.open(daemon.port);
    expect(await client.admin(PUT, `put.bin ${content.length}`)).toEqual(ok("OK"));
    // As ROOT's client does: without any header, in chunks.
    for (let at = 0; at < content.length; at += 16_384)
      client.raw.send(content.subarray(at, at + 16_384));
    await waitFor("the file", () => existsSync(join(box, "put.bin")));
    expect(readFileSync(join(box, "put.bin")).equals(content)).toBe(true);

    expect(await client.admin(GET, "put.bin")).toEqual(ok(String(content.length)));
    const parts: Buffer[] = [];
    for (let size = 0; size < content.length; size += parts.at(-1)?.length ?? 0) {
      const { status, payload } = await client.raw.frame();
      expect([status, payload.readInt32BE(0)]).toEqual([4001, 5100]);
      parts.push(payload.subarray(4));
    }
    expect(Buffer.concat(parts).equals(content)).toBe(true);
    expect(await client.exec(MD5SUM, "put.bin")).toMatchObject({ status: 0 });
  });

  test("that are there are not replaced unless that is asked for", async () => {
    writeFileSync(join(box, "old"), "old");
    using client = await RootClient.open(daemon.port);
    const refused = await client.admin(PUT, "old 3");
    expect(refused).toMatchObject({
      status: 4003,
      text: expect.stringMatching(/^3006 file 'old' exists/),
    });
    expect(await client.admin(PUT, "old 3 force")).toEqual(ok("OK"));
    client.raw.send(Buffer.from("new"));
    await waitFor("the new file", () => readFileSync(join(box, "old"), "utf8") === "new");
    expect(await client.admin(PUT, "empty 0")).toEqual(ok("OK"));
    expect(readFileSync(join(box, "empty"), "utf8")).toBe("");
  });

  test("whose sender vanishes in the middle leave nothing behind", async () => {
    const before = readdirSync(box);
    {
      using client = await RootClient.open(daemon.port);
      await client.admin(PUT, "half 1000000");
      client.raw.send(Buffer.alloc(5_000));
      await waitFor("the first half", () => readdirSync(box).some((name) => name.includes("part")));
    }
    await waitFor("the end of it", () => readdirSync(box).length === before.length);
    expect(readdirSync(box)).toEqual(before);
  });

  test.each([
    ["a path outside", PUT, "../evil 3"],
    ["a directory that is not there", PUT, "no/where 3"],
    ["through a link that leads out", PUT, "way/evil 3"],
    ["a size below nothing", PUT, "evil -1"],
    ["a size that is none", PUT, "evil many"],
    ["no size", PUT, "evil"],
    ["nothing", PUT, ""],
    ["a directory", PUT, "data 3 force"],
    ["getting what is not there", GET, "nothing"],
    ["getting a directory", GET, "data"],
    ["getting through a link that leads out", GET, "leak"],
    ["getting nothing", GET, ""],
  ])("%s is refused, once", async (_name, code, payload) => {
    using client = await RootClient.open(daemon.port);
    expect((await client.admin(code, payload)).status).toBe(4003);
    expect(await client.exec(MD5SUM, "notes.txt")).toMatchObject({ status: 0 });
    expect(home.list().filter((name) => name.includes("evil"))).toEqual([]);
  });
});

describe("reading a log", () => {
  const url = `proof://localhost:1/${box}/notes.txt`;
  const here = (): string => url.replace(":1/", `:${daemon.port}/`);

  test("as it is, or what grep finds in it", async () => {
    using client = await RootClient.open(daemon.port);
    expect((await client.readbuf(0, here())).text).toBe("one\ntwo | SvcMsg\nthree\n");
    expect((await client.readbuf(1, here(), '-v "| SvcMsg"')).text).toBe("one\nthree\n");
    expect(await client.readbuf(1, here(), "nowhere")).toEqual(ok());
    expect(await client.readbuf(1, here(), "'x; touch pwned'")).toEqual(ok());
  });

  test.each([
    ["a pattern meant for a shell", 1, undefined, "x; touch pwned", undefined],
    ["a pipe", 3, undefined, "| touch pwned", undefined],
    ["a pattern longer than all", 1, undefined, "x", 1_000_000],
    ["a pattern of negative length", 1, undefined, "x", -5],
    ["an unknown mode", 77, undefined, "x", undefined],
    ["another host", 0, "proof://evil.invalid:1//etc/passwd", "", undefined],
    ["a file outside", 0, "proof://localhost//etc/passwd", "", undefined],
    ["no address", 0, "notes.txt", "", undefined],
    ["nothing", 0, "", "", undefined],
  ])("%s is refused, once", async (_name, mode, where, pattern, length) => {
    using client = await RootClient.open(daemon.port);
    const answer = await client.readbuf(mode, where ?? here(), pattern, length);
    expect(answer.status).toBe(4003);
    expect(await client.exec(MD5SUM, "notes.txt")).toMatchObject({ status: 0 });
    expect(home.list().filter((name) => name.includes("pwned"))).toEqual([]);
  });
});
