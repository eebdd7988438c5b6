/** Frames of the life of a session on the client side, as ROOT 5.34.30 sent them; hex, whole frames. */
export const SESSION = {
  /** sendmsg of a client: PARALLEL with -1, all workers. */
  parallel: "02000c280000000000000002ffffffff000000000000000c00000008000003f6ffffffff",
  /** Its acknowledgement. */
  parallelAck: "0200000000000000",
  /** LOGFILE to the client: 37 raw bytes of log follow. */
  logFile: "02000fa100000010000013ec00000008000003ec00000025",
  /** The raw bytes that LOGFILE announced, no envelope around them. */
  logText:
    "02000fa100000029000013ec4e6f74653a2046696c652022696f73747265616d2220616c7265616479206c6f616465640a",
  /** Ping of session 0. */
  ping: "02000c2b0000000000000000000000000000000000000000",
  /** Its answer: alive. */
  pong: "020000000000000400000001",
  /** Detach from session 0. */
  detach: "02000c220000000000000000000000000000000000000000",
  /** Its answer, empty. */
  detachReply: "0200000000000000",
  /** Attach to session 0, with an alias. */
  attach: "02000c2100000000000000000000000000000000000000096c6f63616c686f7374",
  /** Its answer: as to a create, but a pool address instead of a log path. */
  attachReply:
    "020000000000002300000000002403ef726f6f743a2f2f6c6f63616c686f73742f2f70726f6f66706f6f6c",
  /** Destroy of session 2. */
  destroy: "02000c200000000200000000000000000000000000000000",
  /** Its answer, empty. */
  destroyReply: "0200000000000000",
  /** wrkmortem: the session went away. */
  mortem:
    "02000fa100000033000013f873657373696f6e3a2070726f6f66752e64656661756c742e35383336207465726d696e617465642062792070656572",
} as const;
