/** Where a master is: `[proof[s]://][user@]host[:port]`. */
import { accountName } from "../lib/account.ts";
import { ProofError } from "../lib/errors.ts";

/** PROOF's port. */
export const DEFAULT_PORT = 1093;

/** A master's address, taken apart. */
export interface MasterAddress {
  user: string;
  host: string;
  port: number;
  /** Whether it says proofs:// (TLS) or proof:// (none); undefined where it says neither. */
  tls: boolean | undefined;
}

const FORM =
  /^(?:(proofs?):\/\/)?(?:([^@\s/]+)@)?(\[[0-9A-Fa-f:.%]+\]|[^:@\s/[\]]+)(?::(\d{1,5}))?\/?$/;

/** Reads an address; a bare IPv6 address is one too. Throws USAGE. */
export function parseAddress(text: string, defaultPort = DEFAULT_PORT): MasterAddress {
  const bare = /^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(text);
  const match = FORM.exec(bare ? `[${text}]` : text);
  const port = match?.[4] === undefined ? defaultPort : Number(match[4]);
  const host = (match?.[3] ?? "").replaceAll(/[[\]]/g, "");
  if (match === null || host === "" || port < 1 || port > 65_535) {
    throw new ProofError("USAGE", `"${text}" is not an address`, {
      hint: "give [user@]host[:port], for example: alice@master.example.org:1093, with proofs:// before it for TLS",
    });
  }
  const tls = match[1] === undefined ? undefined : match[1] === "proofs";
  return { user: match[2] ?? accountName(), host, port, tls };
}
