/**
 * Every key of the configuration: its type, its default, and the sentence that explains it.
 *
 * This table is the only place where a key is declared. The type `Config`, the reader, `--check`,
 * proof.toml.example and the table in docs/configuration.md all follow from it or are tested against it.
 */
import {
  checkAddress,
  checkField,
  checkListenHost,
  checkMember,
  checkPattern,
  checkTag,
  checkUser,
  checkVariable,
} from "./checks.ts";
import type { KeySpec, NodeKeySpec, SpecValue } from "./spec.ts";

/** Every key outside [[node]], in the order in which they are shown. */
export const KEYS = [
  {
    key: "daemon.port",
    type: "port",
    min: 0,
    default: 1093,
    doc: "TCP port the daemon listens on; 0 lets the system choose one.",
  },
  {
    key: "daemon.host",
    type: "string",
    check: checkListenHost,
    default: "::",
    doc: 'Address to listen on; "::" is every interface, IPv4 and IPv6.',
  },
  {
    key: "daemon.role",
    type: "enum",
    values: ["any", "master", "submaster", "worker"],
    default: "any",
    doc: "What this node may serve as.",
  },
  {
    key: "daemon.workers",
    type: "integer",
    min: 0,
    max: 65_536,
    default: 0,
    doc: "Local workers when there is no inventory; 0 is one per processor.",
  },
  {
    key: "daemon.state",
    type: "path",
    default: "",
    doc: 'Directory of the call-back socket and the session records; empty is $XDG_RUNTIME_DIR/proof, or else /tmp/proof-<uid>; where security.users is "system", /run/proof.',
  },
  {
    key: "daemon.sandbox",
    type: "path",
    default: "~/.proof",
    doc: "Directory of session directories, logs, packages and results.",
  },
  {
    key: "daemon.log_level",
    type: "enum",
    values: ["error", "warn", "info", "debug", "trace"],
    default: "info",
    doc: "How much the daemon logs.",
  },
  {
    key: "daemon.log_format",
    type: "enum",
    values: ["text", "json"],
    default: "text",
    doc: "Form of a log line.",
  },
  {
    key: "daemon.drain",
    type: "duration",
    min: 0,
    default: 30_000,
    doc: "How long a daemon that is told to stop lets commands and queries run on before it ends their sessions.",
  },
  {
    key: "inventory.conf",
    type: "path",
    default: "",
    doc: "Path of a proof.conf that lists the workers; not together with [[node]] tables.",
  },
  {
    key: "startup.mode",
    type: "enum",
    values: ["serial", "parallel"],
    default: "serial",
    doc: "Whether the workers of a session are started one after another or at the same time.",
  },
  {
    key: "startup.parallel",
    type: "integer",
    min: 1,
    max: 4096,
    default: 16,
    doc: "How many workers are started at once in parallel mode.",
  },
  {
    key: "startup.tcp",
    type: "duration",
    min: 1,
    default: 5_000,
    doc: "Longest wait for a connection to a daemon: name look-up, TCP and TLS.",
  },
  {
    key: "startup.login",
    type: "duration",
    min: 1,
    default: 5_000,
    doc: "Longest wait for handshake, login and authentication.",
  },
  {
    key: "startup.callback",
    type: "duration",
    min: 1,
    default: 10_000,
    doc: "Longest wait of a daemon for the call-back of a proofserv it started (PROOF's intwait).",
  },
  {
    key: "startup.create",
    type: "duration",
    min: 1,
    default: 30_000,
    doc: "Longest wait of the asking side for the answer to one create request.",
  },
  {
    key: "startup.session",
    type: "duration",
    min: 1,
    default: 300_000,
    doc: "Longest wait of the client for the whole session to be ready.",
  },
  {
    key: "session.maxoldlogs",
    type: "integer",
    min: 0,
    max: 1_000_000,
    default: 10,
    doc: "Old session directories of a user kept in the sandbox, and as many again of those with results; 0 keeps all.",
  },
  {
    key: "session.maxquerykept",
    type: "integer",
    min: 0,
    max: 1_000_000,
    default: 10,
    doc: "Results of queries that a session keeps.",
  },
  {
    key: "session.terminate",
    type: "duration",
    min: 0,
    default: 5_000,
    doc: "Time between SIGTERM and SIGKILL for a proofserv that should end (PROOF's termto).",
  },
  {
    key: "session.heartbeat",
    type: "duration",
    min: 1,
    default: 5_000,
    doc: "Time between two signs of life on a link.",
  },
  {
    key: "session.heartbeat_timeout",
    type: "duration",
    min: 1,
    default: 15_000,
    doc: "Silence after which the other side counts as lost; must be longer than session.heartbeat.",
  },
  {
    key: "session.reconnto",
    type: "duration",
    min: 0,
    default: 30_000,
    doc: "How long a broken connection, or a daemon that is gone, may take to come back before the session counts as lost; and how long a query waits whose last worker is gone.",
  },
  {
    key: "session.shutdown",
    type: "enum",
    values: ["idle", "always", "never"],
    default: "idle",
    doc: "What becomes of a session whose client is gone (PROOF's xpd.shutdownopt): it ends once it is idle, whatever it does, or not at all.",
  },
  {
    key: "session.shutdown_delay",
    type: "duration",
    min: 0,
    default: 30_000,
    doc: "How long a session without a client, and idle, waits for one to come.",
  },
  {
    key: "session.result_wait",
    type: "duration",
    min: 0,
    default: 3_600_000,
    doc: "The same once something has ended meanwhile whose result waits.",
  },
  {
    key: "session.idle_timeout",
    type: "duration",
    min: 0,
    default: 0,
    doc: "How long a session with a client may do nothing before it is ended, after a warning; 0 is for ever.",
  },
  {
    key: "session.env",
    type: "map",
    check: checkVariable,
    default: {},
    doc: "Environment variables added to every proofserv.",
  },
  {
    key: "session.pass_env",
    type: "list",
    check: checkPattern,
    default: ["LANG", "LC_*", "TZ", "PATH"],
    doc: "Variables of the daemon's own environment that proofservs get; a trailing * stands for any ending.",
  },
  {
    key: "recovery.wait",
    type: "duration",
    min: 1,
    default: 100,
    doc: "Wait before a worker that has died is replaced, or a node that was lost is tried again; it doubles with each attempt.",
  },
  {
    key: "recovery.longest",
    type: "duration",
    min: 1,
    default: 10_000,
    doc: "Longest wait between two such attempts.",
  },
  {
    key: "recovery.deaths",
    type: "integer",
    min: 1,
    max: 1_000_000,
    default: 10,
    doc: "Deaths in a row after which a worker is given up; 1 is never to replace one.",
  },
  {
    key: "recovery.deaths_per_node",
    type: "integer",
    min: 1,
    max: 1_000_000,
    default: 3,
    doc: "Deaths in a row on one node after which a worker is opened on another.",
  },
  {
    key: "recovery.calm",
    type: "duration",
    min: 0,
    default: 60_000,
    doc: "A worker that was there for so long begins anew: its deaths before are forgotten.",
  },
  {
    key: "recovery.look",
    type: "duration",
    min: 0,
    default: 10_000,
    doc: "How often a session looks whether its inventory has new workers; 0 is never.",
  },
  {
    key: "limits.maxsessions",
    type: "integer",
    min: 0,
    max: 1_000_000,
    default: 64,
    doc: "Sessions this daemon serves as top master; 0 is no limit.",
  },
  {
    key: "limits.sessions_per_user",
    type: "integer",
    min: 0,
    max: 1_000_000,
    default: 32,
    doc: "Sessions of one user that this daemon serves as top master; 0 is no limit.",
  },
  {
    key: "limits.workers",
    type: "integer",
    min: 0,
    max: 65_536,
    default: 0,
    doc: "Workers one session gets at most (PROOF's wmx); 0 is all.",
  },
  {
    key: "limits.connections",
    type: "integer",
    min: 1,
    max: 1_000_000,
    default: 4096,
    doc: "Open connections of this daemon.",
  },
  {
    key: "limits.connections_per_address",
    type: "integer",
    min: 1,
    max: 1_000_000,
    default: 2048,
    doc: "Open connections from one address.",
  },
  {
    key: "limits.unauthenticated",
    type: "integer",
    min: 1,
    max: 1_000_000,
    default: 1024,
    doc: "Open connections that have not logged in yet; for one more, one that has said nothing or has waited longest goes.",
  },
  {
    key: "limits.queued",
    type: "bytes",
    min: 4 * 2 ** 20,
    max: 2 ** 40,
    default: 64 * 2 ** 20,
    doc: "Bytes that wait until a peer reads them; a peer with more is dropped.",
  },
  {
    key: "limits.slow_reader",
    type: "duration",
    min: 1_000,
    default: 300_000,
    doc: "How long a peer may leave everything unread that waits for it before it is dropped.",
  },
  {
    key: "limits.message",
    type: "bytes",
    min: 4096,
    // A session message states its length in 32 bits, and ROOT reads them as a signed number.
    max: 2047 * 2 ** 20,
    default: 256 * 2 ** 20,
    doc: "Size of one session message.",
  },
  {
    key: "limits.line",
    type: "bytes",
    min: 256,
    max: 2 ** 20,
    default: 8 * 2 ** 10,
    doc: "Length of one text in a line of the daemon's log; the rest is cut off.",
  },
  {
    key: "limits.log",
    type: "bytes",
    min: 0,
    max: 2 ** 50,
    default: 64 * 2 ** 20,
    doc: "Size of the log of one proofserv; of a larger one all but its end is cut away. 0 is no limit.",
  },
  {
    key: "limits.sandbox",
    type: "bytes",
    min: 0,
    max: 2 ** 50,
    default: 0,
    doc: "Room that the files of one session may take on this node, logs included; with more, the proofserv with most of it is ended. 0 is no limit.",
  },
  {
    key: "limits.processes",
    type: "integer",
    min: 1,
    max: 1_000_000,
    default: 512,
    doc: "Proofservs of this daemon.",
  },
  {
    key: "limits.processes_per_session",
    type: "integer",
    min: 0,
    max: 1_000_000,
    default: 256,
    doc: "Processes that one proofserv may have started and that still run; with more it is ended. 0 is no limit.",
  },
  {
    key: "limits.memory",
    type: "bytes",
    min: 0,
    max: 2 ** 50,
    default: 4 * 2 ** 30,
    doc: "Memory of one worker; a query that needs more fails. 0 is no limit.",
  },
  {
    key: "proofserv.program",
    type: "path",
    default: "",
    doc: "A proofserv of ROOT's that sessions of ROOT's own clients get; empty gives them proof's own.",
  },
  {
    key: "proofserv.root",
    type: "path",
    default: "",
    doc: "The ROOT installation (ROOTSYS) it belongs to; empty is two directories above the program.",
  },
  {
    key: "proofserv.tag",
    type: "string",
    check: checkTag,
    default: "root",
    doc: "Its name in the list of ROOT versions.",
  },
  {
    key: "proofserv.versions",
    type: "map",
    check: checkTag,
    default: {},
    doc: "More ROOT installations by name (PROOF's rootsys), each with a bin/proofserv.",
  },
  {
    key: "security.auth",
    type: "enum",
    values: ["key", "none"],
    default: "key",
    doc: 'How a peer proves who it is; "none" needs a loopback address or security.allow.',
  },
  {
    key: "security.key",
    type: "path",
    default: "~/.config/proof/cluster.key",
    doc: "Path of the cluster key, the same on every node.",
  },
  {
    key: "security.accept",
    type: "paths",
    default: [],
    doc: "Paths of further keys whose holders are let in, while the cluster changes its key.",
  },
  {
    key: "security.allow",
    type: "list",
    check: checkAddress,
    default: [],
    doc: 'Peer addresses that may connect without a key when security.auth is "none".',
  },
  {
    key: "security.users",
    type: "enum",
    values: ["shared", "system"],
    default: "shared",
    doc: "Whether all sessions run under the daemon's account, or (\"system\", as root) each under its user's.",
  },
  {
    key: "security.identity",
    type: "path",
    default: "~/.ssh/id_ed25519",
    doc: 'Path of the ed25519 key with which a client proves who it is where security.users is "system".',
  },
  {
    key: "security.allowed_users",
    type: "list",
    check: checkMember,
    default: [],
    doc: "Users and @groups that may log in; empty is everybody.",
  },
  {
    key: "security.denied_users",
    type: "list",
    check: checkMember,
    default: [],
    doc: "Users and @groups that may not log in, even if they are allowed.",
  },
  {
    key: "security.superusers",
    type: "list",
    check: checkMember,
    default: [],
    doc: "Users and @groups that may see and end the sessions of others.",
  },
  {
    key: "tls.cert",
    type: "path",
    default: "",
    doc: "Certificate of this node in PEM form, with what it is signed by; empty is none, and no TLS.",
  },
  {
    key: "tls.key",
    type: "path",
    default: "",
    doc: "Private key of tls.cert; nobody else may read it.",
  },
  {
    key: "tls.ca",
    type: "path",
    default: "",
    doc: "Certificates of the authorities that others are checked against; empty is those of the system.",
  },
  {
    key: "tls.required",
    type: "boolean",
    default: false,
    doc: "Whether a daemon refuses peers without TLS, and everybody else calls with TLS unless told otherwise.",
  },
  {
    key: "tls.mutual",
    type: "boolean",
    default: false,
    doc: "Whether a caller must show a certificate that tls.ca has signed; needs tls.required.",
  },
] as const satisfies readonly KeySpec[];

