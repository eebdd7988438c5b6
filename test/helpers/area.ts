/**
 * The directory that a test file works in, and the check that nothing of it survives: no process, no
 * socket, no session record, no work directory.
 *
 *   const area = useArea();            // at the top of the file; the check runs after its tests
 *   const home = area.home("master");
 *   daemon = area.keep(await startDaemon({ home }));   // in a beforeAll: stopped before the check
 *
 * Its name is short because the path of a UNIX socket may have 107 bytes only.
 */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Home } from "./home.ts";
import { processesWith } from "./processes.ts";
import { waitFor } from "./wait-for.ts";

/** Milliseconds for the check: as long as its waits, and some more. */
const CHECK_TIMEOUT = 120_000;

export class Area {
  readonly path: string = mkdtempSync(join(tmpdir(), "pe-"));
  readonly #homes: Home[] = [];
  readonly #kept: (AsyncDisposable | Disposable)[] = [];

  /** Makes a home directory; `name` need not be unique. */
  home(name = "h"): Home {
    const home = new Home(join(this.path, `${name}${this.#homes.length}`));
    this.#homes.push(home);
    return home;
  }

  /** Has something disposed of before the check, the last first; returns it. */
  keep<T extends AsyncDisposable | Disposable>(thing: T): T {
    this.#kept.push(thing);
    return thing;
  }

  /** Fails, naming them, if anything is left that should have gone; then removes the directory. */
  async check(): Promise<void> {
    const left = (): string[] =>
      processesWith(this.path).map(({ pid, command }) => `${pid} ${command}`);
    const traces = (): string[] =>
      this.#homes.flatMap((home) => home.traces().map((path) => `${home.path}/${path}`));
    try {
      for (const thing of this.#kept.toReversed()) {
        if (Symbol.asyncDispose in thing) await thing[Symbol.asyncDispose]();
        else thing[Symbol.dispose]();
      }
      await waitFor("the end of all processes", () => left().length === 0, { seen: left });
      expect(traces()).toEqual([]);
    } finally {
      for (const { pid } of processesWith(this.path)) process.kill(pid, "SIGKILL");
      rmSync(this.path, { recursive: true, force: true });
    }
  }
}

/** Makes the area of a test file and has it checked after the last test. */
export function useArea(): Area {
  const area = new Area();
  afterAll(() => area.check(), CHECK_TIMEOUT);
  return area;
}
