/**
 * What ROOT's proofserv wants to know before it calls back: a file of settings, and its environment. Names
 * and values are those that an xproofd writes. Pure.
 */
import { PROOF_PROTOCOL } from "../../protocol/codes.ts";
import type { RootVersion } from "./versions.ts";

/** One proofserv of ROOT's. */
export interface RootProofserv {
  version: RootVersion;
  role: "master" | "submaster" | "worker";
  sid: number;
  ordinal: string;
  tag: string;
  topTag: string;
  user: string;
  group: string;
  /** Number and host of the client that has asked for it. */
  cid: number;
  clientHost: string;
  /** This node's name, and the port of its daemon. */
  host: string;
  port: number;
  sandbox: string;
  workDirectory: string;
  /** The daemon's socket, and the file that shows that the proofserv is alive. */
  socket: string;
  statusFile: string;
  logLevel: number;
  masterOnly: boolean;
  /** What the client gave as configuration: `workers=2`, for instance. */
  conf: string;
}

/** The settings, as lines of `Name: value`. */
export function settingsText(each: RootProofserv): string {
  const settings: [string, string | number][] = [
    ["ProofServ.XpdPort", each.port],
    ["ProofServ.PoolUrl", poolUrl(each.host)],
    ["ProofServ.SessionDir", each.workDirectory],
    ["Proof.DebugLevel", each.logLevel],
    ["ProofServ.Ordinal", each.ordinal],
    ["ProofServ.RootVersionTag", each.version.tag],
    ["ProofServ.ProofGroup", each.group],
    ["Proof.GroupFile", ""],
    ["ProofServ.Sandbox", each.sandbox],
    ["ProofServ.SessionTag", each.tag],
    ["ProofServ.TopSessionTag", each.topTag],
    ["ProofServ.AdminPath", each.statusFile],
    ["ProofServ.OpenSock", each.socket],
    ["ProofServ.Entity", `${each.user}:${each.group}@${each.clientHost}`],
    ["ProofServ.SessionID", each.sid],
    ["ProofServ.ClientID", each.cid],
    ["ProofServ.ClientVersion", PROOF_PROTOCOL],
  ];
  if (each.masterOnly) settings.push(["Proof.MasterOnly", 1]);
  else if (each.conf !== "") settings.push(["ProofServ.ProofConfFile", each.conf]);
  return settings.map(([name, value]) => `${name}: ${value}\n`).join("");
}

/** Where a node's data pool is: what PROOF tells its clients, whether or not somebody serves it. */
export function poolUrl(host: string): string {
  return `root://${host}/`;
}

/** The same with PROOF's name for its part of the pool. */
export function dataPool(host: string): string {
  return `${poolUrl(host)}/proofpool`;
}

/**
 * The environment beyond what every proofserv gets. `libraries` is the daemon's own search path, which
 * ROOT may need for what it was built with.
 */
export function rootEnvironment(
  each: Pick<RootProofserv, "version" | "host" | "user" | "sandbox">,
  client: Readonly<Record<string, string>>,
  own: { path: string; libraries: string; temporary: string },
): Record<string, string> {
  const { root, tag } = each.version;
  const join = (...places: string[]): string => places.filter((place) => place !== "").join(":");
  const names = Object.keys(client);
  return {
    LD_LIBRARY_PATH: join(`${root}/lib`, own.libraries),
    ROOTSYS: root,
    ROOTCONFDIR: root,
    ROOTBINDIR: `${root}/bin`,
    PATH: join(`${root}/bin`, own.path),
    TMPDIR: own.temporary,
    ROOTVERSIONTAG: tag,
    LOCALDATASERVER: `root://${each.host}`,
    HOME: each.sandbox,
    USER: each.user,
    LOGNAME: each.user,
    ...client,
    // ROOT's masters hand on to their workers what is named here.
    ...(names.length === 0 ? {} : { PROOF_ALLVARS: names.join(",") }),
  };
}

/** An environment as a file of lines; what would need two lines is left out. */
export function environmentText(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).filter(([, value]) => !value.includes("\n"));
  return lines.map(([name, value]) => `${name}=${value}\n`).join("");
}
