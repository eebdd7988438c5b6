/**
 * Which proofserv a session of a ROOT client gets: one of the ROOT installations that the configuration
 * names (PROOF's `xpd.rootsys`), or our own.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/schema.ts";
import { PROOF_PROTOCOL } from "../../protocol/codes.ts";

/** A ROOT installation. */
export interface RootVersion {
  tag: string;
  /** Its directory: ROOTSYS. */
  root: string;
  /** Its proofserv. */
  program: string;
}

/** Tag of our own proofserv in the list. */
export const OWN_TAG = "proof";

/** All installations; the first is what a session gets that asks for none in particular. */
export function rootVersions({ proofserv }: Config): RootVersion[] {
  const { program, root, tag, versions } = proofserv;
  const named = Object.entries(versions).map(([name, directory]) => ({
    tag: name,
    root: directory,
    program: join(directory, "bin", "proofserv"),
  }));
  if (program === "") return named;
  return [{ tag, root: root === "" ? join(program, "..", "..") : root, program }, ...named];
}

/**
 * The installation for somebody who has chosen `tag`; undefined for our own proofserv. A choice that is no
 * longer there counts as none.
 */
export function rootVersionFor(config: Config, tag: string | undefined): RootVersion | undefined {
  const all = rootVersions(config);
  return tag === OWN_TAG ? undefined : (all.find((version) => version.tag === tag) ?? all[0]);
}

/** Whether there is a version `tag` to be chosen. */
export function isKnownVersion(config: Config, tag: string): boolean {
  return tag === OWN_TAG || rootVersions(config).some((version) => version.tag === tag);
}

/** The list that ShowROOTVersions shows: a star before the one that is used, then tag, release, place, protocol. */
export function describeVersions(config: Config, chosen: string | undefined, own: string): string {
  const used = rootVersionFor(config, chosen)?.tag ?? OWN_TAG;
  const line = (tag: string, release: string, place: string): string =>
    `${tag === used ? "  * " : "    "}${tag} ${release} ${place} ${PROOF_PROTOCOL}\n`;
  const lines = rootVersions(config).map(({ tag, root }) => line(tag, releaseOf(root), root));
  return [...lines, line(OWN_TAG, own, process.execPath)].join("");
}

/** The release that an installation says it is, such as 5.34/30. */
function releaseOf(root: string): string {
  try {
    const text = readFileSync(join(root, "include", "RVersion.h"), "utf8");
    return /^#define ROOT_RELEASE "([^"\s]{1,32})"/m.exec(text)?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
