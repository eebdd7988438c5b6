/**
 * A relay that can hold up, cut and reset the connections it carries. Runs in a process of its own:
 *
 *   bun relay.ts '{"2001": "10.77.0.1:1093", …}'
 *
 * and takes orders as JSON lines on standard input. Prints "ready" when it listens.
 */
import { createServer, connect, type Socket } from "node:net";

/** What is done to the connections of one port. */
export type RelayOrder =
  /** From now on every byte arrives so many milliseconds later; 0 ends that. */
  | { port: number; order: "delay"; milliseconds: number }
  /** Ends all connections in good order, as a firewall does that has forgotten them. */
  | { port: number; order: "cut" }
  /** Resets all connections. */
  | { port: number; order: "reset" };

/** Bytes on their way through one direction of a connection before its sender must wait. */
const IN_FLIGHT = 1024 * 1024;

class Port {
  delay = 0;
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  constructor(port: number, host: string, target: number) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
      const callee = connect({ host, port: target, allowHalfOpen: true, noDelay: true });
      const pair = [caller, callee] as const;
      this.#pairs.add(pair);
      this.#forward(caller, callee);
      this.#forward(callee, caller);
      const over = (other: Socket) => (): void => {
        this.#pairs.delete(pair);
        if (!other.destroyed) other.resetAndDestroy();
      };
      caller.on("error", over(callee));
      callee.on("error", over(caller));
      callee.on("close", () => this.#pairs.delete(pair));
    });
    server.listen(port);
  }

  /** Passes on what arrives, in its order, when its time has come. */
  #forward(from: Socket, to: Socket): void {
    let before = Promise.resolve();
    let inFlight = 0;
    const after = (action: () => void): void => {
      const due = performance.now() + this.delay;
      before = before.then(async () => {
        const left = due - performance.now();
        if (left > 0) await Bun.sleep(left);
        action();
      });
    };
    from.on("data", (chunk: Buffer) => {
      inFlight += chunk.length;
      if (inFlight > IN_FLIGHT) from.pause();
      after(() => {
        to.write(chunk, () => {
          inFlight -= chunk.length;
          if (inFlight <= IN_FLIGHT) from.resume();
        });
      });
    });
    from.on("end", () => after(() => to.end()));
  }

  end(how: "cut" | "reset"): void {
    for (const pair of this.#pairs) {
      for (const socket of pair) {
        if (how === "reset") socket.resetAndDestroy();
        else socket.destroySoon();
      }
    }
  }
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? "{}") as Record<string, string>;
  const ports = new Map(
    Object.entries(plan).map(([port, target]) => {
      const [host = "", number] = target.split(":");
      return [Number(port), new Port(Number(port), host, Number(number))];
    }),
  );
  console.log("ready");
  for await (const line of console) {
    if (line === "") continue;
    const order = JSON.parse(line) as RelayOrder;
    const port = ports.get(order.port);
    if (port === undefined) throw new Error(`no port ${order.port}`);
    if (order.order === "delay") port.delay = order.milliseconds;
    else port.end(order.order);
  }
  process.exit(0);
}
