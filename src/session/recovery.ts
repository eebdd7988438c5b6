/**
 * The life of one worker of a session (or of one submaster) as its master sees it: whether it is there, and
 * what is done when it is not. Pure: what happens comes in as calls with the time in milliseconds, what is to
 * be done goes out through the port.
 *
 *   opening ──opened──► ready ◄──back── away
 *    ▲   │                │ └────away────▲ │
 *    │   └─────┐          │                │
 *    │    died, failed    └──died, failed──┤
 *   due        ▼                           │
 *    └────── waiting ◄─────────────────────┘
 *              │
 *              └── the last of too many deaths in a row, or no longer wanted ──► given up
 *
 * A death is the fault of what runs: there is an end to it, and another node may do better. A failure is the
 * node's: it is tried again for as long as the session lives.
 */

/** How patient a master is. Durations are milliseconds. */
export interface RecoveryPolicy {
  /** Wait before the first attempt; it doubles with each further one. */
  wait: number;
  /** Longest wait between two attempts. */
  longest: number;
  /** Deaths in a row after which a worker is given up. */
  deaths: number;
  /** Deaths in a row on one node after which another node is tried. */
  deathsPerNode: number;
  /** A worker that was there for so long begins anew: what was before is forgotten. */
  calm: number;
}

/** Where a worker is in its life. */
export type WorkerLife = "opening" | "ready" | "away" | "waiting" | "given up";

/** What a life asks of its shell. */
export interface RecoveryPort {
  /** Open the worker; `opened`, `died` or `failed` is to tell what came of it. */
  open(): void;
  /** Call `due` in so many milliseconds. */
  wait(ms: number): void;
  /** From now on it is another node's turn, where there is one. */
  move(): void;
  /** Nothing more will be done. */
  giveUp(): void;
}

/** Errors that say that the process ended, rather than that its node cannot be reached or refuses. */
const DEATHS = new Set(["PROOFSERV_DIED", "WORKER_DIED", "MEMORY", "PROCESSES", "QUOTA"]);

/** Whether an error code stands for the end of a process. */
export function isDeath(code: string): boolean {
  return DEATHS.has(code);
}

export class Recovery {
  readonly #policy: RecoveryPolicy;
  readonly #port: RecoveryPort;
  #state: WorkerLife = "opening";
  #readySince = 0;
  /** In a row. */
  #deaths = 0;
  #deathsHere = 0;
  #failures = 0;

  constructor(policy: RecoveryPolicy, port: RecoveryPort) {
    this.#policy = policy;
    this.#port = port;
  }

  get state(): WorkerLife {
    return this.#state;
  }

  /** Deaths in a row. */
  get deaths(): number {
    return this.#deaths;
  }

  get #isOpen(): boolean {
    return this.#state === "opening" || this.#state === "ready" || this.#state === "away";
  }

  /** The worker is there. */
  opened(now: number): void {
    if (this.#state !== "opening") return;
    this.#state = "ready";
    this.#readySince = now;
  }

  /** Its process has ended. */
  died(now: number): void {
    if (!this.#isOpen) return;
    this.#calmDown(now);
    this.#deaths++;
    this.#deathsHere++;
    if (this.#deaths >= this.#policy.deaths) return this.#giveUp();
    if (this.#deathsHere >= this.#policy.deathsPerNode) {
      this.#deathsHere = 0;
      this.#port.move();
    }
    this.#wait(this.#deaths);
  }

  /** Its node cannot be reached, or could not open it. */
  failed(now: number): void {
    if (!this.#isOpen) return;
    this.#calmDown(now);
    this.#failures++;
    this.#wait(this.#failures);
  }

  /** Its link is lost, but may be there again. */
  away(): void {
    if (this.#state === "ready") this.#state = "away";
  }

  /** Its link is there again. */
  back(): void {
    if (this.#state === "away") this.#state = "ready";
  }

  /** The wait is over. */
  due(): void {
    if (this.#state !== "waiting") return;
    this.#state = "opening";
    this.#port.open();
  }

  /** We have ended it ourselves, and want another at once. */
  ended(): void {
    if (this.#state !== "ready" && this.#state !== "away") return;
    this.#state = "opening";
    this.#port.open();
  }

  /** Its node has left the inventory: once it is gone it does not come back. */
  unwanted(): void {
    if (this.#state === "waiting") this.#giveUp();
  }

  #calmDown(now: number): void {
    const wasThere = this.#state === "ready" || this.#state === "away";
    if (!wasThere || now - this.#readySince < this.#policy.calm) return;
    this.#deaths = 0;
    this.#deathsHere = 0;
    this.#failures = 0;
  }

  #wait(attempts: number): void {
    this.#state = "waiting";
    const { wait, longest } = this.#policy;
    this.#port.wait(Math.min(longest, wait * 2 ** (attempts - 1)));
  }

  #giveUp(): void {
    this.#state = "given up";
    this.#port.giveUp();
  }
}
