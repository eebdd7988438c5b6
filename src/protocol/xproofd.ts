/** What ROOT's own xproofd says about itself: PROOF's texts. Pure. */
import { CheckError } from "../lib/check.ts";
import { ByteReader } from "../lib/bytes.ts";
import { type SessionLine, SessionStatus } from "./listing.ts";

/** A ROOT version that it offers. */
export interface RootRelease {
  tag: string;
  release: string;
  directory: string;
  /** PROOF's protocol of its proofserv. */
  protocol: number;
  /** Whether sessions get it that ask for none in particular. */
  isDefault: boolean;
}

/** A node that it gives sessions workers on. */
export interface XproofdNode {
  role: "master" | "submaster" | "worker";
  host: string;
  port: number;
  /** Sessions that use it now. */
  sessions: number;
}

/** An xproofd, as far as it tells. */
export interface Xproofd {
  /** Version of its protocol, 1007 for ROOT 5.34. */
  protocol: number;
  /** Whose sessions these are: it tells everybody only their own. */
  user: string;
  versions: RootRelease[];
  sessions: SessionLine[];
  /** How it selects workers, and which. */
  workers: { selection: string; nodes: XproofdNode[] };
}

/** The name of a session's status. */
export function statusName(status: number): string {
  return Object.entries(SessionStatus).find(([, number]) => number === status)?.[0] ?? "unknown";
}

const VERSION = /^( {2}\* | {4})(\S+) (\S+) (\S+) (-?\d{1,6})$/;

/** The answer to QueryROOTVersions: a line each, with a star before the default; throws CheckError. */
export function readVersions(payload: Buffer): RootRelease[] {
  const lines = new ByteReader(payload).restText().split("\n", 1000);
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [, mark, tag, release, directory, protocol] = VERSION.exec(line) ?? [];
      if (tag === undefined || release === undefined || directory === undefined)
        throw new CheckError("versions: a line that is none");
      return { tag, release, directory, protocol: Number(protocol), isDefault: mark === "  * " };
    });
}

const NODE = /^([MSW]): (.+):(\d{1,5})\s+sessions: (\d{1,9})$/;
const ROLES = { M: "master", S: "submaster", W: "worker" } as const;

/** The answer to QueryWorkers: a selection, then nodes, all followed by `&`; throws CheckError. */
export function readWorkers(payload: Buffer): Xproofd["workers"] {
  const [first = "", ...rest] = new ByteReader(payload).restText().split("&", 100_000);
  const selection = /^Selection: (.*)$/.exec(first.trim())?.[1];
  if (selection === undefined) throw new CheckError("workers: no selection");
  const nodes = rest
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [, letter, host = "", port, sessions] = NODE.exec(line) ?? [];
      if (letter !== "M" && letter !== "S" && letter !== "W")
        throw new CheckError("workers: a node that is none");
      return { role: ROLES[letter], host, port: Number(port), sessions: Number(sessions) };
    });
  return { selection, nodes };
}
