/** Rules for single strings that their type alone does not express. */
import { isIP } from "node:net";
import { isRefusedVariable, isVariableName, REFUSED_PREFIXES } from "../lib/environment.ts";

const REFUSED_TEXT = `names beginning with ${REFUSED_PREFIXES.join(", ")} make a proofserv load other code`;

/** Whether `text` holds a control character (C0 or DEL). */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}

/** What is wrong with the name of a `session.env` variable, if anything. */
export function checkVariable(name: string): string | undefined {
  if (!isVariableName(name)) return "expected a variable name (letters, digits and _)";
  return isRefusedVariable(name) ? `expected another variable: ${REFUSED_TEXT}` : undefined;
}

/** What is wrong with a `session.pass_env` pattern, if anything. */
export function checkPattern(pattern: string): string | undefined {
  const open = pattern.endsWith("*");
  const name = open ? pattern.slice(0, -1) : pattern;
  if (!isVariableName(name) && !(open && name === "")) {
    return "expected a variable name, or its beginning and a *";
  }
  // `L*` would let LD_PRELOAD through as surely as `LD_*` does.
  const wide = open && REFUSED_PREFIXES.some((prefix) => prefix.startsWith(name));
  return wide || isRefusedVariable(name) ? `expected a narrower name: ${REFUSED_TEXT}` : undefined;
}

/** What is wrong with the name of a ROOT version, if anything: `proof` is our own. */
export function checkTag(text: string): string | undefined {
  if (text === "proof")
    return 'expected another name than "proof", which is the built-in proofserv';
  return /^[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$/.test(text)
    ? undefined
    : "expected a short name (letters, digits, . _ + -)";
}

/** What is wrong with a peer address, if anything. */
export function checkAddress(text: string): string | undefined {
  return isIP(text) === 0 ? "expected an IPv4 or IPv6 address" : undefined;
}

/** What is wrong with an address to listen on, if anything. */
export function checkListenHost(text: string): string | undefined {
  if (isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9._-]*)$/.test(text)) return undefined;
  return "expected a host name or an IP address without brackets";
}

/** What is wrong with an entry of a list of users, if anything: a name, or `@` and the name of a group. */
export function checkMember(text: string): string | undefined {
  if (/^@?[A-Za-z0-9_][A-Za-z0-9_.@$-]{0,63}$/.test(text)) return undefined;
  return "expected the name of a user, or @ and the name of a group";
}

/**
 * What is wrong with a field of an inventory entry, if anything. `|` and `&` separate fields and entries
 * in the list that a proofserv is sent, and that list has no escape for them.
 */
export function checkField(text: string): string | undefined {
  if (text.includes("|") || text.includes("&")) return "expected no | or &";
  return hasControl(text) ? "expected no control characters" : undefined;
}

/** What is wrong with the user name of an inventory entry, if anything. The empty name is fine. */
export function checkUser(text: string): string | undefined {
  if (text === "" || /^[A-Za-z0-9_.][A-Za-z0-9_.$-]*$/.test(text)) return undefined;
  return "expected a user name (letters, digits, _ . - $)";
}
