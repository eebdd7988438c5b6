/** Raw sockets with back-pressure and nothing else: what the floors of messages are made of. */

/** Where to connect. */
export type Address = { unix: string } | { hostname: string; port: number };

type Socket = Bun.Socket<Raw>;

/** One end of a connection. */
export class Raw {
  readonly #socket: Socket;
  #backlog: Uint8Array[] = [];
  #early: Buffer[] = [];
  #data: ((chunk: Buffer) => void) | undefined;
  /** Called when a backlog has gone. */
  onDrained: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Sets who gets what arrives; what came before is handed over now. */
  set onData(data: (chunk: Buffer) => void) {
    this.#data = data;
    for (const chunk of this.#early.splice(0)) data(chunk);
  }

  /** Writes; false if the receiver can't keep up and `onDrained` will follow. */
  write(bytes: Uint8Array): boolean {
    if (this.#backlog.length === 0) {
      const taken = this.#socket.write(bytes);
      if (taken === bytes.length) return true;
      this.#backlog.push(bytes.subarray(Math.max(0, taken)));
    } else this.#backlog.push(bytes);
    return false;
  }

  /** Keeps what arrives from now on, behind `rest`, for the next `onData`. */
  hold(rest: Buffer): void {
    this.#data = undefined;
    if (rest.length > 0) this.#early.push(rest);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  received(chunk: Buffer): void {
    if (this.#data === undefined) this.#early.push(chunk);
    else this.#data(chunk);
  }

  drain(): void {
    while (this.#backlog.length > 0) {
      const first = this.#backlog[0] ?? new Uint8Array();
      const taken = this.#socket.write(first);
      if (taken < first.length) {
        this.#backlog[0] = first.subarray(Math.max(0, taken));
        return;
      }
      this.#backlog.shift();
    }
    this.onDrained();
  }
}

const events = {
  data: (socket: Socket, chunk: Buffer) => socket.data.received(chunk),
  drain: (socket: Socket) => socket.data?.drain(),
  close: () => undefined,
};

/** Connects, and says with one byte for whom the connection is. */
export async function connectRaw(address: Address, name: number): Promise<Raw> {
  const socket = await Bun.connect<Raw>({
    ...address,
    socket: {
      ...events,
      open(opened: Socket) {
        opened.data = new Raw(opened);
      },
    },
  } as Bun.TCPSocketConnectOptions<Raw>);
  socket.data.write(Uint8Array.of(name));
  return socket.data;
}

/** Listens; returns the port, 0 for a UNIX socket. */
export function listenRaw(address: Address, accepted: (raw: Raw) => void): number {
  const listener = Bun.listen<Raw>({
    ...address,
    socket: {
      ...events,
      open(opened: Socket) {
        opened.data = new Raw(opened);
        accepted(opened.data);
      },
    },
  } as Bun.TCPSocketListenOptions<Raw>);
  return "unix" in address ? 0 : listener.port;
}

/** Passes on what `from` receives, as fast as `to` takes it. */
export function pipe(from: Raw, to: Raw): void {
  to.onDrained = () => from.resume();
  from.onData = (chunk) => {
    if (!to.write(chunk)) from.pause();
  };
}
