/** Mistakes in a configuration or inventory file, collected so that one run shows them all. */
import { ProofError, type ErrorCode } from "../lib/errors.ts";

/** How many further problems an error carries: enough to mend a file, not enough to flood a log. */
const MOST_SHOWN = 50;

/** A place in a text; line and column count from 1, columns in UTF-16 units as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One mistake and its place. */
export interface Problem extends Position {
  readonly code: ErrorCode;
  /** What was expected and what was found, without the place. */
  readonly text: string;
}

/** `FILE:LINE:COLUMN`, which editors and terminals make into a link. */
export function placeOf(file: string, position: Position): string {
  return `${file}:${position.line}:${position.column}`;
}

/**
 * Throws the first problem in file order as a ProofError; the others are in `details.more`.
 * Returns if there is none.
 */
export function throwProblems(file: string, problems: readonly Problem[], hint?: string): void {
  const inOrder = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const [first, ...others] = inOrder;
  if (first === undefined) return;
  const more = others.slice(0, MOST_SHOWN).map((p) => `${placeOf(file, p)}: ${p.text}`);
  throw new ProofError(first.code, `${placeOf(file, first)}: ${first.text}`, {
    hint,
    details: {
      file,
      line: first.line,
      column: first.column,
      ...(more.length === 0 ? {} : { more }),
    },
  });
}
