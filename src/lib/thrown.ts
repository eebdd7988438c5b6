/**
 * What user code has thrown, as its user wants to read it: the error, where in the user's code it was thrown, its
 * causes and parts. A thrown value is user code as well: nothing that looking at it throws gets out of here.
 */

/** A frame of a stack as the engine gives it. */
export interface Frame {
  /** Name of the function, "" for none. */
  name: string;
  file: string;
  line: number;
  column: number;
}

/** Says where a frame is, for people; undefined for frames that are not the user's. */
export type Locate = (frame: Frame) => string | undefined;

const MAX_DEPTH = 8;
const MAX_PARTS = 1000;
const MAX_FRAMES = 10;
/** Errors of one tree of causes and parts that are told. */
const MAX_ERRORS = 1000;
/** Characters of a stack that are looked at. */
const MAX_STACK = 64 * 1024;

/** Something thrown, with stack, causes and parts. */
export function describeThrown(thrown: unknown, locate: Locate = () => undefined): string {
  return linesOf(thrown, locate, 0, new Set()).join("\n");
}

/** An error as `name: message`, anything else as `thrown: …`. */
export function headOf(thrown: unknown): string {
  const error = asError(thrown);
  if (error === undefined) return `thrown: ${inspectSafely(thrown)}`;
  const name = read(error, "name");
  const message = read(error, "message");
  const title = typeof name === "string" && name !== "" ? name : "Error";
  const text =
    typeof message === "string"
      ? message
      : message === undefined
        ? "(its message cannot be read)"
        : inspectSafely(message);
  return text === "" ? title : `${title}: ${text}`;
}

/** The user's frames of a stack, innermost first. */
export function framesOf(thrown: unknown): Frame[] {
  const error = asError(thrown);
  const stack = error === undefined ? undefined : read(error, "stack");
  if (typeof stack !== "string") return [];
  return stack
    .slice(0, MAX_STACK)
    .split("\n")
    .flatMap((text) => {
      const match = /^\s*at (?:(.*?) \()?(?:async )?([^()]+?):(\d+):(\d+)\)?$/.exec(text);
      if (match === null) return [];
      const [, name = "", file = "", line, column] = match;
      return [
        {
          name: name === "<anonymous>" ? "" : name,
          file,
          line: Number(line),
          column: Number(column),
        },
      ];
    });
}

function linesOf(thrown: unknown, locate: Locate, depth: number, seen: Set<unknown>): string[] {
  const error = asError(thrown);
  const lines = [headOf(thrown)];
  if (error === undefined) return lines;
  if (seen.size === MAX_ERRORS) return lines;
  if (seen.has(error)) return [`${lines[0]} (again)`];
  seen.add(error);
  const places = framesOf(error).flatMap((frame) => {
    const place = locate(frame);
    return place === undefined ? [] : [`    at ${frame.name}${frame.name ? ` (${place})` : place}`];
  });
  lines.push(...places.slice(0, MAX_FRAMES));
  if (places.length > MAX_FRAMES) lines.push(`    … ${places.length - MAX_FRAMES} more`);
  if (depth === MAX_DEPTH) return lines;
  const parts = read(error, "errors");
  if (isArray(parts)) {
    const count = Number(read(parts, "length"));
    for (let i = 0; i < Math.min(count, MAX_PARTS); i++)
      lines.push(
        ...indented(`${i + 1} of ${count}: `, read(parts, String(i)), locate, depth, seen),
      );
    if (count > MAX_PARTS) lines.push(`  … ${count - MAX_PARTS} more`);
  }
  // Promise.any gives its error a cause that is none.
  const cause = has(error, "cause") ? read(error, "cause") : undefined;
  if (cause !== undefined) lines.push(...indented("caused by ", cause, locate, depth, seen));
  return lines;
}

function indented(
  label: string,
  thrown: unknown,
  locate: Locate,
  depth: number,
  seen: Set<unknown>,
): string[] {
  const [first = "", ...rest] = linesOf(thrown, locate, depth + 1, seen);
  return [`  ${label}${first}`, ...rest.map((text) => `  ${text}`)];
}

/** Anything as Bun shows it, or the reason why it cannot be shown. */
export function inspectSafely(value: unknown): string {
  try {
    return Bun.inspect(value, { colors: false, depth: 4 });
  } catch (error) {
    // What is thrown now may be like it.
    const why = error !== value && asError(error) !== undefined ? ` (${headOf(error)})` : "";
    return `a value that cannot be shown${why}`;
  }
}

function asError(thrown: unknown): object | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  try {
    return Error.isError(thrown) || thrown instanceof Error ? thrown : undefined;
  } catch {
    return undefined;
  }
}

function isArray(value: unknown): value is object {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function has(error: object, name: string): boolean {
  try {
    return name in error;
  } catch {
    return false;
  }
}

/** A property; undefined where its getter throws. */
function read(from: object, name: string): unknown {
  try {
    return Reflect.get(from, name);
  } catch {
    return undefined;
  }
}
