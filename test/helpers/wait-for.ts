/** Waiting for conditions, never for time. */

/** Milliseconds between two looks. */
const PAUSE = 20;

/** Deadline of a wait, in seconds: far beyond what any machine needs, so it only ends a failure. */
const PATIENCE = 60;

/**
 * Looks until `probe` gives something other than undefined or false, and resolves with it. Fails with
 * `what` (and with what `seen` says then) once `seconds` have passed.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { seconds = PATIENCE, seen }: { seconds?: number; seen?: () => unknown } = {},
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) {
      const state = seen === undefined ? "" : `\nseen:\n${Bun.inspect(seen())}`;
      throw new Error(`waited ${seconds} s for ${what}${state}`);
    }
    await Bun.sleep(PAUSE);
  }
}
