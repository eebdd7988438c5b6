/**
 * The options in front of a key in authorized_keys. What restricts a key in ways that make no sense here
 * (one command only, certificates) makes it unusable here: no key may do more with us than with sshd.
 */
import { BlockList, isIP, isIPv6 } from "node:net";

/** Options that only concern what a session of ours does not have. */
const HARMLESS = new Set([
  "agent-forwarding",
  "environment",
  "no-agent-forwarding",
  "no-port-forwarding",
  "no-pty",
  "no-user-rc",
  "no-x11-forwarding",
  "permitlisten",
  "permitopen",
  "port-forwarding",
  "pty",
  "tunnel",
  "user-rc",
  "x11-forwarding",
]);

/** Options in front of a key, and the rest of its line. */
export interface KeyLine {
  options: [name: string, value: string][];
  key: string;
}

const KEY_TYPE = /^(ssh-|ecdsa-|sk-)\S+[ \t]/;
/** A name, and perhaps a value in quotes in which \" stands for a quote. */
const OPTION = /^([A-Za-z0-9-]+)(?:="((?:[^"\\]|\\.)*)")?/;

/** Takes a line apart; undefined for comments, empty lines and what is no such line. */
export function readKeyLine(line: string): KeyLine | undefined {
  let rest = line.trim();
  if (rest === "" || rest.startsWith("#")) return undefined;
  const options: KeyLine["options"] = [];
  while (!KEY_TYPE.test(rest)) {
    const match = OPTION.exec(rest);
    if (match === null) return undefined;
    const [all, name = "", value = ""] = match;
    options.push([name.toLowerCase(), value.replaceAll('\\"', '"')]);
    rest = rest.slice(all.length);
    if (rest.startsWith(",")) {
      rest = rest.slice(1);
      if (KEY_TYPE.test(rest)) return undefined;
    } else if (/^[ \t]/.test(rest)) {
      rest = rest.trimStart();
      if (!KEY_TYPE.test(rest)) return undefined;
    } else return undefined;
  }
  return { options, key: rest };
}

/** Why a key with these options may not be used from `address` at `now`; undefined if it may. */
export function refuseOptions(
  options: KeyLine["options"],
  address: string,
  now: Date,
): string | undefined {
  for (const [name, value] of options) {
    if (HARMLESS.has(name)) continue;
    if (name === "from") {
      if (!matchesFrom(value, address)) return `is not for ${address} (from="${value}")`;
    } else if (name === "expiry-time") {
      const expiry = readTime(value);
      if (expiry === undefined || expiry <= now) return `has expired (expiry-time="${value}")`;
    } else return `has the option ${name}, with which it cannot be used here`;
  }
  return undefined;
}

/**
 * Whether `address` matches a list of patterns as sshd reads them. Addresses are not looked up backwards:
 * a host name matches nobody, and what it is to keep out it keeps out entirely.
 */
function matchesFrom(list: string, address: string): boolean {
  let matches = false;
  for (const item of list.split(",").map((text) => text.trim())) {
    const negated = item.startsWith("!");
    const pattern = negated ? item.slice(1) : item;
    const isAddress = isIP(pattern.split("/")[0] ?? "") !== 0 || /^[0-9A-Fa-f.:*?]+$/.test(pattern);
    if (negated && (!isAddress || matchesPattern(pattern, address))) return false;
    if (!negated && isAddress && matchesPattern(pattern, address)) matches = true;
  }
  return matches;
}

function matchesPattern(pattern: string, address: string): boolean {
  const [base = "", bits] = pattern.split("/");
  if (bits === undefined) return matchesGlob(pattern.toLowerCase(), address.toLowerCase());
  const family = (text: string) => (isIPv6(text) ? "ipv6" : "ipv4");
  const [width, most] = [Number(bits), isIPv6(base) ? 128 : 32];
  if (isIP(base) === 0 || !/^\d{1,3}$/.test(bits) || width > most) return false;
  const block = new BlockList();
  block.addSubnet(base, width, family(base));
  return block.check(address, family(address));
}

/** Whether `text` matches a pattern with * and ?, in time that whoever wrote the pattern cannot stretch. */
function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (next < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      resume = next;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[next])) {
      at++;
      next++;
    } else if (star >= 0) {
      // The last star takes one character more.
      at = star + 1;
      next = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** `YYYYMMDD[HHMM[SS]][Z]`, in local time without the Z. */
function readTime(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00", zone] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
