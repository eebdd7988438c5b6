/** The cluster key of a proofserv that does not have it: its daemon proves it. */
import type { KeyHolder } from "../comm/log-in.ts";
import { Admin } from "../protocol/codes.ts";
import { encodeVouchRequest } from "../protocol/vouch.ts";
import type { UpwardLink } from "./upward-link.ts";

/** Milliseconds for which the daemon's answer about its key is good: the cluster may change it meanwhile. */
const FRESH = 1_000;

/**
 * Has the daemon at the end of `upward` prove the key; it answers within `timeout` milliseconds. `fingerprint` is
 * the key's, as the daemon has just told.
 */
export function vouchedKeys(upward: UpwardLink, timeout: number, fingerprint: string): KeyHolder {
  let askedAt = performance.now();
  return {
    async fingerprint() {
      if (performance.now() - askedAt > FRESH) {
        fingerprint = (await upward.ask(Admin.keyFingerprint, "key", timeout)).toString();
        askedAt = performance.now();
      }
      return fingerprint;
    },
    prove: async (terms, theirs) => {
      const request = encodeVouchRequest({ terms, ...theirs });
      const proof = (
        await upward.ask(Admin.vouch, "proof of the key", timeout, request)
      ).toString();
      return proof === "" ? undefined : proof;
    },
  };
}
