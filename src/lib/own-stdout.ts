/**
 * Keeps standard output for those who write documents on it: whatever else in this process, or what it starts,
 * writes to descriptor 1 (user code with `process.stdout`, a child that inherits it) goes to stderr.
 */
import { dlopen, FFIType } from "bun:ffi";
import { isatty } from "node:tty";
import { LIBC } from "./libc.ts";

const STDOUT = 1;
const STDERR = 2;

/** What is left of a stream. */
export interface OwnStdout {
  isTTY: boolean;
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Takes standard output; what leads where it led. Undefined where the system does not let us. */
export function takeStdout(): OwnStdout | undefined {
  const fd = takeDescriptor();
  if (fd === undefined) return undefined;
  const writer = Bun.file(fd).writer();
  return {
    isTTY: isatty(fd),
    write(text, done) {
      try {
        void writer.write(text);
        Promise.resolve(writer.flush()).then(() => done(), done);
      } catch (error) {
        done(error as Error);
      }
      return true;
    },
    // Errors are told to those who write.
    on: () => undefined,
  };
}

function takeDescriptor(): number | undefined {
  try {
    const { dup, dup2 } = dlopen(LIBC, {
      dup: { args: [FFIType.i32], returns: FFIType.i32 },
      dup2: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    }).symbols;
    const fd = dup(STDOUT);
    return fd < 0 || dup2(STDERR, STDOUT) < 0 ? undefined : fd;
  } catch {
    return undefined;
  }
}
