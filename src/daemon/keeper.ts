/**
 * The keeper of a daemon: one small process that does nothing until the daemon is gone without a word. Then
 * it gives the next daemon time to take the sessions over; if none comes it ends them, so that nothing is
 * left behind, whatever a user's code keeps a proofserv from noticing. See keeper-watch.ts for its own side.
 */
import { withDeadline } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import { accountHome } from "../lib/account.ts";
import { type Child, selfCommand, spawn, tell } from "../lib/process.ts";
import { encodeKeeper, FAREWELL } from "../protocol/keeper.ts";
import type { Context } from "./context.ts";
import { ourselves } from "./pid-file.ts";

/** Milliseconds before one that has died is replaced. */
const PAUSE = 1000;
/** Milliseconds in which one that is told to go is gone. */
const PATIENCE = 2000;

export class Keeper {
  readonly #context: Context;
  #child: Child | undefined;
  #isWanted = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Starts one, if there is none yet. */
  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#spawn();
  }

  #spawn(): void {
    const { config, state, log } = this.#context;
    try {
      const child = spawn({
        command: [...selfCommand(), "keeper"],
        title: "proof",
        cwd: "/",
        env: { HOME: accountHome() },
        output: "ignore",
        input: true,
        // What ends the daemon's group must not end this.
        ownGroup: true,
      });
      const { reconnto, terminate } = config.session;
      const parameters = { state: state.path, ...ourselves(), reconnto, terminate };
      tell(child, `${encodeKeeper(parameters)}\n`);
      this.#child = child;
      void child.exited.then(() => this.#gone(child));
    } catch (error) {
      log.warn("no keeper", { error: messageOf(error) });
      this.#again();
    }
  }

  #gone(child: Child): void {
    if (!this.#isWanted) return;
    this.#context.log.warn("the keeper is gone, starting another", { pid: child.pid });
    this.#again();
  }

  #again(): void {
    this.#child = undefined;
    setTimeout(() => {
      if (this.#isWanted) this.#spawn();
    }, PAUSE);
  }

  /** Sends it away: the daemon ends in good order. Resolves when it is gone. */
  async dismiss(): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined) return;
    tell(child, `${FAREWELL}\n`);
    await withDeadline(child.exited, PATIENCE, () => new Error("late")).catch(() =>
      child.kill("SIGKILL"),
    );
  }

  /** From now on it is on its own: the next daemon takes over. */
  leave(): void {
    this.#isWanted = false;
  }
}
