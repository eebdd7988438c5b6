/** Having one's own daemon make the TLS connection to another: see protocol/call-out.ts. */
import { Deadline, type Limit } from "../lib/clock.ts";
import { Request } from "../protocol/codes.ts";
import { CALL_OUT_ITEM, type CallOut, decodeReached, encodeCallOut } from "../protocol/call-out.ts";
import { proofservLogin } from "../protocol/requests.ts";
import { Link, STREAM } from "./link.ts";
import { ask } from "./ask.ts";
import { formatAddress } from "./socket.ts";

/** Milliseconds that the daemon's answer may take to come back. */
const GRACE = 2_000;

/** Who asks: a proofserv that its daemon knows by its process. */
export interface Asker {
  /** The daemon's UNIX socket. */
  socket: string;
  sid: number;
  user: string;
}

/**
 * Connects to `target` through the daemon at `asker.socket` within `limit`. Throws the daemon's refusal, and whatever it came to when it connected.
 */
export async function callOut(asker: Asker, target: CallOut, limit: Limit): Promise<Link> {
  const deadline = Deadline.of(limit);
  const link = await Link.open({ path: asker.socket }, deadline);
  try {
    const answer = await ask(link, "tcp", () =>
      link.call(STREAM.login, Request.login, {
        what: "call-out",
        // The daemon's own deadlines come first: it knows what it waited for.
        timeout: new Deadline(deadline.allowed, deadline.left + GRACE),
        ...proofservLogin({ ...asker, pid: process.pid }, [CALL_OUT_ITEM, encodeCallOut(target)]),
      }),
    );
    link.leadTo({ peer: formatAddress(target), remoteAddress: decodeReached(answer) });
    return link;
  } catch (error) {
    link.end();
    throw error;
  }
}
