/** Frames that no recording holds, built from the description of their fields. */
export const BUILT = {
  /** StopProcess of a client: abort, no time-out. */
  urgent: "02000c2700000000000007d000000001ffffffff00000000",
  /** Its answer, empty. */
  urgentReply: "0200000000000000",
  /** The same as the proofserv gets it. */
  urgentNotice: "01000fa100000010000013f4000007d000000001ffffffff",
  /** attn ping to a proofserv, not to be forwarded. */
  ping: "01000fa100000008000013ed00000000",
} as const;
