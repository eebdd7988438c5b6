/**
 * Looks once a second for peers that have gone silent, and for proofservs that use too much memory. Runs
 * only while there are peers that promised signs of life: an idle daemon does not wake up.
 */
import { ProofError } from "../lib/errors.ts";
import { residentMemory } from "../lib/process.ts";
import { formatBytes, roughBytes } from "../lib/units.ts";
import { Attention } from "../protocol/codes.ts";
import type { Context } from "./context.ts";

const INTERVAL = 1000;

export class Watchdog {
  readonly #context: Context;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Runs until nobody is left to be watched. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), INTERVAL);
  }

  stop(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#watchPeers() === 0) return this.stop();
    if (this.#context.config.limits.memory > 0)
      this.#watchMemory(this.#context.config.limits.memory);
  }

  #watchPeers(): number {
    const { connections, config } = this.#context;
    const now = performance.now();
    let watched = 0;
    for (const connection of connections) {
      const promised = connection.caller?.heartbeat ?? 0;
      if (promised === 0) continue;
      watched++;
      const silent = now - connection.link.lastHeard;
      // We hold this peer back, so its signs of life don't reach us; ours must reach it.
      if (connection.paused) connection.link.attention(connection.loginStream, Attention.touch);
      else if (silent > Math.max(config.session.heartbeat_timeout, promised * 2)) {
        connection.link.abort(`silent for ${Math.round(silent / 1000)} s`);
      }
    }
    return watched;
  }

  /** A worker looks after its memory itself, but not while user code keeps it busy. */
  #watchMemory(limit: number): void {
    const { sessions, host, log } = this.#context;
    for (const session of sessions.all()) {
      const used = session.pid === 0 ? 0 : residentMemory(session.pid);
      // Somewhat more than the worker's own limit, so that its message comes first where it can.
      if (used <= limit * 1.1) continue;
      const text = `${host}: proofserv ${session.ordinal} (pid ${session.pid}) used ${roughBytes(used)} of memory, its limit is ${formatBytes(limit)}`;
      log.warn("memory limit", { sid: session.sid, ordinal: session.ordinal, used, limit });
      session.kill(
        new ProofError("MEMORY", text, {
          hint: "keep less in the outputs, or raise limits.memory",
          details: { phase: "running", host },
        }),
      );
    }
  }
}
