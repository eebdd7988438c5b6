/** The cluster key of a proofserv that does not have it: its daemon proves it. */
import type { KeyHolder } from "../comm/log-in.ts";
import { Admin } from "../protocol/codes.ts";
import { encodeVouchRequest } from "../protocol/vouch.ts";
import type { UpwardLink } from "./upward-link.ts";

/** Has the daemon at the end of `upward` prove the key; it answers within `timeout` milliseconds. */
export function vouchedKeys(upward: UpwardLink, timeout: number): KeyHolder {
  return {
    // Asked each time: the cluster may have changed its key since this session was opened.
    fingerprint: async () => (await upward.ask(Admin.keyFingerprint, "key", timeout)).toString(),
    prove: async (terms, theirs) => {
      const request = encodeVouchRequest({ terms, ...theirs });
      const proof = (
        await upward.ask(Admin.vouch, "proof of the key", timeout, request)
      ).toString();
      return proof === "" ? undefined : proof;
    },
  };
}
