/** The name of this host, and what of it stands in names of files and tags. */
import { hostname } from "node:os";

/** This host's name as the system has it, `localhost` if it has none. */
export function hostName(): string {
  return hostname() || "localhost";
}

/** The host's name without its domain, fit for file names: letters, digits, `-` and `_`, not beginning with `-`. */
export function shortHost(name: string = hostName()): string {
  const short = (name.split(".")[0] ?? "").replace(/[^A-Za-z0-9_-]/g, "_").replace(/^-/, "_");
  return short || "localhost";
}

/**
 * The same in at most `most` characters: of a longer name the beginning, and eight hexadecimal digits that
 * tell it from others that begin so.
 */
export function boundedHost(most: number, name: string = shortHost()): string {
  if (name.length <= most) return name;
  const digits = new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, most - digits.length - 1)}-${digits}`;
}
