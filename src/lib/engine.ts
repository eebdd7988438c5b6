/** When the engine of a proofserv compiles code: settings that it takes from its environment as it starts. */

/**
 * When the engine of a master with workers compiles code. By default that is from some 34 calls on, which
 * nearly everything that opens workers is called: compiling all that took as much processor time as running
 * it. This is some 500 calls, so that sessions of many workers open sooner, and what runs for long is compiled
 * all the same.
 * The last and dearest stage is for loops over numbers; what handles messages gains nothing by it, and took
 * more processor time to be compiled than to run a thousand pings.
 */
export const COMPILE_LATER = {
  BUN_JSC_thresholdForJITAfterWarmUp: "8000",
  BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "1000000",
};

/**
 * The same for whoever runs users' code, from some 20 and 40 calls on; by default it is 34 and 67. What it does
 * besides is to answer a message now and then, and each of 32 workers compiles that anew. For a loop it makes no
 * difference: it has as many turns within microseconds.
 */
export const COMPILE_SOONER = {
  BUN_JSC_thresholdForJITAfterWarmUp: "300",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "600",
};

/**
 * Takes the settings out of the environment of this process, whose engine has read them: what is started from
 * here is to have its own.
 */
export function forgetEngineSettings(): void {
  for (const name of Object.keys({ ...COMPILE_LATER, ...COMPILE_SOONER })) delete process.env[name];
}
