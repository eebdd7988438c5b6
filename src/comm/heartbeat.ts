/** Notices that the other end has gone silent: a cut network sends no FIN. */

import { turns } from "../lib/turns.ts";

/** What a heartbeat needs of its link. */
export interface Beating {
  /** Sends something the other end answers. */
  beat(): void;
  /** The other end has said nothing for `silent` milliseconds. */
  lost(silent: number): void;
}

export class Heartbeat {
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastHeard = performance.now();

  /** Beats every `interval` milliseconds; after `timeout` milliseconds of silence the link is lost. */
  start(link: Beating, interval: number, timeout: number): void {
    this.stop();
    this.#lastHeard = performance.now();
    let lastTick = this.#lastHeard;
    this.#timer = setInterval(() => {
      turns.begin?.();
      const now = performance.now();
      // A process that was itself held up (stopped, swapped out, busy) has not been listening.
      if (now - lastTick > interval * 2) this.#lastHeard = now;
      lastTick = now;
      const silent = now - this.#lastHeard;
      if (silent > timeout) {
        this.stop();
        link.lost(silent);
      } else link.beat();
    }, interval);
  }

  /** Something arrived. */
  heard(): void {
    this.#lastHeard = performance.now();
  }

  stop(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
