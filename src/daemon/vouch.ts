/**
 * Proving the cluster key for a proofserv towards other daemons, so that no proofserv ever needs to read
 * it: for a master only, as master of workers and submasters below itself, and for its own user.
 */
import { ErrorNumber, Role } from "../protocol/codes.ts";
import { isOrdinal } from "../protocol/create.ts";
import { MAX_TIERS } from "../protocol/health.ts";
import { decodeVouchRequest } from "../protocol/vouch.ts";
import { ProofError } from "../lib/errors.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** The answer to a proofserv that wants a proof; empty if the other daemon's is wrong. Throws REFUSED or CheckError. */
export function vouchFor(context: Context, session: Session, payload: Buffer): Buffer {
  const { terms, ...theirs } = decodeVouchRequest(payload);
  const { callerRole, user, ordinal } = terms;
  const isBelow = isOrdinal(ordinal) && ordinal.startsWith(`${session.ordinal}.`);
  const isMember = callerRole === Role.worker || callerRole === Role.submaster;
  if (!isMaster(session) || !isMember || !isBelow || user !== session.user) {
    const text = `${context.host}: session ${session.ordinal} of ${session.user} may not log in as ${user}, ${ordinal}, role ${callerRole}`;
    const isTooDeep = /^[\d.]+$/.test(ordinal) && ordinal.split(".").length > MAX_TIERS;
    throw new ProofError("REFUSED", isTooDeep ? tooDeep(context.host, ordinal) : text, {
      details: { phase: "login", host: context.host, number: ErrorNumber.notAuthorized },
    });
  }
  return Buffer.from(context.keys?.prove(terms, theirs) ?? "");
}

/** Most likely daemons name each other as their submasters: `proof status --workers` says which. */
function tooDeep(host: string, ordinal: string): string {
  return `${host}: too many submasters above each other (${ordinal}): an inventory may lead back to a daemon above it`;
}

/** Whether a session opens others below itself. */
export function isMaster({ role }: Session): boolean {
  return role !== "worker";
}
