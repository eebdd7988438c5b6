/** Ending sessions from outside: the request and its answer, both JSON. */
import { CheckError, Fields } from "../lib/check.ts";
import { parseJson } from "./json.ts";

/** Which sessions to end: one by its tag, or all of the caller's own. */
export type CloseRequest = { tag: string } | "all";

/** Tags in an answer at most. */
const MAX_TAGS = 32_768;

export function encodeClose(request: CloseRequest): Buffer {
  return Buffer.from(JSON.stringify(request === "all" ? { all: true } : request));
}

/** Reads a request; throws CheckError. */
export function decodeClose(payload: Buffer): CloseRequest {
  const fields = new Fields(parseJson(payload.toString(), "close"), "close");
  return fields.has("all") && fields.boolean("all") ? "all" : { tag: fields.string("tag", 256) };
}

export function encodeClosed(tags: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify({ closed: tags }));
}

/** The tags of the sessions that were ended; throws CheckError. */
export function decodeClosed(payload: Buffer): string[] {
  const fields = new Fields(parseJson(payload.toString(), "closed"), "closed");
  return fields.list("closed", MAX_TAGS, (item, what) => {
    if (typeof item !== "string") throw new CheckError(`${what}: not a string`);
    return item.slice(0, 256);
  });
}
