/** An entry of the inventory, whichever source it comes from. */

/** Port of a daemon when an entry names none. */
export const DEFAULT_PORT = 1093;

/** Performance index when an entry names none. */
export const DEFAULT_PERF = 100;

/** No inventory names more workers than this. */
export const MOST_WORKERS = 65_536;

/** One server to start: a worker or a submaster, or what is known of the master itself. */
export interface InventoryNode {
  readonly role: "master" | "submaster" | "worker";
  /** Host name, or IP address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether the daemon there is called with TLS, whatever tls.required says. */
  readonly tls: boolean;
  /** Account to log in as; empty is the account of the session. */
  readonly user: string;
  /** Performance index of the worker; PROOF's default is 100. */
  readonly perf: number;
  /** Name of the file system image, or empty. */
  readonly image: string;
  /** Working directory on that node, or empty. */
  readonly workdir: string;
  /** Mass storage domain, or empty. */
  readonly msd: string;
}

/**
 * One entry per worker: for each repetition all hosts in their order, so that neighbours in the list
 * are different hosts and starting them one after another does not load one host at a time.
 */
export function repeatNodes(
  hosts: readonly string[],
  times: number,
  fields: Omit<InventoryNode, "host">,
): InventoryNode[] {
  return Array.from({ length: times }, () => hosts.map((host) => ({ ...fields, host }))).flat();
}
