/**
 * Orphans of process 1, the first of a container, and of one that was made a subreaper: processes whose parents have
 * ended become its children, and stay as zombies until it asks how they ended. What it has started itself is asked for
 * where it was started, and left alone here.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { LIBC } from "./libc.ts";
import { messageOf, ProofError } from "./errors.ts";
import { childrenOf, isOurChild, processStat, processTable } from "./process.ts";

const PR_GET_CHILD_SUBREAPER = 37;
const WNOHANG = 1;
/** Milliseconds until another look, where what has ended may still be taken for a child of ours. */
const AGAIN = 1_000;

const NAMES = {
  prctl: { args: [FFIType.i32, FFIType.u64], returns: FFIType.i32 },
  waitpid: { args: [FFIType.i32, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
} as const;

/** The same where the kernel does not list them. */
function childrenByTable(): number[] {
  return processTable().flatMap(({ pid, ppid }) => (ppid === process.pid ? [pid] : []));
}

function library() {
  try {
    return dlopen(LIBC, NAMES).symbols;
  } catch (error) {
    throw new ProofError("SYSTEM", `the system's C library cannot be called: ${messageOf(error)}`, {
      hint: "where the runtime has no JIT, the address space is limited: see ulimit -v",
    });
  }
}

/** Takes care of orphans from here on, if this process gets any. Linux only. Throws SYSTEM. */
export function reapOrphans(): void {
  if (process.platform !== "linux") return;
  const { prctl, waitpid } = library();
  const isSubreaper = new Int32Array(1);
  prctl(PR_GET_CHILD_SUBREAPER, Number(ptr(isSubreaper)));
  if (process.pid !== 1 && isSubreaper[0] !== 1) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    let isAny = false;
    for (const pid of childrenOf(process.pid) ?? childrenByTable()) {
      if (processStat(pid)?.state !== "Z") continue;
      if (isOurChild(pid)) isAny = true;
      else waitpid(pid, 0, WNOHANG);
    }
    // The kernel may have given an orphan the number of a child of ours that has just ended.
    timer = isAny ? setTimeout(look, AGAIN) : undefined;
    timer?.unref();
  };
  process.on("SIGCHLD", look);
  look();
}
