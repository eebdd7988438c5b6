/**
 * Signals that are not meant for this process. Batch systems announce the end of a job with SIGUSR1 or SIGUSR2 to
 * all of its processes; by default these end a process. What we start has the default again: it is reset when a
 * program is started.
 */

/** Ignores `signals` from here on; a handler that is set besides is called. */
export function ignoreSignals(...signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) process.on(signal, () => undefined);
}

/** The signals that end a program, and what process 1 does at them until it has handlers of its own. */
const ENDING = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const early = new Map<NodeJS.Signals, () => void>();

/**
 * To be called before anything is awaited. For process 1, the first of a container, signals that nobody handles
 * have no effect: until {@link handleSignals} it ends at those that end other processes.
 */
export function beginSignals(): void {
  ignoreSignals("SIGUSR1", "SIGUSR2");
  if (process.pid !== 1) return;
  for (const [name, code] of Object.entries(ENDING)) {
    const end = (): void => process.exit(code);
    early.set(name as NodeJS.Signals, end);
    process.on(name, end);
  }
}

/** From here on the caller's handlers say what these signals do. */
export function handleSignals(...signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) {
    const end = early.get(signal);
    if (end !== undefined) process.off(signal, end);
    early.delete(signal);
  }
}

/** Ends this process now. */
export function endNow(code: number): void {
  process.exit(code);
}

/** Ends this process after `ms` milliseconds, if it still runs then. */
export function endAfter(ms: number, code: number): void {
  setTimeout(() => process.exit(code), ms).unref();
}
