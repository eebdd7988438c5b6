/** A proofserv whose daemon is gone waits for the next one: the same socket, the same ticket. */
import { Link } from "../comm/link.ts";
import { ProofError } from "../lib/errors.ts";
import type { ServeParameters } from "../protocol/serve.ts";

/** Milliseconds between two looks for a daemon. */
const PAUSE = 100;

/**
 * Connects to the daemon's socket and logs in with `logIn`, again and again. Resolves with why it has given up: no daemon
 * has taken this proofserv in within `reconnto`, or one says that it knows nothing of it; undefined once one has.
 */
export async function rejoin(
  { socket, reconnto, startup }: ServeParameters,
  logIn: (link: Link) => Promise<void>,
): Promise<string | undefined> {
  for (const end = performance.now() + reconnto; performance.now() < end; await Bun.sleep(PAUSE)) {
    let link: Link | undefined;
    try {
      link = await Link.open({ path: socket }, startup.tcp);
      await logIn(link);
      return undefined;
    } catch (error) {
      link?.end();
      if (error instanceof ProofError && error.code === "REFUSED")
        return `the daemon that came refused it: ${error.message}`;
    }
  }
  return `no other came within ${reconnto / 1000} s`;
}
