/** The handlers of signals in the process, while code of the user's computes. */

/**
 * `renew` puts the handler of last-resort.ts back, where there is one: a script that SIGINT breaks off leaves that
 * of the runtime behind. To be called after each such script. Where there is none, `release` leaves the signals that
 * end a program to the system, to be called before, and `renew` takes them back.
 */
export const sigint: { release(): void; renew(): void } = {
  release: () => undefined,
  renew: () => undefined,
};
