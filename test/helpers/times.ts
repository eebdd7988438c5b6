/**
 * How long it takes until a fault is noticed, and until all is well again: the figures of the table in
 * docs/reliability.md. They are reported, never limited: with PROOF_TIMES=FILE each is a JSON line there, from
 * which `scripts/times.ts FILE` takes the medians.
 *
 *   const fault = new Fault("keeper-killed");   // made right before it; a row of the table
 *   process.kill(keeper, "SIGKILL");
 *   await daemon.logged("the keeper is gone");
 *   fault.noticed();
 */
import { appendFileSync } from "node:fs";

/** One figure. */
export interface Time {
  row: string;
  to: "notice" | "recover";
  milliseconds: number;
}

/** A fault that a test is about to cause; time counts from when it was made. */
export class Fault {
  readonly #row: string;
  #since = performance.now();

  constructor(row: string) {
    this.#row = row;
  }

  /** The first line that tells of it is there. */
  noticed(): void {
    this.#report("notice");
  }

  /** From here on counts how long it takes to recover: the cause is gone, the link or the daemon is there again. */
  mended(): void {
    this.#since = performance.now();
  }

  /** What was disturbed works again. */
  recovered(): void {
    this.#report("recover");
  }

  #report(to: Time["to"]): void {
    const file = process.env["PROOF_TIMES"];
    if (file === undefined) return;
    const milliseconds = Math.round(performance.now() - this.#since);
    const time: Time = { row: this.#row, to, milliseconds };
    appendFileSync(file, `${JSON.stringify(time)}\n`);
  }
}
