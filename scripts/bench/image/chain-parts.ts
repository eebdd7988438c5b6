/**
 * The processes that raw bytes go through where messages of a session would: a relay in the place of the
 * daemon, something in the place of the master, and ends in the place of workers.
 *
 *   client ─TCP─► relay ─UNIX─► master ─TCP─► relay ─UNIX─► end, N times
 *
 * There is one relay process, as there is one daemon where all workers are local.
 */
import { connectRaw, listenRaw, pipe, type Raw } from "./raw.ts";
import { report } from "./report.ts";

/** The name of the connection between client and master; workers' are their numbers. */
export const TOP = 255;

/** Names go into one byte, so this many ends at most. */
export const MAX_ENDS = 254;

/** A relay: joins each TCP connection to the UNIX connection of the same name. */
function relay({ socket }: { socket: string }): Promise<void> {
  const waiting = new Map<number, Raw>();
  const accepted = (raw: Raw): void => {
    raw.onData = (chunk) => {
      const name = chunk[0] ?? 0;
      raw.hold(chunk.subarray(1));
      const other = waiting.get(name);
      if (other === undefined) waiting.set(name, raw);
      else {
        waiting.delete(name);
        pipe(raw, other);
        pipe(other, raw);
      }
    };
  };
  listenRaw({ unix: socket }, accepted);
  report({ port: listenRaw({ hostname: "127.0.0.1", port: 0 }, accepted) });
  return new Promise(() => undefined);
}

/** Hands what comes from above to all ends, and what comes from them up. */
async function master(job: { socket: string; port: number; ends: number }): Promise<void> {
  const up = await connectRaw({ unix: job.socket }, TOP);
  const ends: Raw[] = [];
  for (let name = 0; name < job.ends; name++) {
    const end = await connectRaw({ hostname: "127.0.0.1", port: job.port }, name);
    end.onData = (chunk) => void up.write(chunk);
    ends.push(end);
  }
  up.onData = (chunk) => {
    for (const end of ends) end.write(chunk);
  };
  report({});
  await new Promise(() => undefined);
}

/** An end: sends back what it gets; or `bytes` for each byte; or one byte for each `bytes`. */
async function end(job: {
  socket: string;
  name: number;
  does: "echo" | "source" | "sink";
  bytes: number;
}): Promise<void> {
  const up = await connectRaw({ unix: job.socket }, job.name);
  const data = new Uint8Array(job.bytes).fill(7);
  let received = 0;
  up.onData = (chunk) => {
    received += chunk.length;
    if (job.does === "echo") up.write(chunk);
    else if (job.does === "source") up.write(data);
    else if (received >= job.bytes) {
      received -= job.bytes;
      up.write(Uint8Array.of(1));
    }
  };
  report({});
  await new Promise(() => undefined);
}

/** The modes of the binary that are defined here. */
export const MODES: Record<string, ((job: never) => Promise<void>) | undefined> = {
  relay,
  master,
  end,
};
