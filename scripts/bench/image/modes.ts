/** What the bench's binary can be. */
import { MODES as chainModes } from "./chain-parts.ts";

type Mode = (job: never) => Promise<void>;

const LAZY: Record<string, () => Promise<Mode>> = {
  start: async () => (await import("./start.ts")).startChildren,
  chain: async () => (await import("./chain.ts")).chain,
  open: async () => (await import("./client.ts")).open,
  ping: async () => (await import("./client.ts")).ping,
  exec: async () => (await import("./client.ts")).exec,
  download: async () => (await import("./client.ts")).download,
  upload: async () => (await import("./client.ts")).upload,
  churn: async () => (await import("./client.ts")).churn,
  soak: async () => (await import("./soak.ts")).soak,
};

/** Runs as `mode` with the job in `argument`, JSON. */
export async function run(mode: string, argument: string): Promise<void> {
  const action = chainModes[mode] ?? (await LAZY[mode]?.());
  if (action === undefined) throw new Error(`no mode ${mode}`);
  await action(JSON.parse(argument) as never);
}
