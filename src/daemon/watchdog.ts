/**
 * Looks once a second for peers that have gone silent or read nothing, and for proofservs that use too much
 * memory or disk, write too long logs or have too many processes. Runs only while somebody is logged in or a
 * proofserv runs: an idle daemon does not wake up.
 */
import { messageOf, ProofError } from "../lib/errors.ts";
import { processTable, processTrees, residentMemory } from "../lib/process.ts";
import { formatBytes, roughBytes } from "../lib/units.ts";
import { Attention } from "../protocol/codes.ts";
import type { Context } from "./context.ts";
import { RootLiveness } from "./root/liveness.ts";
import { watchIdle } from "./idle.ts";
import { Quota } from "./quota.ts";
import type { Session } from "./session.ts";
import { endStrays, Strays } from "./strays.ts";

const INTERVAL = 1000;
/** Looks from one count of all processes to the next: a count takes 10 µs for each process of the machine. */
const COUNT_EVERY = 3;

export class Watchdog {
  readonly #context: Context;
  readonly #rootLiveness: RootLiveness;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #quota: Quota;
  #looks = 0;
  readonly #strays: Strays;

  constructor(context: Context) {
    this.#context = context;
    this.#strays = new Strays(context.state.marks);
    this.#quota = new Quota(context);
    this.#rootLiveness = new RootLiveness(context);
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
    const { limits } = this.#context.config;
    this.#looks++;
    const watched = this.#watchPeers();
    const proofservs = this.#context.sessions.all().filter((session) => session.pid !== 0);
    if (watched === 0 && proofservs.length === 0) {
      this.sweep();
      return this.stop();
    }
    this.#rootLiveness.look(proofservs);
    this.#watchIdle(proofservs);
    this.#context.outOfMemory.look(performance.now());
    if (limits.memory > 0) this.#watchMemory(proofservs, limits.memory);
    if (limits.sandbox > 0) this.#quota.look(proofservs, limits.sandbox);
    if (limits.log > 0) this.#watchLogs(proofservs, limits.log);
    if (this.#looks % COUNT_EVERY === 0)
      this.#watchProcesses(proofservs, limits.processes_per_session);
  }

  #watchPeers(): number {
    const { connections, config } = this.#context;
    const now = performance.now();
    let watched = 0;
    for (const connection of connections) {
      if (connection.role === "") continue;
      watched++;
      const { link, internal } = connection;
      // A proofserv does not read while user code keeps it busy.
      if (!internal && link.stalled > config.limits.slow_reader) {
        const seconds = Math.round(link.stalled / 1000);
        link.abort(`has read nothing of ${link.queued} bytes for ${seconds} s: limits.slow_reader`);
        continue;
      }
      const promised = connection.caller?.heartbeat ?? 0;
      if (promised === 0) continue;
      const silent = now - link.lastHeard;
      // We hold this peer back, so its signs of life don't reach us; ours must reach it.
      if (connection.paused) link.attention(connection.loginStream, Attention.touch);
      else if (silent > Math.max(config.session.heartbeat_timeout, promised * 2)) {
        link.abort(`silent for ${Math.round(silent / 1000)} s`);
      }
    }
    return watched;
  }

  #watchIdle(proofservs: readonly Session[]): void {
    const { config, host, log } = this.#context;
    const timeout = config.session.idle_timeout;
    if (timeout === 0) return;
    for (const session of proofservs) {
      const { sid, user, tag } = session;
      if (watchIdle(session, timeout, host) === "end")
        log.info("session ended for idleness", { sid, user, tag, timeout });
    }
  }

  /** What a proofserv prints goes to its log directly, so it can only be cut afterwards. */
  #watchLogs(proofservs: readonly Session[], limit: number): void {
    const { log } = this.#context;
    for (const { sid, ordinal, launched } of proofservs) {
      try {
        const cut = launched?.log.trim(limit) ?? 0;
        if (cut > 0) log.warn("log limit", { sid, ordinal, cut, limit, log: launched?.logPath });
      } catch (error) {
        log.warn("log not cut", { sid, ordinal, error: messageOf(error) });
      }
    }
  }

  #watchProcesses(proofservs: readonly Session[], limit: number): void {
    const { host, log } = this.#context;
    const table = processTable();
    const trees = processTrees(
      proofservs.map(({ pid }) => pid),
      table,
    );
    const strays = this.#strays.find(table, trees);
    for (const session of proofservs) {
      const gone = strays.get(session.mark) ?? [];
      const count = (trees.get(session.pid)?.length ?? 1) - 1 + gone.length;
      if (limit === 0 || count <= limit) continue;
      const text = `${host}: proofserv ${session.ordinal} (pid ${session.pid}) had started ${count} processes that still ran, its limit is ${limit}`;
      log.warn("process limit", { sid: session.sid, ordinal: session.ordinal, count, limit });
      session.kill(
        new ProofError("PROCESSES", text, {
          hint: "start fewer at a time, or raise limits.processes_per_session",
          details: { phase: "running", host },
        }),
      );
      endStrays(gone);
    }
    this.#endThoseLeft(strays);
  }

  /** Ends what sessions that are over have left. */
  sweep(): void {
    this.#endThoseLeft(this.#strays.find(processTable(), new Map()));
  }

  #endThoseLeft(strays: ReadonlyMap<string, readonly number[]>): void {
    const { log, sessions } = this.#context;
    const live = new Set(sessions.all().map(({ mark }) => mark));
    for (const [mark, pids] of strays) {
      if (live.has(mark)) continue;
      log.info("ended processes that a session had left", { count: pids.length, pids });
      endStrays(pids);
    }
  }

  /** A worker looks after its memory itself, but not while user code keeps it busy. */
  #watchMemory(proofservs: readonly Session[], limit: number): void {
    const { host, log } = this.#context;
    for (const session of proofservs) {
      const used = residentMemory(session.pid);
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
