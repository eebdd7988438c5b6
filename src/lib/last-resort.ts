/**
 * The end of a program whose main thread computes for ever or waits in the system. JavaScript handles a signal only
 * when it gets its turn, and user code may never give it one; the kernel runs a few lines of C at once, whatever the
 * main thread does. They pass the signal on to JavaScript, and start a timer: if JavaScript has not answered when that is
 * over, they set the terminal as it was and end the program.
 */
import { cc, dlopen, FFIType } from "bun:ffi";
import { closeSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { LIBC } from "./libc.ts";
import { sigint } from "./sigint.ts";
import source from "./last-resort.c" with { type: "text" };

/** Seconds in which JavaScript answers a signal. */
const PATIENCE = 2;

export interface LastResort {
  /**
   * JavaScript has handled a signal, and ends within `seconds`, or not at all with 0. To be called for every signal.
   */
  answer(seconds: number): void;
}

/**
 * Watches `signals`, which have handlers of JavaScript already. SIGTERM and SIGHUP end the program if they are not
 * answered, SIGINT if that happens three times in a row. Undefined where this cannot be had: the runtime cannot call C
 * when `ulimit -v` leaves it no room for machine code.
 */
export function watchSignals(signals: readonly NodeJS.Signals[]): LastResort | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const compiled = compile();
    for (const signal of signals) compiled.watch(constants.signals[signal], PATIENCE);
    if (signals.includes("SIGINT"))
      sigint.renew = () => compiled.watch(constants.signals.SIGINT, PATIENCE);
    return compiled;
  } catch {
    return undefined;
  }
}

interface Compiled extends LastResort {
  watch(signal: number, seconds: number): void;
}

/** No directory: the compiler then writes nothing, where it would put headers that are not needed. */
const NOWHERE = "/dev/null";

/**
 * The compiler reads files only: here it is one in memory, that nobody else can have put there. It would write beside
 * the temporary files of this machine, under a name that others can guess and prepare: here it writes nowhere.
 */
function compile(): Compiled {
  const { symbols: libc } = dlopen(LIBC, {
    memfd_create: { args: [FFIType.cstring, FFIType.u32], returns: FFIType.i32 },
    setenv: { args: [FFIType.cstring, FFIType.cstring, FFIType.i32], returns: FFIType.i32 },
    unsetenv: { args: [FFIType.cstring], returns: FFIType.i32 },
  });
  const fd = libc.memfd_create(Buffer.from("last-resort\0"), 0);
  if (fd < 0) throw new Error("no file in memory");
  // The runtime's own variable: users and their programs do not look at it.
  const name = Buffer.from("BUN_TMPDIR\0");
  try {
    writeSync(fd, source);
    libc.setenv(name, Buffer.from(`${NOWHERE}\0`), 1);
    return cc({
      source: `/proc/self/fd/${fd}`,
      symbols: {
        watch: { args: [FFIType.i32, FFIType.u32], returns: FFIType.void },
        answer: { args: [FFIType.u32], returns: FFIType.void },
      },
    }).symbols;
  } finally {
    libc.unsetenv(name);
    closeSync(fd);
  }
}
