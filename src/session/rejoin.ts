/** A proofserv whose daemon is gone waits for the next one: the same socket, the same ticket. */
import { Link } from "../comm/link.ts";
import { ProofError } from "../lib/errors.ts";
import type { ServeParameters } from "../protocol/serve.ts";

/** Milliseconds between two looks for a daemon. */
const PAUSE = 100;

/**
 * Connects to the daemon's socket and logs in with `logIn`, again and again. False if none has taken this
 * proofserv in within `reconnto`, or one says that it knows nothing of it.
 */
export async function rejoin(
  { socket, reconnto, startup }: ServeParameters,
  logIn: (link: Link) => Promise<void>,
): Promise<boolean> {
  for (const end = performance.now() + reconnto; performance.now() < end; await Bun.sleep(PAUSE)) {
    let link: Link | undefined;
    try {
      link = await Link.open({ path: socket }, startup.tcp);
      await logIn(link);
      return true;
    } catch (error) {
      link?.end();
      if (error instanceof ProofError && error.code === "REFUSED") return false;
    }
  }
  return false;
}
