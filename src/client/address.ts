/** Where a master is: `[proof://][user@]host[:port]`. */
import { accountName } from "../lib/account.ts";
import { ProofError } from "../lib/errors.ts";

/** PROOF's port. */
export const DEFAULT_PORT = 1093;

/** A master's address, taken apart. */
export interface MasterAddress {
  user: string;
  host: string;
  port: number;
}

const FORM =
  /^(?:proof:\/\/)?(?:([^@\s/]+)@)?(\[[0-9A-Fa-f:.%]+\]|[^:@\s/[\]]+)(?::(\d{1,5}))?\/?$/;

/** Reads an address; a bare IPv6 address is one too. Throws USAGE. */
export function parseAddress(text: string, defaultPort = DEFAULT_PORT): MasterAddress {
  const bare = /^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(text);
  const match = FORM.exec(bare ? `[${text}]` : text);
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  const host = (match?.[2] ?? "").replaceAll(/[[\]]/g, "");
  if (match === null || host === "" || port < 1 || port > 65_535) {
    throw new ProofError("USAGE", `"${text}" is not an address`, {
      hint: "give [user@]host[:port], for example: alice@master.example.org:1093",
    });
  }
  return { user: match[1] ?? accountName(), host, port };
}
