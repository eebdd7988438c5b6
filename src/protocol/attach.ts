/** Attaching to a session that is there: what our own peers add to PROOF's request. */
import { Fields } from "../lib/check.ts";
import { parseJson } from "./json.ts";
import { decodeItem, decodeItems, encodeItem, encodeItems, OUR_ITEM } from "./requests.ts";

/** Payload of an attach of ours. */
export interface AttachOptions {
  /**
   * What the daemon told the present client of the session alone: whoever shows it comes back. Without it,
   * a user takes the session over.
   */
  secret?: string | undefined;
}

export function encodeAttach(options: AttachOptions): Buffer {
  return encodeItems("", [[OUR_ITEM, encodeItem(options)]]);
}

/** Reads the payload; undefined where the caller is none of ours. Throws CheckError. */
export function decodeAttach(payload: Buffer): AttachOptions | undefined {
  const item = decodeItems(payload).items.get(OUR_ITEM);
  if (item === undefined) return undefined;
  const fields = new Fields(parseJson(decodeItem(item), "attach"), "attach");
  return { secret: fields.optionalString("secret", 128) };
}

/** The answer to a detach of ours: milliseconds until the session is ended if nobody comes, Infinity for no end. */
export function encodeDetached(wait: number): Buffer {
  return Buffer.from(JSON.stringify({ wait: Number.isFinite(wait) ? wait : undefined }));
}

/** Reads the answer; throws CheckError. */
export function decodeDetached(payload: Buffer): number {
  const fields = new Fields(parseJson(payload.toString(), "detach"), "detach");
  return fields.has("wait") ? fields.number("wait", 0) : Number.POSITIVE_INFINITY;
}
