/**
 * Sessions that were recorded between a ROOT client, an xproofd and ROOT's proofservs, against our daemon.
 * Each answer and each push must be the recorded one, but for what is named in {@link MAY_DIFFER}.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Area, useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { recording } from "../helpers/recording.ts";
import {
  type Normalize,
  partsOf,
  partsOfCallbacks,
  Replay,
  seenByClients,
} from "../helpers/replay.ts";
import { type Report, type Step, writeStandIn } from "../helpers/stand-in-proofserv.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area: Area = useArea();

/** What may differ from the recording, and why; `from` is looked for in both. */
const MAY_DIFFER: readonly { what: RegExp; from: RegExp; to: string; why: string }[] = [
  {
    what: /: attach$/,
    from: /root:\/\/[^/]+\/\/proofpool(\|log:.*)?$/,
    to: "root://HOST//proofpool",
    why: "another host; with the path of the log behind it, which ROOT's client misses otherwise",
  },
  {
    what: /: (create|attach)$/,
    from: /^[^]{4}/,
    to: "SID ",
    why: "the daemon numbers its sessions itself",
  },
  {
    what: /: (create|attach)$/,
    from: /\/\S*\/session-[^/]+\/(\w+-[\d.]+)-[^/]+\.log/,
    to: "SANDBOX/session-TAG/$1-HOST.log",
    why: "another sandbox, time, pid and host",
  },
  {
    what: /: admin 1017$/,
    from: /root:\/\/[^/]+/,
    to: "root://HOST",
    why: "another host",
  },
  {
    what: /: admin 1004$/,
    from: /^[^]*$/,
    to: "WORKERS",
    why: "another inventory; the recorded scheduler chose round-robin, ours takes all",
  },
  {
    what: /: admin 1008$/,
    from: /^ {2}\* (\S+) (\S+) (\S+) 36\n[^]*/,
    to: "  * VERSION 36\n",
    why: "another ROOT; our own proofserv is listed behind it",
  },
  {
    what: /: admin 1006$/,
    from: /^[^]*$/,
    to: "LOGS",
    why: "other addresses; read again below, each as a client would",
  },
  {
    what: /: readbuf$/,
    from: /^.* xpd-I: .*\n/gm,
    to: "",
    why: "lines that an xproofd writes into the log of a proofserv",
  },
  {
    what: /: push 5104$/,
    from: /requested by: .*$/,
    to: "requested by: LINK",
    why: "another client number and host",
  },
  {
    what: /: admin 1000$/,
    from: / \d+ \S+-\d+-\d+ /,
    to: " SID TAG ",
    why: "another session",
  },
];

const normalize: Normalize = (text, what) =>
  MAY_DIFFER.reduce(
    (so, rule) => (rule.what.test(what) ? so.replace(rule.from, rule.to) : so),
    text,
  );

interface Stage {
  daemon: RunningDaemon;
  report: (ordinal: string) => Promise<Report>;
}

/** A daemon that starts stand-ins with these parts. */
async function stage(parts: ReadonlyMap<string, Step[]>, more = ""): Promise<Stage> {
  const home = area.home();
  const directory = join(home.path, "parts");
  mkdirSync(directory);
  for (const [ordinal, steps] of parts)
    writeFileSync(join(directory, `${ordinal}.json`), JSON.stringify(steps));
  const program = writeStandIn((name, text, mode) => home.write(name, text, mode));
  const daemon = area.keep(
    await startDaemon({
      home,
      args: ["--host", "127.0.0.1"],
      config: `[proofserv]\nprogram = "${program}"\n[session.env]\nSTAND_IN = "${directory}"\n${more}`,
      env: { PROOF_SECURITY_AUTH: "none" },
    }),
  );
  const report = (ordinal: string): Promise<Report> =>
    waitFor(`the part of ${ordinal}`, () => {
      const path = join(directory, `${ordinal}.report.json`);
      if (!existsSync(path)) return undefined;
      const found = JSON.parse(readFileSync(path, "utf8")) as Report;
      return found.isDone ? found : undefined;
    });
  return { daemon, report };
}

/** PROOF's own daemon tells a client of the end of a session that it has ended itself, or does not. */
const isEnd = (what: string): boolean => what.endsWith("push 5112");

async function expectPlayed({ report }: Stage, parts: ReadonlyMap<string, Step[]>): Promise<void> {
  for (const ordinal of parts.keys()) {
    const { surprises } = await report(ordinal);
    expect({ ordinal, surprises }).toEqual({ ordinal, surprises: [] });
  }
}

describe("recorded sessions", () => {
  test.each([
    "master-only",
    "open-print-exec-close",
    "open-with-environment",
    "process",
    "manager-queries-and-logs",
    "detach-attach",
  ])("%s", async (name) => {
    const events = recording(name);
    const parts = partsOf(events);
    const set = await stage(parts);
    const replay = new Replay(set.daemon.port, normalize, isEnd);
    await replay.play(events);
    expect(replay.differences).toEqual([]);
    await expectPlayed(set, parts);
    await set.daemon.stop();
  });

  test("unix-callback", async () => {
    const events = recording("unix-callback");
    const parts = partsOfCallbacks(events);
    const node = '[[node]]\nhost = "localhost"\nworkers = 2\n';
    const set = await stage(parts, node);
    const replay = new Replay(set.daemon.port, normalize, isEnd);
    await replay.play(seenByClients(events));
    expect(replay.differences).toEqual([]);
    await expectPlayed(set, parts);
    // The recorded daemons were two, on ports of their own.
    const [workers = ""] = (await set.report("0")).answers;
    const record = (type: string, port: number, ordinal: string): string =>
      `${type}|127.0.0.1|${port}|${ordinal}|-|100|-|-|-`;
    const { port } = set.daemon;
    const nodes = ["0", "1"].map((ordinal) => record("W", 1093, ordinal));
    expect(workers).toBe(`${[record("M", port, "-"), ...nodes].join("&")}\0`);
    await set.daemon.stop();
  });

  test.each(["login-unknown-user", "login-long-unknown-user"])("%s", async (name) => {
    const { daemon } = await stage(new Map(), '[security]\nallowed_users = ["proofu"]\n');
    const replay = new Replay(daemon.port, normalize);
    await replay.play(recording(name));
    expect(replay.differences).toEqual([]);
    await daemon.stop();
  });
});
