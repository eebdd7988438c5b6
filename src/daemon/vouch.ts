/**
 * Proving the cluster key for a proofserv towards other daemons, so that no proofserv ever needs to read
 * it: for a master only, as master of workers and submasters below itself, and for its own user.
 */
import { ErrorNumber, Role } from "../protocol/codes.ts";
import { isOrdinal } from "../protocol/create.ts";
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
    throw new ProofError("REFUSED", text, {
      details: { phase: "login", host: context.host, number: ErrorNumber.notAuthorized },
    });
  }
  return Buffer.from(context.keys?.prove(terms, theirs) ?? "");
}

/** Whether a session opens others below itself. */
export function isMaster({ role }: Session): boolean {
  return role !== "worker";
}
