/** Taking apart what a user wrote for a shell, which never gets to see it. Pure. */

/** The words of `text`; quotes keep blanks together, a backslash keeps the next character as it is. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    if (char === "\\" && quote !== "'" && i + 1 < text.length)
      word = (word ?? "") + (text[++i] ?? "");
    else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  return word === undefined ? words : [...words, word];
}

/** Whether `name` fits `pattern`, in which `*` stands for any text and `?` for one character. */
export function fits(name: string, pattern: string): boolean {
  let [at, star, resume] = [0, -1, 0];
  let i = 0;
  while (i < name.length) {
    if (pattern[at] === "?" || (pattern[at] !== "*" && pattern[at] === name[i])) {
      at++;
      i++;
    } else if (pattern[at] === "*") {
      star = at++;
      resume = i;
    } else if (star >= 0) {
      // The last star takes one character more.
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** What the words of a grep say: letters of options that are known, and the pattern. */
export interface GrepWish {
  options: string[];
  pattern: string;
}

const GREP_LETTERS = /^-[ivncwxFEho]+$/;

/** Reads the words of a grep; a string tells what is wrong. */
export function readGrep(text: string): GrepWish | string {
  const words = wordsOf(text);
  const options: string[] = [];
  let pattern: string | undefined;
  for (const [i, word] of words.entries()) {
    if (pattern !== undefined) return `grep: unexpected "${word}": one pattern only, in quotes`;
    if (word === "-e" || word === "--") continue;
    const isPattern = !word.startsWith("-") || ["-e", "--"].includes(words[i - 1] ?? "");
    if (isPattern) pattern = word;
    else if (GREP_LETTERS.test(word)) options.push(word);
    else return `grep: the option "${word}" is not served`;
  }
  return pattern === undefined ? "grep: no pattern" : { options, pattern };
}
