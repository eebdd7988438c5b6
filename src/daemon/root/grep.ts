/**
 * Looking for a pattern in files. The system's own grep does it, started with a list of arguments: no shell
 * reads the pattern, and a pattern that takes long does not keep the daemon busy.
 */
import { messageOf } from "../../lib/errors.ts";
import { signalProcess, spawn } from "../../lib/process.ts";
import { refusal } from "./places.ts";
import type { GrepWish } from "./words.ts";

/** Milliseconds that a search may take, and bytes that may come of it. */
const PATIENCE = 60_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * The matching lines of `files`, with their names before them where there are several. Throws REFUSED for a
 * pattern that is none, and where it takes too long or finds too much.
 */
export async function grep(
  { options, pattern }: GrepWish,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<Buffer> {
  if (files.length === 0) return Buffer.alloc(0);
  let child;
  try {
    child = spawn({
      command: ["grep", ...options, "-e", pattern, "--", ...files],
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" },
      output: "pipe",
      input: false,
      ownGroup: true,
    });
  } catch (error) {
    throw refusal(`grep: cannot be started: ${messageOf(error)}`);
  }
  const stop = (): void => void signalProcess(child.pid, "SIGKILL");
  const late = setTimeout(stop, PATIENCE);
  signal?.addEventListener("abort", stop);
  try {
    const [found, complaint] = await Promise.all([
      read(child.stdout, stop),
      read(child.stderr, stop),
    ]);
    const exitCode = await child.exited;
    if (exitCode > 1 || child.signalCode !== null)
      throw refusal(complaint.toString().trim() || "grep: was broken off");
    return found;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", stop);
  }
}

async function read(stream: unknown, stop: () => void): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (!(stream instanceof ReadableStream)) return Buffer.alloc(0);
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_OUTPUT) stop();
    else chunks.push(chunk);
  }
  if (size > MAX_OUTPUT) throw refusal(`grep: finds more than ${MAX_OUTPUT} bytes`);
  return Buffer.concat(chunks);
}
