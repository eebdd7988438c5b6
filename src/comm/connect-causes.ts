/** Why a connection was not made, in words. */
import { wordsFor } from "../lib/system-error.ts";
import type { Finding, Icmp } from "./connect-probe.ts";

/** Why one address was not reached. */
export interface Cause {
  /** The system's name for it, "TIMEOUT" where a deadline of ours has passed. */
  code: string;
  reason: string;
  hint?: string | undefined;
}

const START = "is a proof daemon running there? start one with: proof daemon";
const DOWN = "the host may be down, or a firewall may reject the connection";

const CAUSES: Readonly<Record<string, { reason: string; hint?: string }>> = {
  ECONNREFUSED: { reason: "connection refused: nothing listens there", hint: START },
  EHOSTUNREACH: { reason: "no route to the host", hint: DOWN },
  EHOSTDOWN: { reason: "no route to the host", hint: DOWN },
  ENETUNREACH: {
    reason: "the network is unreachable",
    hint: "no route leads from this machine to that address; see: ip route get ADDRESS",
  },
  ENETDOWN: { reason: "the network of this machine is down" },
  ETIMEDOUT: { reason: "no answer from the host", hint: DOWN },
  ECONNRESET: { reason: "connection reset by the peer" },
  EACCES: {
    reason: "this machine does not allow the connection (EACCES)",
    hint: "a route of type prohibit, a rule of this machine's firewall or its security module forbids it",
  },
  EPERM: {
    reason: "this machine does not allow the connection (EPERM)",
    hint: "a rule of this machine's firewall or its security module forbids it",
  },
  EINVAL: {
    reason: "this machine refuses to send to that address (EINVAL)",
    hint: "a route of type blackhole leads there (see: ip route get ADDRESS), or it is a link-local address",
  },
  EADDRNOTAVAIL: {
    reason: "no local address or port is free for the connection (EADDRNOTAVAIL)",
    hint: "this machine has too many connections to that address, or no address of that kind",
  },
  EAFNOSUPPORT: { reason: "this machine has no addresses of that kind (EAFNOSUPPORT)" },
  EAGAIN: { reason: "too many connections wait there to be accepted" },
};

/** What the code of a system's error means for a connection. */
export function causeOf(code: string): Cause {
  const known = Object.hasOwn(CAUSES, code) ? CAUSES[code] : undefined;
  if (known !== undefined) return { code, ...known };
  const words = wordsFor(code);
  const reason =
    words === undefined
      ? `connection failed${code === "" ? "" : ` (${code})`}`
      : `no connection: ${words}`;
  return { code, reason };
}

/** The same for a UNIX socket. */
export function causeOfPath(code: string): Cause {
  if (code === "ENOENT") return { code, reason: "no such socket" };
  if (code === "EACCES") return { code, reason: "permission denied" };
  return causeOf(code);
}

/** Why a connection failed that Bun calls refused, from what the system says when asked again. */
export function causeFound(finding: Finding | undefined): Cause {
  if (finding === undefined || finding.code === "")
    return { code: "ECONNREFUSED", reason: "connection refused or unreachable", hint: START };
  const cause = causeOf(finding.code);
  return finding.icmp === undefined ? cause : { ...cause, ...icmpCause(finding.icmp) };
}

/** ICMP codes of "destination unreachable" by which a firewall says that it rejects something. */
const REJECTED: Readonly<Record<4 | 6, Readonly<Record<number, string>>>> = {
  4: {
    3: "port unreachable",
    9: "network prohibited",
    10: "host prohibited",
    13: "administratively prohibited",
  },
  6: {
    1: "administratively prohibited",
    4: "port unreachable",
    5: "source address prohibited",
    6: "route rejected",
  },
};

function icmpCause({ version, code, from }: Icmp): Partial<Cause> {
  const rejected = REJECTED[version][code];
  const by = from === "" ? "" : `, sent by ${from}`;
  if (rejected === undefined) return {};
  return {
    reason: `a firewall rejects the connection (ICMP ${rejected}${by})`,
    hint: "the firewall there must let connections to this port in",
  };
}

/** One line for the causes of several addresses: each cause once, with the addresses that have it. */
export function joined(causes: readonly (Cause & { address: string })[]): string {
  const groups = Map.groupBy(causes, ({ reason }) => reason);
  if (groups.size === 1) return causes[0]?.reason ?? "";
  return [...groups]
    .map(([reason, group]) => `${group.map(({ address }) => address).join(", ")}: ${reason}`)
    .join("; ");
}
