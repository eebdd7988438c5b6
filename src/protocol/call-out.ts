/**
 * Call-outs: a master that may not read its node's TLS key has its daemon connect it to the daemons of its
 * workers. It logs in on a connection of its own, like a call-back, with this item; after the answer the
 * connection leads to the other daemon.
 */
import { Fields } from "../lib/check.ts";
import { parseJson } from "./json.ts";
import { decodeItem, encodeItem } from "./requests.ts";

/** Name of the item that says where to, in the login of a call-out. */
export const CALL_OUT_ITEM = "callout";

/** Where a call-out leads to, as the list of workers has it. */
export interface CallOut {
  host: string;
  port: number;
}

export function encodeCallOut({ host, port }: CallOut): string {
  return encodeItem({ host, port });
}

/** Reads the item; throws CheckError. */
export function decodeCallOut(item: string): CallOut {
  const fields = new Fields(parseJson(decodeItem(item), "call-out"), "call-out");
  return { host: fields.string("host", 256), port: fields.integer("port", 1, 65_535) };
}

/** The answer: the IP address that has been reached. */
export function encodeReached(address: string): Buffer {
  return Buffer.from(JSON.stringify({ address }));
}

/** Reads the answer; throws CheckError. */
export function decodeReached(payload: Buffer): string {
  return new Fields(parseJson(payload.toString(), "call-out"), "call-out").string("address", 64);
}