/** Every key of a [[node]] table. */
export const NODE_KEYS = [
  {
    key: "host",
    type: "string",
    required: true,
    default: "",
    doc: 'Host name or address, or several as in "wn[01-10,12]".',
  },
  {
    key: "port",
    type: "port",
    min: 1,
    default: 1093,
    doc: "Port of the daemon on that host.",
  },
  {
    key: "tls",
    type: "boolean",
    default: false,
    doc: "Whether that host is called with TLS; with tls.required all are.",
  },
  {
    key: "user",
    type: "string",
    check: checkUser,
    default: "",
    doc: "Account to log in as; empty is the account of the session.",
  },
  {
    key: "workers",
    type: "integer",
    min: 1,
    max: 65_536,
    default: 1,
    doc: "Workers on each of the hosts.",
  },
  {
    key: "role",
    type: "enum",
    values: ["worker", "submaster"],
    default: "worker",
    doc: "Whether the host runs workers or a submaster with workers of its own.",
  },
  {
    key: "perf",
    type: "integer",
    min: 0,
    max: 1_000_000,
    default: 100,
    doc: "Performance index of each of these workers.",
  },
  {
    key: "image",
    type: "string",
    check: checkField,
    default: "",
    doc: "Name of the file system image; nodes with the same one share files.",
  },
  {
    key: "workdir",
    type: "string",
    check: checkField,
    default: "",
    doc: "Working directory on that node.",
  },
  {
    key: "msd",
    type: "string",
    check: checkField,
    default: "",
    doc: "Mass storage domain.",
  },
] as const satisfies readonly NodeKeySpec[];

