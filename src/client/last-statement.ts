/** Whether code ends in a declaration, as the compiler reads it. */

/** How a declaration begins, as the compiler prints it; `import(…)` and `import.meta` are expressions. */
const DECLARES =
  /^(?:const|let|var|class|function|async function|using|await using|export|import(?!\s*[(.]))\b/;

/** What an enum or a namespace is printed as: a function that fills an object. */
const FILLS = /^\(\((\w+)\) => [\s\S]*\)\(\1 \|\|= \{\}\);\s*$/;

/** Lines from the end at which the last statement may begin; code beyond is taken for an expression. */
const MAX_TRIES = 100;

let printer: Bun.Transpiler | undefined;

/**
 * Whether the last statement of TypeScript declares something. The compiler prints every statement on lines of
 * its own, from the first column on: the last one begins at the last such line that divides the text into two
 * that both parse.
 */
export function endsInDeclaration(code: string): boolean {
  printer ??= new Bun.Transpiler({
    loader: "ts",
    target: "bun",
    deadCodeElimination: false,
    trimUnusedImports: false,
  });
  const transpiler = printer;
  const print = (text: string): string | undefined => {
    try {
      return transpiler.transformSync(text);
    } catch {
      return undefined;
    }
  };
  const printed = print(code)?.trimEnd();
  // What only a prompt takes, such as `{a: 1, b: 2}`, is an expression.
  if (printed === undefined) return false;
  let tries = 0;
  for (let at = printed.length; at > 0 && tries < MAX_TRIES;) {
    at = printed.lastIndexOf("\n", at - 1) + 1;
    if (at > 0 && /[\s})\]]/.test(printed[at] ?? "")) {
      at--;
      continue;
    }
    tries++;
    const last = printed.slice(at);
    if (at === 0 || (print(printed.slice(0, at)) !== undefined && print(last) !== undefined))
      return DECLARES.test(last) || FILLS.test(last);
    at--;
  }
  return false;
}
