/** What a command may ask for: a master would not understand anything else, and could not even say so. */
import { ProofError } from "../lib/errors.ts";
import { formatBytes } from "../lib/units.ts";
import { isOrdinal } from "../protocol/create.ts";
import { MAX_CODE, MAX_LINES } from "../protocol/messages.ts";

/** Bytes of a command besides its code. */
const REST = 512;

/** Throws USAGE, or TOO_LARGE for code that does not go into one message of `limit` bytes. */
export function checkCommand(request: {
  code: string;
  ordinal: string;
  lines: number;
  limit: number;
}): void {
  const { code, ordinal, lines, limit } = request;
  if (ordinal !== "" && !(typeof ordinal === "string" && isOrdinal(ordinal))) {
    throw new ProofError("USAGE", `${Bun.inspect(ordinal).slice(0, 100)} is not an ordinal`, {
      hint: "ordinals are 0 for the master, 0.0, 0.1, … for workers",
    });
  }
  if (!Number.isInteger(lines) || lines < 0 || lines > MAX_LINES)
    throw new ProofError(
      "USAGE",
      `lines is ${Bun.inspect(lines)}, but must be a whole number up to ${MAX_LINES}`,
    );
  if (code.length > MAX_CODE)
    throw tooLarge(`the code has ${code.length} characters, ${MAX_CODE} are the most`);
  const size = Buffer.byteLength(JSON.stringify(code)) + REST;
  if (size > limit)
    throw tooLarge(
      `the code takes more (${formatBytes(size)}) than a message may have: ${formatBytes(limit)} (limits.message)`,
    );
}

function tooLarge(message: string): ProofError {
  return new ProofError("TOO_LARGE", message, {
    hint: "put it into a file that the workers can read, and import that",
  });
}
