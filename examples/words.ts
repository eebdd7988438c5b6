/**
 * Counts the words of a text: NDJSON, one object with a `text` on each line. A branch of strings.
 *
 *   proof open localhost --process examples/words.ts examples/words.ndjson --input shortest=4
 */
import { type Counter, counter, type Counts, countBy, defineSelector, type H1, h1 } from "proof";

/** Columns of the text. */
interface Line {
  text: string;
}

interface Out {
  lines: Counter;
  words: Counts;
  length: H1;
}

/** Parameters: letters that a word has at least, to be counted. */
const inputs = { shortest: 1 };

let { shortest } = inputs;

export default defineSelector<Line, Out, typeof inputs>({
  inputs,
  branches: ["text"],
  workerBegin(out, input) {
    ({ shortest } = input);
    out.lines = counter();
    out.words = countBy();
    out.length = h1("length", "Length of words;letters;words", 12, 0.5, 12.5);
  },
  process({ text }, out) {
    out.lines.fill();
    for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) {
      if (word.length < shortest) continue;
      out.words.fill(word);
      out.length.fill(word.length);
    }
  },
});