type Spec = (typeof KEYS)[number];

/** A dotted key such as `daemon.port`. */
export type ConfigKey = Spec["key"];

/** A table such as `daemon`. */
export type ConfigTable = ConfigKey extends `${infer Table}.${string}` ? Table : never;

/** One [[node]] table with its defaults filled in; `host` may still hold ranges. */
export type NodeConfig = {
  readonly [S in (typeof NODE_KEYS)[number] as S["key"]]: SpecValue<S>;
};

/**
 * The whole configuration, keys spelt as in TOML. Durations are milliseconds, sizes bytes, and paths
 * absolute or empty.
 */
export type Config = {
  readonly [Table in ConfigTable]: {
    readonly [S in Spec as S["key"] extends `${Table}.${infer Name}` ? Name : never]: SpecValue<S>;
  };
} & { readonly node: readonly NodeConfig[] };

/** The spec of a dotted key, or undefined. */
export function specOf(key: string): (KeySpec & { readonly key: ConfigKey }) | undefined {
  return KEYS.find((spec) => spec.key === key);
}

/** The names of all tables, `node` included. */
export const TABLES: readonly string[] = [
  ...new Set(KEYS.map((spec) => tableAndName(spec.key)[0])),
  "node",
];

/** `daemon.port` as `["daemon", "port"]`. */
export function tableAndName(key: string): [table: string, name: string] {
  const dot = key.indexOf(".");
  return [key.slice(0, dot), key.slice(dot + 1)];
}

/** The environment variable of a dotted key: `PROOF_DAEMON_PORT` for `daemon.port`. */
export function variableOf(key: string): string {
  return `PROOF_${key.replaceAll(".", "_").toUpperCase()}`;
}
