/**
 * Starting ROOT's proofserv. Its session is named after its pid, and it reads files below that name as
 * soon as it runs: a shell waits in its place until they are written, and then becomes it.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { environmentText, rootEnvironment, type RootProofserv, settingsText } from "./files.ts";

/** What is known of a proofserv of ROOT's before it has a pid. */
export type RootPlan = Omit<
  RootProofserv,
  "tag" | "topTag" | "sandbox" | "workDirectory" | "statusFile"
> & {
  /** Directory of the files that show who is alive. */
  stateDirectory: string;
};

/** Reads the path that its files have in common, without their endings. */
const WAIT =
  'IFS= read -r stem && cd "${stem%/*}" && ROOTRCFILE=$stem.rootrc && ROOTPROOFLOGFILE=$stem.log && export ROOTRCFILE ROOTPROOFLOGFILE && exec "$0" "$@" </dev/null';

/** The command line; `stem` is to be written to its standard input once all is ready. */
export function rootCommand({ version, role, logLevel }: RootPlan): string[] {
  const name = role === "worker" ? "proofslave" : "proofserv";
  // Not `xpdpath:`: an xproofd on this host would take it for a leftover of its own.
  const whose = `proof:${process.pid}`;
  return ["/bin/sh", "-c", WAIT, version.program, name, "xpd", whose, String(logLevel)];
}

/** The environment for {@link rootCommand}. */
export function rootVariables(
  plan: RootPlan,
  sandbox: string,
  client: Readonly<Record<string, string>>,
  daemon: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return rootEnvironment({ ...plan, sandbox }, client, {
    path: daemon["PATH"] ?? "/usr/bin:/bin",
    libraries: daemon["LD_LIBRARY_PATH"] ?? "",
    temporary: tmpdir(),
  });
}

/** Where a proofserv of ROOT's is at home. */
export interface RootPlaces {
  tag: string;
  topTag: string;
  pid: number;
  sandbox: string;
  workDirectory: string;
  logPath: string;
}

/** Writes its files; returns the line that lets it begin, and the file that shows that it is alive. */
export function writeRootFiles(
  plan: RootPlan,
  places: RootPlaces,
  environment: Readonly<Record<string, string>>,
): { line: string; statusFile: string } {
  const { tag, topTag, pid, sandbox, workDirectory, logPath } = places;
  const stem = logPath.replace(/\.log$/, "");
  const alive = join(plan.stateDirectory, "activesessions");
  mkdirSync(alive, { recursive: true, mode: 0o700 });
  const statusFile = join(alive, `${plan.user}.${plan.group}.${pid}.status`);
  writeFileSync(statusFile, "0", { mode: 0o600 });
  const settings = settingsText({ ...plan, tag, topTag, sandbox, workDirectory, statusFile });
  writeFileSync(`${stem}.rootrc`, settings, { mode: 0o600 });
  const files = { ROOTRCFILE: `${stem}.rootrc`, ROOTPROOFLOGFILE: logPath };
  writeFileSync(`${stem}.env`, environmentText({ ...environment, ...files }), { mode: 0o600 });
  const current = join(dirname(stem), "session.rootrc");
  rmSync(current, { force: true });
  symlinkSync(`${stem}.rootrc`, current);
  return { line: `${stem}\n`, statusFile };
}
