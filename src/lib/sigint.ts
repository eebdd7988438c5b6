/** The handler of SIGINT in the process. */

/**
 * `renew` puts the handler of last-resort.ts back, where there is one: a script that SIGINT breaks off leaves that
 * of the runtime behind. To be called after each such script.
 */
export const sigint: { renew(): void } = { renew: () => undefined };
