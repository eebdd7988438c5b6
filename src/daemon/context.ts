/** What the parts of a daemon share. */
import type { AcceptTls, Secure } from "../comm/transport.ts";
import type { Inventory } from "../config/inventory.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../lib/log.ts";
import type { Connection } from "./connection.ts";
import type { Gate } from "./gate.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Notices } from "./notices.ts";
import type { OutOfMemory } from "./out-of-memory.ts";
import type { Removals } from "./removals.ts";
import type { Sessions } from "./sessions.ts";
import type { StateDirectory } from "./state-directory.ts";
import type { checkUser } from "./user-check.ts";

/** See {@link checkUser}. */
export type CheckUser = typeof checkUser;

export interface Context {
  /** In force now; replaced as a whole by a reload. */
  config: Config;
  readonly log: Log;
  /** Warnings that strangers can bring about. */
  readonly notices: Notices;
  readonly outOfMemory: OutOfMemory;
  /** The cluster's keys; there may be none with `auth = "none"`. */
  keys: KeyRing | undefined;
  /** Checks a user's proof of who they are; there with `users = "system"`. */
  readonly checkUser: CheckUser | undefined;
  /** How peers may speak TLS; undefined without a certificate. */
  acceptTls: AcceptTls | undefined;
  /** How other daemons are called with TLS. */
  secure: Secure;
  /** This node's name, for messages. */
  readonly host: string;
  /** The port that is really listened on. */
  port: number;
  /** Where workers "on this host" are reached: a daemon may listen on one address only. */
  localHost: string;
  /** Value of Date.now() when the daemon came up. */
  readonly started: number;
  /** Set once the daemon is on its way down: nothing new is let in. */
  stopping: boolean;
  state: StateDirectory;
  readonly connections: Set<Connection>;
  /** Lets so many look at other nodes at a time. */
  readonly looks: Gate;
  readonly sessions: Sessions;
  readonly removals: Removals;
  /** Which of the ROOT versions a user wants, by name. */
  readonly rootChoices: Map<string, string>;
  /** The inventory as its files are now; throws what reading them throws. */
  inventory(): Inventory;
}
