/**
 * Scripts made from user code: the text as typed travels behind the compiled script, and a position in the script
 * is traced back to where it was typed.
 */

/** Stands before the text as typed, as JSON, in the last line of a compiled script. */
const MARK = "\n//# typed ";

/** A place in code as typed; both count from 1. */
export interface Place {
  line: number;
  column: number;
}

/** A compiled script with the text that it was made from. */
export function withSource(script: string, typed: string): string {
  // JSON leaves these two as they are, and they would end the comment.
  const text = JSON.stringify(typed)
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
  return `${script}${MARK}${text}`;
}

/** The two again; `typed` is undefined where there is none. */
export function splitSource(code: string): { script: string; typed: string | undefined } {
  const at = code.lastIndexOf(MARK);
  if (at < 0) return { script: code, typed: undefined };
  try {
    const typed: unknown = JSON.parse(code.slice(at + MARK.length));
    return { script: code.slice(0, at), typed: typeof typed === "string" ? typed : undefined };
  } catch {
    return { script: code, typed: undefined };
  }
}

const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;
/** Words that are tried for one position, and places of each. */
const MAX_WORDS = 4;
const MAX_PLACES = 400;
/** Characters that are compiled at most for one word: each try compiles the code anew. */
const MAX_COMPILED = 4 * 1024 * 1024;

/**
 * Where the code at `line` and `column` of a script was typed; undefined where that is not certain. Only the
 * compiler knows what became of what, so it is asked: a word of the text as typed is the one at the position if
 * another word in its place appears there in the script.
 */
export function traceBack(typed: string, { line, column }: Place): Place | undefined {
  const transpiler = new Bun.Transpiler({ loader: "ts", replMode: true, target: "bun" });
  const script = transpiler.transformSync(typed);
  const lines = script.split("\n");
  const text = lines[line - 1];
  if (text === undefined) return undefined;
  const offset = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  // The engine points behind what went wrong: the nearest word before that, else the first one after.
  const words = [...text.matchAll(WORD)];
  const before = words.filter(({ index }) => index < column - 1).toReversed();
  const after = words.filter(({ index }) => index >= column - 1);
  for (const { 0: word, index } of [...before, ...after].slice(0, MAX_WORDS)) {
    const found = placeOf(word, offset + index, typed, script, (code) =>
      transpiler.transformSync(code),
    );
    if (found !== undefined) return placeAt(typed, found);
  }
  const found = wordBehind(offset + column - 1, typed, script, (code) =>
    transpiler.transformSync(code),
  );
  return found === undefined ? undefined : placeAt(typed, found);
}

/** Characters of a script that one word may stand for. */
const MAX_REGION = 40;

/** The offset of the word in `typed` that has become something else at `at` in the script: `undefined` is `void 0`. */
function wordBehind(
  at: number,
  typed: string,
  script: string,
  compile: (code: string) => string,
): number | undefined {
  const probe = `probe${"_".repeat(longestRun(typed) + 1)}`;
  let best: { offset: number; size: number } | undefined;
  for (const { 0: word, index } of [...typed.matchAll(WORD)].slice(0, triesFor(typed))) {
    let compiled: string;
    try {
      compiled = compile(typed.slice(0, index) + probe + typed.slice(index + word.length));
    } catch {
      continue;
    }
    let start = 0;
    while (start < script.length && script[start] === compiled[start]) start++;
    let end = 0;
    while (end < script.length - start && script.at(-1 - end) === compiled.at(-1 - end)) end++;
    const size = script.length - end - start;
    if (start > at || script.length - end < at || size > (best?.size ?? MAX_REGION)) continue;
    best = { offset: index, size };
  }
  return best?.offset;
}

/** The offset in `typed` of the word that stands at `at` in the script. */
function placeOf(
  word: string,
  at: number,
  typed: string,
  script: string,
  compile: (code: string) => string,
): number | undefined {
  const inScript = offsetsOf(word, script);
  const nth = inScript.indexOf(at);
  const probe = `probe${"_".repeat(longestRun(typed) + 1)}`;
  const ofEither = new RegExp(WORD.source, "gu");
  for (const offset of offsetsOf(word, typed).slice(0, triesFor(typed))) {
    const changed = typed.slice(0, offset) + probe + typed.slice(offset + word.length);
    let compiled: string;
    try {
      compiled = compile(changed);
    } catch {
      continue;
    }
    const either = [...compiled.matchAll(ofEither)]
      .map(([each]) => each)
      .filter((each) => each === word || each === probe);
    if (either.length === inScript.length && either[nth] === probe) return offset;
  }
  return undefined;
}

function triesFor(typed: string): number {
  return Math.min(MAX_PLACES, Math.floor(MAX_COMPILED / typed.length));
}

function offsetsOf(word: string, text: string): number[] {
  return [...text.matchAll(WORD)].flatMap(({ 0: each, index }) => (each === word ? [index] : []));
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/_+/g) ?? []).map(({ length }) => length));
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}
