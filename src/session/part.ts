/** What a proofserv's parts have in common, whichever role it has. */
import type { Pieces } from "../comm/journal.ts";
import type { Message } from "../protocol/envelope.ts";

export interface Part {
  /** A message of the client; `cid` tells those that speak ROOT's language apart. */
  fromAbove(message: Message, cid: number): void;
  interrupt(): void;
  /** The link upwards has room again. */
  drained(): void;
  /** The client is gone, for now at least. */
  away?(): void;
  /** The client is there again, and goes on where it was. */
  back?(): void;
  /** Another client is there; the old one had not got `missed` for sure. */
  attached?(missed: readonly Pieces[]): void;
  /** A client that speaks ROOT's language is gone; all of them for undefined. */
  left?(cid: number | undefined): void;
  /** Ends what hangs on this proofserv, within `timeout` milliseconds. */
  close(timeout: number): Promise<void>;
}
