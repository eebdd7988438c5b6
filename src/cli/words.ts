/**
 * Words of a line at the prompt, as a shell reads them: quotes and backslashes hold together what has
 * blanks in it. Nothing else has a meaning: `*` is for the workers.
 */
import { ProofError } from "../lib/errors.ts";

/** A word: runs of anything but blanks, of quoted text (the last may lack its end), and of escaped letters. */
const WORD = /(?:\\[\s\S]|'[^']*(?:'|$)|"(?:\\[\s\S]|[^"\\])*(?:"|\\?$)|[^\s\\'"]|\\$)+/g;

/** Parts of a word that mean something else than they say. */
const PARTS = /\\([\s\S])|'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|(['"\\])/g;

/** The words of a line as they are written, quotes included. */
export function wordsOf(line: string): string[] {
  return line.match(WORD) ?? [];
}

/** What a word stands for. Throws USAGE for quotes that don't close. */
export function unquote(word: string): string {
  return plain(word, () => {
    throw new ProofError("USAGE", `${word}: quotes that don't close`, {
      hint: "write a quote as \\' or \\\"",
    });
  });
}

/** What a word that is being written stands for so far. */
export function unquoteBegun(word: string): string {
  return plain(word, () => "");
}

function plain(word: string, stray: () => string): string {
  return word.replace(
    PARTS,
    (_, escaped?: string, single?: string, double?: string) =>
      escaped ?? single ?? double?.replace(/\\(["\\])/g, "$1") ?? stray(),
  );
}

/** `text` as a word that begins like `begun`, with the same quote if there is one; `isWhole` closes it. */
export function quoteLike(text: string, begun: string, isWhole: boolean): string {
  const quote = /^['"]/.exec(begun)?.[0] ?? "";
  if (quote === "") return text.replace(/[\s\\'"]/g, "\\$&");
  const inside = quote === "'" ? text : text.replace(/["\\]/g, "\\$&");
  return `${quote}${inside}${isWhole ? quote : ""}`;
}
