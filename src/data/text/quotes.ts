/**
 * Where records begin in a text with quotes, in which a line may end inside quotes. A machine of a few
 * states that looks at each byte once.
 */

/** What a machine has to know of a text. */
export interface Quoting {
  /** The byte that separates fields. */
  separator: number;
  /** The byte that ends a line. */
  lineEnd: number;
  /** Whether a line that begins with `#` is a comment. */
  comments: boolean;
}

/**
 * The longest field with a line end inside its quotes, in bytes: a quote that was forgotten does not
 * swallow the rest of a file, and a cut is judged by what lies this near to it.
 */
export const MAX_QUOTED = 512 * 1024;

export const QUOTE = 0x22;
const HASH = 0x23;
const RETURN = 0x0d;

/** Before a record, before a field, in one, in quotes, behind a quote in quotes, in a comment. */
export const RECORD = 0;
const FIELD = 1;
const PLAIN = 2;
export const QUOTED = 3;
const BEHIND = 4;
const COMMENT = 5;

/** A walk over the bytes of a text. */
export class QuoteWalk {
  readonly #quoting: Quoting;
  place: number;
  /** Where the field in quotes begins that was met last. */
  #opened: number;
  #hasBreak = false;
  /** Where a record begins: the last one met, and the first; -1 before. */
  last = -1;
  first = -1;
  /** Whether a line has ended inside quotes. */
  hasBreaks = false;
  /** Where a record begins that has a field with line ends in quotes that is too long; -1 for none. */
  tooLong = -1;
  /** Whether the text cannot be what was assumed: text behind closing quotes, or too much inside. */
  isWrong = false;

  constructor(quoting: Quoting, place = RECORD, at = 0) {
    this.#quoting = quoting;
    this.place = place;
    this.#opened = at;
    this.#hasBreak = place === QUOTED;
  }

  /** Goes on over bytes[from, to), which begin at `base`; stops where a record begins at `until` or behind. */
  walk(bytes: Uint8Array, from: number, to: number, base: number, until: number): number {
    const { separator, lineEnd, comments } = this.#quoting;
    let { place } = this;
    let at = from;
    for (; at < to; at++) {
      const byte = bytes[at];
      if (place === QUOTED) {
        if (byte === QUOTE) place = BEHIND;
        else if (byte === lineEnd) {
          this.hasBreaks = true;
          this.#hasBreak = true;
        }
        continue;
      }
      if (place === BEHIND) {
        if (byte === QUOTE) {
          place = QUOTED;
          continue;
        }
        if (byte !== separator && byte !== lineEnd && byte !== RETURN) this.isWrong = true;
        if (this.#hasBreak) this.#checkLength(base + at);
        this.#hasBreak = false;
        place = PLAIN;
      }
      if (byte === lineEnd) {
        place = RECORD;
        this.last = base + at + 1;
        if (this.first < 0) this.first = this.last;
        if (this.last >= until) {
          at++;
          break;
        }
      } else if (place === COMMENT) continue;
      else if (byte === separator) place = FIELD;
      else if (place === PLAIN) continue;
      else if (byte === QUOTE) {
        place = QUOTED;
        this.#opened = base + at;
      } else if (byte === HASH && place === RECORD && comments) place = COMMENT;
      else place = PLAIN;
    }
    this.place = place;
    if (this.#hasBreak) this.#checkLength(base + at);
    return at;
  }

  /** A field in quotes that reaches to `at` has a line end in it. */
  #checkLength(at: number): void {
    if (at - this.#opened <= MAX_QUOTED) return;
    this.isWrong = true;
    if (this.tooLong < 0) this.tooLong = Math.max(0, this.last);
  }
}
