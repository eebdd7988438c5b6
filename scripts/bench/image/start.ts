/** The floor of opening: start N processes of this binary, each of which calls back over a UNIX socket. */
import { released, report } from "./report.ts";

/** What to start. */
export interface StartJob {
  socket: string;
  count: number;
  /** How many at once. */
  bound: number;
  /** Whether to keep them until released. */
  hold: boolean;
}

/** Starts the processes and reports the milliseconds until the last has called back, and the pids. */
export async function startChildren({ socket, count, bound, hold }: StartJob): Promise<void> {
  const waiting: (() => void)[] = [];
  const listener = Bun.listen({
    unix: socket,
    socket: { data: () => waiting.shift()?.() },
  });
  const children: Bun.Subprocess[] = [];
  const lane = async (): Promise<void> => {
    while (children.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      children.push(
        Bun.spawn(["/proc/self/exe", "floor", socket], {
          stdin: "ignore",
          stdout: "ignore",
          stderr: "ignore",
          detached: true,
        }),
      );
      await promise;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: bound }, lane));
  report({ milliseconds: performance.now() - start, pids: children.map(({ pid }) => pid) });
  if (hold) await released();
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map(({ exited }) => exited));
  listener.stop(true);
}
