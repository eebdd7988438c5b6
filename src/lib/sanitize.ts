/**
 * Makes text from elsewhere harmless for a terminal and for a log.
 *
 * Host names, log lines and error messages come from remote peers. A control character or an escape
 * sequence in them could move the cursor, rename the window or fake a log line, so each becomes visible
 * as an escape. Nothing is dropped: what the peer sent can still be read.
 */

/*
 * \p{Cc}: C0 (tab and newline excepted), DEL and C1 (0x9b opens an escape sequence on its own). The rest:
 * the bidirectional marks and overrides (they reorder what is already on screen), the Unicode line ends.
 */
const UNSAFE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** `\x1b` for a byte-sized code, `\u202e` for a larger one. */
function escape(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
}

/** `text` with every control character but newline and tab written out (ESC as `\x1b`). */
export function sanitize(text: string): string {
  return text.replace(UNSAFE, escape);
}

/** Like {@link sanitize}, and on one line: newline and tab become `\n` and `\t` too. */
export function sanitizeLine(text: string): string {
  return sanitize(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/**
 * The same for a JSON document already in text form: what JSON.stringify leaves as it is (DEL, C1, the
 * bidirectional marks) becomes a `\u` escape, so that a parser still reads the exact value.
 */
export function sanitizeJson(json: string): string {
  return json.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
