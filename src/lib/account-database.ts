/**
 * The accounts of this machine: those of its own files, then whatever else the system asks (LDAP and the
 * like), through getent and id.
 */
import { readFileSync } from "node:fs";
import type { AccountIds } from "./privileges.ts";
import { capture } from "./process.ts";

/** An account. */
export interface Account extends AccountIds {
  readonly home: string;
}

/** The account `name`, exactly so; undefined if there is none. Waits for the system if its files have none. */
export function findAccount(name: string): Account | undefined {
  return findLocalAccount(name) ?? lookUp(name, capture(["getent", "passwd", name]));
}

/** The account `name` if this machine's own files have it. */
export function findLocalAccount(name: string): Account | undefined {
  return lookUp(name, read("/etc/passwd"));
}

function lookUp(name: string, lines: string | undefined): Account | undefined {
  for (const line of lines?.split("\n") ?? []) {
    const [known, , uid = "", gid = "", , home = ""] = line.split(":");
    // getent takes a number for a name: only an answer about this very name counts.
    if (known !== name || !/^\d+$/.test(uid) || !/^\d+$/.test(gid) || !home.startsWith("/"))
      continue;
    return { name, uid: Number(uid), gid: Number(gid), home };
  }
  return undefined;
}

/** The names of all groups of the account `name`; none if there is no such account. */
export function groupsOf(name: string): string[] {
  return (capture(["id", "-Gnz", "--", name]) ?? "").split("\0").filter((group) => group !== "");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
