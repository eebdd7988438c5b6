/**
 * Sessions that were recorded between a ROOT client, an xproofd and ROOT's proofservs, against our daemon.
 * Each answer and each push must be the recorded one, but for what is named in {@link MAY_DIFFER}.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Area, useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { recording } from "../helpers/recording.ts";
import { type Normalize, partsOf, Replay } from "../helpers/replay.ts";
import { type Report, type Step, writeStandIn } from "../helpers/stand-in-proofserv.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area: Area = useArea();

/** What may differ from the recording, and why; `from` is looked for in both. */
const MAY_DIFFER: readonly { what: RegExp; from: RegExp; to: string; why: string }[] = [
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
  parts: string;
  report: (ordinal: string) => Promise<Report>;
}

async function stage(parts: ReadonlyMap<string, Step[]>): Promise<Stage> {
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
      config: `[proofserv]\nprogram = "${program}"\n[session.env]\nSTAND_IN = "${directory}"\n`,
      env: { PROOF_SECURITY_AUTH: "none" },
    }),
  );
  const report = (ordinal: string): Promise<Report> =>
    waitFor(`the part of ${ordinal}`, () => {
      const text = readFileSync(join(directory, `${ordinal}.report.json`), "utf8");
      const found = JSON.parse(text) as Report;
      return found.isDone ? found : undefined;
    });
  return { daemon, parts: directory, report };
}

describe("recorded sessions", () => {
  test.each(["master-only", "open-print-exec-close", "open-with-environment", "process"])(
    "%s",
    async (name) => {
      const events = recording(name);
      const parts = partsOf(events);
      const { daemon, report } = await stage(parts);
      const replay = new Replay(daemon.port, normalize, (what) => what.endsWith("push 5112"));
      await replay.play(events);
      expect(replay.differences).toEqual([]);
      for (const ordinal of parts.keys()) {
        const { surprises } = await report(ordinal);
        expect({ ordinal, surprises }).toEqual({ ordinal, surprises: [] });
      }
      await daemon.stop();
    },
  );
});
