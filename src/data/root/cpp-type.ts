/** Names of C++ types, taken apart: `vector<pair<string,int> >` is a vector of pairs. */

/** A type: `vector`, with what it is of; or a class, with its whole name. */
export interface CppType {
  /** The name without `std::`, and without what is in angle brackets. */
  name: string;
  /** What is in angle brackets. */
  of: CppType[];
  /** The whole name, without `std::`, as streamers have it. */
  text: string;
  pointer: boolean;
}

/** Types in types, at most. */
const MAX_DEPTH = 16;

/** `text` as a type. */
export function parseType(text: string, depth = 0): CppType {
  const plain = text
    .replace(/\b(std|ROOT::VecOps|ROOT::Detail::VecOps)::/g, "")
    .replace(/^\s*const\s+/, "")
    .trim();
  const pointer = plain.endsWith("*");
  const bare = (pointer ? plain.slice(0, -1) : plain).trim();
  const open = bare.indexOf("<");
  if (open < 0 || !bare.endsWith(">") || depth > MAX_DEPTH) {
    return { name: bare, of: [], text: bare, pointer };
  }
  const of = split(bare.slice(open + 1, -1)).map((part) => parseType(part, depth + 1));
  return { name: bare.slice(0, open).trim(), of, text: bare, pointer };
}

/** Parts between commas that are not in brackets. */
function split(text: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "<") depth++;
    else if (text[i] === ">") depth--;
    else if (text[i] === "," && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim());
}
