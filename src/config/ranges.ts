/** Host ranges of an inventory: `node[01-10,12]`, `rack[a-c]n[1-4]`. */

/** No single entry names more hosts than this: a slip like `[1-99999]` must not fill the memory. */
export const MOST_HOSTS = 4096;

/** What is wrong with a host, and how many characters into it. */
export interface HostProblem {
  readonly text: string;
  readonly offset: number;
}

/**
 * Every name that `text` stands for. Several brackets give the product, the leftmost turning slowest.
 * Numbers are padded with zeros to the width of the lower bound.
 */
export function expandRanges(text: string): readonly string[] | HostProblem {
  let names: readonly string[] = [""];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("[", at);
    const literal = text.slice(at, open === -1 ? text.length : open);
    const stray = literal.indexOf("]");
    if (stray !== -1) return { text: "] without a [ before it", offset: at + stray };
    let members: readonly string[] = [""];
    at = text.length;
    if (open !== -1) {
      const close = text.indexOf("]", open);
      if (close === -1) return { text: "[ without a ] after it", offset: open };
      const expanded = expandList(text.slice(open + 1, close), open + 1);
      if ("text" in expanded) return expanded;
      members = expanded;
      at = close + 1;
    }
    if (names.length * members.length > MOST_HOSTS) return tooMany(open);
    names = names.flatMap((name) => members.map((member) => name + literal + member));
  }
  return names;
}

/** The members of one bracket; `offset` is where its list begins in the host. */
function expandList(list: string, offset: number): string[] | HostProblem {
  const members: string[] = [];
  let at = offset;
  for (const item of list.split(",")) {
    const expanded = expandItem(item);
    if (typeof expanded === "string") return { text: expanded, offset: at };
    if (members.length + expanded.length > MOST_HOSTS) return tooMany(offset - 1);
    members.push(...expanded);
    at += item.length + 1;
  }
  return members;
}

function tooMany(offset: number): HostProblem {
  return { text: `expected at most ${MOST_HOSTS} hosts in one range`, offset };
}

/** One item: a literal, `1-4`, `01-15` or `a-f`; a string says what is wrong with it. */
function expandItem(item: string): string[] | string {
  if (/^[A-Za-z0-9_]+$/.test(item)) return [item];
  const [, low = "", high = ""] = /^([0-9]{1,9}|[A-Za-z])-([0-9]{1,9}|[A-Za-z])$/.exec(item) ?? [];
  const wrong = `bad range "${item}": expected numbers such as 01-10 or letters such as a-f`;
  if (low === "") return wrong;
  const [numeric, numericHigh] = [/\d/.test(low), /\d/.test(high)];
  if (numeric !== numericHigh) return wrong;
  const first = numeric ? Number(low) : low.charCodeAt(0);
  const last = numeric ? Number(high) : high.charCodeAt(0);
  const mixedCase = !numeric && (low === low.toLowerCase()) !== (high === high.toLowerCase());
  if (mixedCase) return wrong;
  if (last < first) return `bad range "${item}": ${high} comes before ${low}`;
  // Only as many as are needed to see that there are too many.
  const count = Math.min(last - first, MOST_HOSTS) + 1;
  return Array.from({ length: count }, (_, i) =>
    numeric ? String(first + i).padStart(low.length, "0") : String.fromCharCode(first + i),
  );
}
