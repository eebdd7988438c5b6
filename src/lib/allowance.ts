/**
 * An allowance of time that comes back at a steady rate: much may be used at once, and little of it for
 * long. Times are milliseconds; `now` is a value of performance.now().
 */
export class Allowance {
  readonly #most: number;
  readonly #rate: number;
  #used = 0;
  #at = 0;

  /** `most` milliseconds may be used at once, and `rate` of each millisecond in the long run. */
  constructor(most: number, rate: number) {
    this.#most = most;
    this.#rate = rate;
  }

  /** What has been used and has not come back yet. */
  used(now: number): number {
    return Math.max(0, this.#used - (now - this.#at) * this.#rate);
  }

  use(milliseconds: number, now: number): void {
    this.#used = this.used(now) + milliseconds;
    this.#at = now;
  }

  /** How long it takes until some of it is there again; 0 if there is. */
  wait(now: number): number {
    return Math.max(0, this.used(now) - this.#most) / this.#rate;
  }
}
