/** Having one's own daemon make the TLS connection to another: see protocol/call-out.ts. */
import { Request } from "../protocol/codes.ts";
import { CALL_OUT_ITEM, type CallOut, decodeReached, encodeCallOut } from "../protocol/call-out.ts";
import { proofservLogin } from "../protocol/requests.ts";
import { Link, STREAM } from "./link.ts";
import { ask } from "./ask.ts";
import { formatAddress } from "./socket.ts";

/** Who asks: a proofserv that its daemon knows by its process. */
export interface Asker {
  /** The daemon's UNIX socket. */
  socket: string;
  sid: number;
  user: string;
}

/**
 * Connects to `target` through the daemon at `asker.socket`. TCP and TLS may take `timeout` milliseconds
 * each. Throws the daemon's refusal, and whatever it came to when it connected.
 */
export async function callOut(asker: Asker, target: CallOut, timeout: number): Promise<Link> {
  const link = await Link.open({ path: asker.socket }, timeout);
  try {
    const answer = await ask(link, "tcp", () =>
      link.call(STREAM.login, Request.login, {
        what: "call-out",
        // The daemon's own deadlines come first: it knows what it waited for.
        timeout: 3 * timeout,
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
