/** Frames of the call-back link of a proofserv, as ROOT 5.34.30 sent them; hex, whole frames. */
export const PROOFSERV = {
  /** Call-back login of a master proofserv (role i) for session 0. */
  loginMaster:
    "01000c1d000044943f3e6275660000000000ff69000000137c7573723a70726f6f66753a64656661756c74",
  /** Call-back login of a worker proofserv for session 1: the id is little-endian. */
  loginWorker:
    "01000c1d000044c43f3e6275660000000100ff69000000137c7573723a70726f6f66753a64656661756c74",
  /** sendmsg of a proofserv to client 5: its greeting. */
  greeting:
    "01000c2800000000000000030000000500000000000000330000002f000000032a2a2a2a2057656c636f6d6520746f207468652050524f4f4620736572766572204020766d202a2a2a2a00",
  /** Its acknowledgement. */
  greetingAck: "0100000000000000",
  /** msgsid: PARALLEL from client 5 as the proofserv gets it. */
  parallel: "01000fa100000014000013f10000000500000008000003f6ffffffff",
  /** sendmsg of a proofserv: LOGDONE with status 0 and two workers. */
  logDone: "01000c2800000000000000230000000500000000000000100000000c000003ed0000000000000002",
  /** sendmsg of a proofserv: raw log text, marked internal only. */
  logText:
    "01000c2800000000000000010000000500000000000000254e6f74653a2046696c652022696f73747265616d2220616c7265616479206c6f616465640a",
  /** STARTPROCESS of a query as the client gets it: selector, files, first and number of entries. */
  startProcess:
    "02000fa100000028000013ec000000200000040b074d7953656c2e4300000000000000000000000000000000000186a0",
  /** GetWorkers at start-up. */
  getWorkers: "01000c2900000000000003eb0000000000000000000000077374617469633a",
  /** Its answer: the master and two workers of one daemon. */
  getWorkersReply:
    "010000000000005f4d7c6c6f63616c686f73747c313039337c2d7c2d7c3130307c2d7c2d7c2d26577c6c6f63616c686f73747c32313039347c307c2d7c3130307c2d7c2d7c2d26577c6c6f63616c686f73747c32313039347c317c2d7c3130307c2d7c2d7c2d00",
} as const;
