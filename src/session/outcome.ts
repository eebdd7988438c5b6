/** What a command's value, or what it threw, is to those who asked for it. */
import { toProofError } from "../lib/errors.ts";
import { tooLarge } from "../protocol/message-size.ts";
import type { Result } from "../protocol/messages.ts";
import { encodePortable, SizeError } from "../protocol/values.ts";

/** Part of a result that depends on the command. */
export type Outcome = Partial<Result> & { attachments?: Uint8Array[] };

/** Arrays of fewer bytes are copied before they are sent; copying a large one takes as long as sending it. */
const COPY_BELOW = 256 * 1024;
/** A result's text is cut at this many characters. */
const MAX_TEXT = 1024 * 1024;
/** Bytes of a result besides its text and its value. */
const REST = 2_048;
/** Bytes that a character takes at most in JSON. */
const ESCAPED = 6;
/** Causes of causes that a text tells. */
const MAX_CAUSES = 8;

/** Runs something that looks at what user code has made. */
type Look = <T>(action: () => T) => T;

/** A value with what is told of it. */
export interface Looked {
  value: unknown;
  text: string;
  encoded: ReturnType<typeof encodePortable>;
}

/** Looks at the value of code that has worked. Throws TOO_LARGE where it takes more than `limit` bytes. */
export function lookAt(value: unknown, limit: number): Looked {
  try {
    const text = Bun.inspect(value, { colors: false, depth: 6 });
    return { value, text, encoded: encodePortable(value, limit) };
  } catch (error) {
    if (error instanceof SizeError) throw tooLarge("the value takes more", limit);
    throw error;
  }
}

/** The value of code that has worked. */
export async function outcomeOf({ value, text, encoded }: Looked, look: Look): Promise<Outcome> {
  if ("reason" in encoded)
    return { ok: true, text, unportable: encoded.reason, digest: await digest(value, look) };
  // What is on its way, maybe for long, should stay as it is, though code may go on with its arrays.
  const attachments = encoded.attachments.map((part) =>
    part.length < COPY_BELOW ? new Uint8Array(part) : part,
  );
  return { ok: true, text, value: encoded.head, attachments };
}

/** What was thrown instead. */
export async function failureOutcome(
  thrown: unknown,
  look: Look = (action) => action(),
): Promise<Outcome> {
  const { code, message: text, cause } = toProofError(thrown);
  const outcome: Outcome = { ok: false, text, code };
  if (code !== "USER_CODE") return outcome;
  try {
    const partly = look(() => toldInPart(cause));
    if (partly.length > 0) outcome.digest = await digest(partly, look);
  } catch {
    // What cannot even be looked at is like nothing else.
    outcome.digest = "";
  }
  return outcome;
}

/** Of what was thrown, its causes and parts, those that the text does not tell whole: all but errors. */
function toldInPart(thrown: unknown, depth = 0): unknown[] {
  if (!(thrown instanceof Error) || depth > MAX_CAUSES) return [thrown];
  const { cause } = thrown;
  const parts: unknown = "errors" in thrown ? thrown.errors : undefined;
  return [
    ...(cause === undefined ? [] : toldInPart(cause, depth + 1)),
    ...(Array.isArray(parts) ? parts.flatMap((part) => toldInPart(part, depth + 1)) : []),
  ];
}

/** What tells whether a value is the same as another; see {@link Result}. */
async function digest(value: unknown, look: Look): Promise<string> {
  const { digestOf } = await import("../lib/digest.ts");
  return look(() => digestOf(value)) ?? "";
}

/** The outcome with its text cut to what is sent, and with how much was left out. */
export function withTextCut(outcome: Outcome, limit: number): Outcome {
  const { text = "", value, digest } = outcome;
  const most = Math.max(0, Math.min(MAX_TEXT, Math.floor((limit - REST) / ESCAPED)));
  if (text.length <= most) return outcome;
  return {
    ...outcome,
    text: `${text.slice(0, most)}… (${text.length} characters in all)`,
    textCut: text.length - most,
    // The rest of it may differ.
    ...(value === undefined && digest === undefined
      ? { digest: new Bun.CryptoHasher("sha256").update(text).digest("hex") }
      : {}),
  };
}
