/** How opening a session is shown: PROOF's five lines, live progress, and who did not make it. */
import type { OpenStatus } from "../client/options.ts";
import type { TProof } from "../client/tproof.ts";
import { sanitizeLine } from "../lib/sanitize.ts";
import type { JoinedWorker, Joining } from "../protocol/messages.ts";
import { reportFailures } from "./failures.ts";
import type { Output } from "./output.ts";

/** Shows the steps of opening as they come. Scripts read these lines: their words are PROOF's. */
export function openingReporter(output: Output): (status: OpenStatus) => void {
  // Those that failed are told one by one, the others are not.
  let failed = 0;
  return (status) => {
    if (status.phase === "connecting")
      return output.info("Starting master: opening connection ...");
    if (status.phase === "master") return output.info("Starting master: OK");
    const { action, total, done, ok } = status;
    if (!ok) failed++;
    const percent = Math.floor((100 * done) / Math.max(1, total));
    if (done < total)
      return output.progress(`${sanitizeLine(action)}: ${done} out of ${total} (${percent} %)`);
    const unit = action.endsWith("submasters") ? "submasters" : "workers";
    const succeeded = done - failed;
    const verdict =
      succeeded > 0 ? `OK (${succeeded} ${unit})` : `FAILED (none of ${total} ${unit})`;
    output.info(`${sanitizeLine(action)}: ${verdict}`);
    failed = 0;
  };
}

/** The last of the five lines, and below it those who are missing. */
export function reportOpened(proof: TProof, output: Output, wanted: number | undefined): void {
  const parallel = proof.getParallel();
  output.info(
    parallel === 0
      ? "PROOF set to sequential mode"
      : `PROOF set to parallel mode (${parallel} workers)`,
  );
  reportFailures(proof.failures, output);
  output.info(`${proof.isNew ? "new session" : "attached to"} ${proof.tag}`);
  if (wanted !== undefined && parallel > 0 && parallel + proof.failures.length < wanted) {
    output.info(
      `  ${wanted} workers were asked for, the inventory and the limits of the master give ${parallel}`,
    );
  }
}

/** A worker that is there now: in the place of one that is gone, again, or as a new one. */
export function reportJoined(joined: JoinedWorker, output: Output): void {
  const { ordinal, role, host, pid, how, note } = joined;
  const name = role === "worker" ? "worker" : "submaster";
  output.info(`  ${name} ${ordinal} on ${host} ${JOININGS[how]} (pid ${pid})`);
  if (note !== undefined) output.info(`    ${note.replaceAll("\n", "\n    ")}`);
}

const JOININGS: Readonly<Record<Joining, string>> = {
  new: "joined",
  back: "is back",
  replaced: "was replaced",
};

/** The session as `--json` shows it. */
export function describeSession(proof: TProof, elapsed: number): Record<string, unknown> {
  return {
    tag: proof.tag,
    isNew: proof.isNew,
    master: proof.master,
    log: proof.logPath,
    parallel: proof.getParallel(),
    milliseconds: elapsed,
    phases: proof.phases,
    workers: proof.workers,
    failures: proof.failures,
  };
}
