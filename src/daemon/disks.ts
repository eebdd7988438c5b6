/** The disks that a daemon needs: where sessions write, and where it keeps its own records. */
import { access, constants, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { withDeadline } from "../lib/clock.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { reasonOf } from "../lib/system-error.ts";
import type { DiskHealth } from "../protocol/health.ts";
import type { Context } from "./context.ts";

/** Milliseconds within which a disk must answer; a file server that is gone never does. */
const PATIENCE = 1_000;

/** Looks that have not ended: a disk that hangs is not asked again meanwhile. */
const looking = new Map<string, Promise<DiskHealth>>();

/** Health of the disks of this daemon. */
export function disks({ config, state }: Context): Promise<DiskHealth[]> {
  return Promise.all([look("sandbox", config.daemon.sandbox), look("state", state.path)]);
}

async function look(what: DiskHealth["what"], path: string): Promise<DiskHealth> {
  const key = `${what} ${path}`;
  let pending = looking.get(key);
  if (pending === undefined) {
    pending = measure(what, path).finally(() => looking.delete(key));
    looking.set(key, pending);
  }
  const late = (): Error =>
    new ProofError("TIMEOUT", `the disk does not answer within ${PATIENCE / 1000} s`);
  try {
    return await withDeadline(pending, PATIENCE, late);
  } catch (error) {
    return { what, path, size: 0, free: 0, files: 0, freeFiles: 0, problem: reasonOf(error) };
  }
}

/** Of a directory that is not there yet, the one in which it would be made counts. */
async function measure(what: DiskHealth["what"], path: string): Promise<DiskHealth> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bsize, blocks, bavail, files, ffree } = await statfs(at);
      const disk = {
        what,
        path,
        size: blocks * bsize,
        free: bavail * bsize,
        files,
        freeFiles: ffree,
      };
      const problem = await access(at, constants.W_OK).then(
        () => undefined,
        (error: unknown) => `${at}: ${reasonOf(error)}`,
      );
      return problem === undefined ? disk : { ...disk, problem };
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || at === dirname(at)) throw error;
    }
  }
}
