/** Requests whose refusal is told as an error of ours. */
import { toProofError } from "../lib/errors.ts";
import { errorOfReply, type Phase } from "../protocol/failure.ts";
import { type Link, RequestRefused } from "./link.ts";

/** Runs a call and gives its refusal the form of a ProofError of this phase and peer. */
export async function ask<T>(link: Link, phase: Phase, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RequestRefused) throw errorOfReply(error.reply, phase, link.peer);
    throw toProofError(error);
  }
}
