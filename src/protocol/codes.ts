/** Numbers of the XPROOFD protocol 1.6 (ROOT 5.34, proof/proofd/inc/XProofProtocol.h) and ours beside them. */

/** Version that the daemon announces: what a ROOT 5.34 client expects for all its requests. */
export const XPROOFD_VERSION = 1007;
/** PROOF protocol of a proofserv, as in ROOT 5.34 (kPROOF_Protocol). */
export const PROOF_PROTOCOL = 36;
/**
 * Major of what our own peers speak inside the `|name:value` items and the message kinds from 20000 on.
 * Peers with unequal majors refuse each other in the first exchange.
 */
export const PROOF_MAJOR = 1;

/** Request ids. */
export const Request = {
  login: 3101,
  auth: 3102,
  create: 3103,
  destroy: 3104,
  attach: 3105,
  detach: 3106,
  urgent: 3111,
  sendmsg: 3112,
  admin: 3113,
  interrupt: 3114,
  ping: 3115,
  cleanup: 3116,
  readbuf: 3117,
  touch: 3118,
  ctrlc: 3119,
  direct: 3120,
} as const;

/** Stream of the link between a proofserv and its daemon; a proofserv uses no other. */
export const PROOFSERV_STREAM = 0x0100;

/** Response status. */
export const Status = {
  ok: 0,
  oksofar: 4000,
  attn: 4001,
  authmore: 4002,
  error: 4003,
} as const;

/** Error numbers of error responses; two historical ranges are in use side by side. */
export const ErrorNumber = {
  argInvalid: 3000,
  argTooLong: 3002,
  invalidRequest: 3006,
  notAuthorized: 3010,
  serverErrorXrd: 3012,
  invalid: 3103,
  ioError: 3104,
  noSpace: 3106,
  notFound: 3108,
  serverError: 3109,
  unsupported: 3110,
  noSession: 3112,
  reconnecting: 3114,
  tooManySessions: 3115,
} as const;

/** Action codes of unsolicited (attn) responses. */
export const Attention = {
  msg: 5100,
  ping: 5101,
  interrupt: 5102,
  feedback: 5103,
  srvmsg: 5104,
  msgsid: 5105,
  errmsg: 5106,
  timer: 5107,
  urgent: 5108,
  flush: 5109,
  inflate: 5110,
  priority: 5111,
  wrkmortem: 5112,
  touch: 5113,
  resume: 5114,
  clusterinfo: 5115,
  /** Ours, to a proofserv: a client is gone, its number follows. */
  clientGone: 20001,
} as const;

/** Sub-codes of admin requests; those from 20000 on are ours. */
export const Admin = {
  querySessions: 1000,
  sessionTag: 1001,
  sessionAlias: 1002,
  getWorkers: 1003,
  queryWorkers: 1004,
  cleanupSessions: 1005,
  queryLogPaths: 1006,
  readBuffer: 1007,
  queryRootVersions: 1008,
  rootVersion: 1009,
  groupProperties: 1010,
  sendMsgToUser: 1011,
  releaseWorker: 1012,
  exec: 1013,
  getFile: 1014,
  putFile: 1015,
  cpFile: 1016,
  queryMssUrl: 1017,
  /** Health of the daemon, JSON. */
  health: 20001,
  /** Health of every node of the inventory, asked by the daemon, JSON. */
  nodeHealth: 20002,
  /** From a master proofserv: workers ready (int2), idle 0 or running 1 (int3). */
  sessionState: 20003,
  /** From a master proofserv: the fingerprint of the cluster key. */
  keyFingerprint: 20004,
  /** From a master proofserv: checks another daemon's proof of the key, and makes the caller's. */
  vouch: 20005,
  /** Ends sessions, JSON. */
  closeSessions: 20006,
  /** Sessions that have left logs or results on a node, JSON. */
  sessionFiles: 20011,
  /** Parts of a session's logs, from all nodes, JSON. */
  sessionLogs: 20012,
  /** Results of a session's queries that are kept on disk. */
  sessionResults: 20013,
} as const;

/** Interrupt types. */
export const Interrupt = { ping: 0, hard: 1, soft: 2, shutdown: 3 } as const;

/** Option bits of sendmsg. */
export const SendOption = {
  internal: 0x01,
  async: 0x02,
  startProcess: 0x04,
  setIdle: 0x08,
  broadcast: 0x10,
  log: 0x20,
  /** Ours: no answer, please. Our own peers never wait for it, and each would wake a process up. */
  noAnswer: 0x1000,
} as const;

/** Who a login comes from: the role letter. */
export const Role = {
  /** daemon → daemon, `proof status` */
  admin: "A",
  /** a proofserv calling back over the UNIX socket */
  internal: "i",
  /** client → top master */
  client: "M",
  /** master → submaster */
  submaster: "m",
  /** master → worker */
  worker: "s",
} as const;

/** A role letter. */
export type RoleLetter = (typeof Role)[keyof typeof Role];

/** Payload limit of a peer that has not logged in yet, in bytes. */
export const MAX_LOGIN_PAYLOAD = 32 * 1024;
/** Payload limit of every request but sendmsg, in bytes: xrootd's buffer pool maximum. */
export const MAX_REQUEST_PAYLOAD = 2 * 1024 * 1024;
/**
 * Size at which a link cuts up session messages, in bytes: so large that most of the chunks it arrives in hold
 * nothing else and can be freed at once, small enough to share a link.
 */
export const FRAGMENT_SIZE = 2 * 1024 * 1024;

/** The name of a number in one of the tables above, for logs. */
export function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(table).find((name) => table[name] === value) ?? String(value);
}
