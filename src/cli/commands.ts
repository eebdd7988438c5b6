/**
 * The commands of `proof`, in the order of its help. Each is loaded when it is run; the descriptions stand
 * here so that `proof --help` loads none (a test keeps them equal to those of the commands).
 */
import type { Command } from "./command.ts";

/** A command that has not been loaded yet. */
export interface LazyCommand {
  description: string;
  load(): Promise<{ default: Command }>;
}

/** By name; a Map, so that `proof toString` is an unknown command. */
export const COMMANDS: ReadonlyMap<string, LazyCommand> = new Map<string, LazyCommand>([
  ["open", { description: "Open a session on a cluster", load: () => import("./open.ts") }],
  ["daemon", { description: "Run the daemon of a node", load: () => import("./daemon.ts") }],
  ["status", { description: "Check the health of a cluster", load: () => import("./status.ts") }],
  ["close", { description: "End sessions on a cluster", load: () => import("./close.ts") }],
  ["logs", { description: "Show the logs of sessions", load: () => import("./logs.ts") }],
  [
    "results",
    {
      description: "Show results of queries that sessions have kept",
      load: () => import("./results.ts"),
    },
  ],
  [
    "serve",
    { description: "Run a proofserv (daemons start it)", load: () => import("./serve.ts") },
  ],
  [
    "keeper",
    { description: "Wait beside a daemon (daemons start it)", load: () => import("./keeper.ts") },
  ],
]);
