/**
 * The first that a proofserv and the daemon that has started it say to each other. A user waits for it once per
 * worker, and code that runs for the first time is slow: so the daemon, which has done it before, writes down
 * for its proofserv what there is to say.
 */

/** First word of the name under which a daemon starts a proofserv, its argv[0]. */
export const PROOFSERV = "proofserv";

/** Descriptor of a proofserv at which it gets its parameters, a line of JSON. */
export const PARAMETERS_FD = 3;

/** Bytes in JSON: a character for each, as in latin1. */
export type Bytes = string;

/** What is said, as it goes over the wire. */
export interface FirstWords {
  /** The proofserv's hello and login. */
  login: Bytes;
  /** The daemon's welcome, and its answer if all is well. */
  admission: Bytes;
  /** The greeting that a worker sends its master then. Masters are not that quick. */
  greeting?: Bytes | undefined;
}
