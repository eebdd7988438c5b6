/** What a proofserv's parts have in common, whichever role it has. */
import type { Message } from "../protocol/envelope.ts";

export interface Part {
  /** A message of client `cid`. */
  fromAbove(message: Message, cid: number): void;
  interrupt(): void;
  /** The link upwards has room again. */
  drained(): void;
  /** Ends what hangs on this proofserv, within `timeout` milliseconds. */
  close(timeout: number): Promise<void>;
}
