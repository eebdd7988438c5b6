/** Hosts of an inventory: names, ranges of names, and IP addresses with or without brackets. */
import { isIP } from "node:net";
import { expandRanges, type HostProblem } from "./ranges.ts";

/** `[protocol://][user[:password]@]host[:port]` taken apart; offsets count characters from its beginning. */
export interface HostSpec {
  readonly user: string;
  readonly host: string;
  readonly hostOffset: number;
  /** Undefined if there is none; not checked. */
  readonly port: string | undefined;
  readonly portOffset: number;
  /** Whether it begins with `proofs://`. */
  readonly tls: boolean;
  /** Parts that old files may have and that mean nothing here. */
  readonly dropped: readonly ("protocol" | "password")[];
}

/** Takes a host specification apart without judging its parts. */
export function splitHostSpec(text: string): HostSpec {
  const dropped: ("protocol" | "password")[] = [];
  const protocol = /^[A-Za-z]+:\/\//.exec(text)?.[0] ?? "";
  const tls = protocol.toLowerCase() === "proofs://";
  if (protocol !== "" && !tls) dropped.push("protocol");
  const at = text.lastIndexOf("@");
  const [user = "", ...password] = at === -1 ? [] : text.slice(protocol.length, at).split(":");
  if (password.length > 0) dropped.push("password");
  const hostOffset = at === -1 ? protocol.length : at + 1;
  const rest = text.slice(hostOffset);
  // The port's colon is the last one, behind any bracket; a name with more colons is a bare address.
  const colon = rest.indexOf(":", rest.lastIndexOf("]") + 1);
  const bare = colon === -1 || isIP(rest) === 6;
  return {
    user,
    host: bare ? rest : rest.slice(0, colon),
    hostOffset,
    port: bare ? undefined : rest.slice(colon + 1),
    portOffset: hostOffset + colon + 1,
    tls,
    dropped,
  };
}

/**
 * Every host that `text` stands for; addresses come back without brackets.
 * A bracket that holds a colon is an address, any other a range.
 */
export function expandHost(text: string): readonly string[] | HostProblem {
  if (text === "") return { text: "expected a host", offset: 0 };
  if (text.includes(":")) {
    const address = /^\[([^\]]*)\]$/.exec(text)?.[1] ?? text;
    if (isIP(address) === 6) return [address];
    return { text: `expected a host, found "${text}", which is no IPv6 address`, offset: 0 };
  }
  const names = expandRanges(text);
  if ("text" in names) return names;
  const bad = names.find((name) => !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name));
  if (bad === undefined) return names;
  return {
    text: `expected a host (letters, digits, . - _), found ${JSON.stringify(text)}`,
    offset: 0,
  };
}
