/** The addresses of a host, from the system's own name service: /etc/hosts, DNS, or whatever else it is told to ask. */
import { readFileSync } from "node:fs";
import type { Deadline } from "../lib/clock.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { sanitizeLine } from "../lib/sanitize.ts";
import { descriptorShortage, wordsFor } from "../lib/system-error.ts";

/** Addresses of one host that are tried at most. */
const MOST = 8;
/** An IPv4 address as it is written in full; shorter and octal forms are the system's to read. */
const IPV4 = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/;
/** Name servers that are named in a message; the system asks no more than these either. */
const SERVERS = 3;

/**
 * Finds the addresses of `host`, in the order in which they are to be tried. An address is its own. Throws RESOLVE
 * where the name has none, TIMEOUT where no answer came in time, with `where` in the message.
 */
export async function addressesOf(
  host: string,
  where: string,
  deadline: Deadline,
): Promise<readonly string[]> {
  if (host.includes(":") || IPV4.test(host)) return [host];
  const timer = Promise.withResolvers<never>();
  const handle = setTimeout(
    () => timer.reject(unanswered(where, host, deadline.within)),
    deadline.left,
  );
  // Bun's own resolver asks DNS only. This one asks whatever the system is told to ask.
  const looking = Bun.dns.lookup(host, { backend: "libc" });
  try {
    const found = await Promise.race([looking, timer.promise]);
    const addresses = [...new Set(found.map(({ address }) => address))].slice(0, MOST);
    if (addresses.length > 0) return addresses;
  } catch (error) {
    // The loser of the race must not become an unhandled rejection.
    looking.catch(() => undefined);
    throw error instanceof ProofError ? error : failed(where, host, error);
  } finally {
    clearTimeout(handle);
  }
  throw unknown(where, host);
}

function failed(where: string, host: string, cause: unknown): ProofError {
  const shortage = descriptorShortage();
  if (shortage !== undefined) {
    const text = `${where}: the name "${host}" cannot be looked up: ${wordsFor(shortage)}`;
    return new ProofError("RESOLVE", text, { details: { system: shortage }, cause });
  }
  const code = (systemCode(cause) ?? "").replace(/^DNS_/, "");
  if (/^(ENOTFOUND|EAI_NONAME|EAI_NODATA|ENODATA)$/.test(code)) return unknown(where, host, cause);
  // EAI_AGAIN: the servers are silent, cannot be reached, or say that they failed.
  if (/^(EAI_AGAIN|ETIMEOUT|ECONNREFUSED|ESERVFAIL)$/.test(code))
    return unanswered(where, host, "", cause);
  const text = `${where}: the name "${host}" cannot be looked up (${code || "unknown reason"})`;
  return new ProofError("RESOLVE", text, { details: { system: code }, cause });
}

function unknown(where: string, host: string, cause?: unknown): ProofError {
  return new ProofError("RESOLVE", `${where}: no address found for host "${host}"`, {
    hint: "check the spelling of the host name",
    cause,
  });
}

/** There was no answer; `within` says for how long that was waited for, "" where the system has given up by itself. */
function unanswered(where: string, host: string, within: string, cause?: unknown): ProofError {
  const servers = nameServers();
  const asked =
    servers.length === 0
      ? "the name service"
      : `name server${servers.length === 1 ? "" : "s"} ${servers.join(", ")}`;
  const waited = within === "" ? "" : ` ${within}`;
  return new ProofError(
    within === "" ? "RESOLVE" : "TIMEOUT",
    `${where}: the look-up of the name "${host}" got no answer from ${asked}${waited}`,
    {
      hint: "name servers are set in /etc/resolv.conf; a name in /etc/hosts, or an address in its place, needs none",
      details: { phase: "tcp", nameServers: servers },
      cause,
    },
  );
}

/** The name servers of this machine, as far as they are known. */
function nameServers(): string[] {
  try {
    const text = readFileSync("/etc/resolv.conf", "utf8").slice(0, 64 * 1024);
    return [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)]
      .map((found) => sanitizeLine(found[1] ?? "").slice(0, 64))
      .slice(0, SERVERS);
  } catch {
    return [];
  }
}
