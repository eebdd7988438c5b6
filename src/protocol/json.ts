/**
 * JSON from a peer. The parser itself takes any depth, but whatever walks the value afterwards
 * (writing it again, printing it) runs out of stack; so the depth is bounded before parsing.
 */
import { CheckError, type JsonObject, parseObject } from "../lib/check.ts";

/** Objects and lists inside one another at most. */
export const MAX_DEPTH = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Parses text that must hold a JSON object of bounded depth; throws CheckError. */
export function parseJson(text: string, what: string): JsonObject {
  if (mayBeDeep(text) && isDeep(text))
    throw new CheckError(`${what}: nested more than ${MAX_DEPTH} levels deep`);
  return parseObject(text, what);
}

/** Whether there are brackets enough; most texts have only a few, and are not walked through for that. */
function mayBeDeep(text: string): boolean {
  let count = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++count > MAX_DEPTH) return true;
  }
  return false;
}

/** Whether brackets outside of strings nest too deeply; tells nothing else about the text. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    // "{" and "[", "}" and "]" differ in one bit only.
    else if ((code | 0x20) === 0x7b && ++depth > MAX_DEPTH) return true;
    else if ((code | 0x20) === 0x7d) depth--;
  }
  return false;
}

/** Where the string that begins at `start` ends: the quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((at - before) % 2 === 1) return at;
  }
  return text.length;
}
