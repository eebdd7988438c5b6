/** Paths as they stand in a configuration: `~`, relative ones, and the state directory. */
import { isAbsolute, join, resolve } from "node:path";

/** What a path value is resolved against. */
export interface PathBase {
  /** The home directory `~` stands for. */
  readonly home: string;
  /** Directory of relative paths: that of the file, or the current one for flags and variables. */
  readonly directory: string;
}

/** `text` as an absolute path; the empty path stays empty. Undefined for `~user`, which is not read. */
export function resolvePath(text: string, base: PathBase): string | undefined {
  if (text === "") return "";
  if (text === "~") return base.home;
  if (text.startsWith("~/")) return join(base.home, text.slice(2));
  if (text.startsWith("~")) return undefined;
  return resolve(base.directory, text);
}

/**
 * The directory a daemon keeps its call-back socket and session records in.
 * @param state value of daemon.state; wins unless it is empty
 * @param env the environment, for XDG_RUNTIME_DIR
 * @param uid user id of the daemon's account
 * @param users value of security.users: proofservs of users with accounts of their own must get there
 */
export function stateDirectory(
  state: string,
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
  users: "shared" | "system" = "shared",
): string {
  if (state !== "") return state;
  if (users === "system") return "/run/proof";
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  // The XDG specification tells programs to ignore a relative XDG_RUNTIME_DIR.
  return isAbsolute(runtime) ? join(runtime, "proof") : `/tmp/proof-${uid}`;
}
