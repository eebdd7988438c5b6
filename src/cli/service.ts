/** The daemon as a service of systemd: says when it is ready, reloads, stops, and that it is alive. */
import { messageOf, ProofError } from "../lib/errors.ts";
import type { InheritedSocket, Notify } from "../lib/service-manager.ts";

/** Parts of the watchdog's time after which the daemon shows that it is alive. */
const BEATS = 3;

type Environment = Readonly<Record<string, string | undefined>>;

export class Service {
  readonly #notify: Notify | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  /** Sockets that systemd has opened for the daemon. */
  readonly sockets: readonly InheritedSocket[];

  private constructor(notify: Notify | undefined, sockets: readonly InheritedSocket[]) {
    this.#notify = notify;
    this.sockets = sockets;
  }

  /** What the environment says; without systemd nothing is loaded and nothing done. Throws LISTEN. */
  static async of(env: Environment): Promise<Service> {
    if (env["NOTIFY_SOCKET"] === undefined && env["LISTEN_FDS"] === undefined)
      return new Service(undefined, []);
    const manager = await import("../lib/service-manager.ts");
    const service = new Service(manager.notifierOf(env), socketsOf(manager, env));
    const interval = manager.watchdogInterval(env);
    if (interval > 0) service.#beat(Math.max(1, Math.floor(interval / BEATS)));
    return service;
  }

  /** From the event loop itself: if that hangs, systemd notices. */
  #beat(interval: number): void {
    this.#watchdog = setInterval(() => this.#notify?.({ WATCHDOG: 1 }), interval);
  }

  ready(status: string): void {
    this.#notify?.({ READY: 1, MAINPID: process.pid, STATUS: status });
  }

  /** The configuration is read again; {@link ready} follows. */
  reloading(): void {
    const now = Math.round(Bun.nanoseconds() / 1000);
    this.#notify?.({
      RELOADING: 1,
      MONOTONIC_USEC: now,
      STATUS: "reading the configuration again",
    });
  }

  stopping(status: string): void {
    this.#notify?.({ STOPPING: 1, STATUS: status });
  }

  end(): void {
    clearInterval(this.#watchdog);
  }
}

function socketsOf(
  { inheritedSockets }: typeof import("../lib/service-manager.ts"),
  env: Environment,
): InheritedSocket[] {
  try {
    return inheritedSockets(env);
  } catch (error) {
    throw new ProofError("LISTEN", `what systemd has opened cannot be used: ${messageOf(error)}`, {
      hint: "a socket unit of a daemon has ListenStream= with a port, and nothing else",
      cause: error,
    });
  }
}
