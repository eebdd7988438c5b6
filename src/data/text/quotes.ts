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
export type Place = "record" | "field" | "plain" | "quoted" | "quote" | "comment";

/** A walk over the bytes of a text. */
export class QuoteWalk {
  readonly #quoting: Quoting;
  place: Place;
  /** Where the field in quotes begins that was met last. */
  #opened: number;
  #hasBreak = false;
  /** Where a record begins: the last one met, and the first; -1 before. */
  last = -1;
  first = -1;
  /** Whether a line has ended inside quotes. */
  hasBreaks = false;
  /** Whether the text cannot be what was assumed: text behind closing quotes, or too much inside. */
  isWrong = false;

  constructor(quoting: Quoting, place: Place = "record", at = 0) {
    this.#quoting = quoting;
    this.place = place;
    this.#opened = at;
    this.#hasBreak = place === "quoted";
  }

  /** Goes on over bytes[from, to), which begin at `base`; stops where a record begins at `until` or behind. */
  walk(bytes: Uint8Array, from: number, to: number, base: number, until: number): number {
    const { separator, lineEnd, comments } = this.#quoting;
    let { place } = this;
    let at = from;
    for (; at < to; at++) {
      const byte = bytes[at];
      if (place === "quoted") {
        if (byte === QUOTE) place = "quote";
        else if (byte === lineEnd) {
          this.hasBreaks = true;
          this.#hasBreak = true;
        }
        continue;
      }
      if (place === "quote") {
        if (byte === QUOTE) {
          place = "quoted";
          continue;
        }
        if (byte !== separator && byte !== lineEnd && byte !== RETURN) this.isWrong = true;
        if (this.#hasBreak && base + at - this.#opened > MAX_QUOTED) this.isWrong = true;
        this.#hasBreak = false;
        place = "plain";
      }
      if (byte === lineEnd) {
        place = "record";
        this.last = base + at + 1;
        if (this.first < 0) this.first = this.last;
        if (this.last >= until) {
          at++;
          break;
        }
      } else if (place === "comment") continue;
      else if (byte === separator) place = "field";
      else if (place === "plain") continue;
      else if (byte === QUOTE) {
        place = "quoted";
        this.#opened = base + at;
      } else if (byte === HASH && place === "record" && comments) place = "comment";
      else place = "plain";
    }
    this.place = place;
    if (this.isTooLong(base + at)) this.isWrong = true;
    return at;
  }

  /** Whether a field that is open at `at` has a line end inside its quotes and is too long for that. */
  isTooLong(at: number): boolean {
    return this.isInside && this.#hasBreak && at - this.#opened > MAX_QUOTED;
  }

  get isInside(): boolean {
    return this.place === "quoted" || this.place === "quote";
  }
}
