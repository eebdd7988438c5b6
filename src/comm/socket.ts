/**
 * Transports over Bun's sockets, TCP and UNIX.
 *
 * Bun facts this file answers for: a full close with unread input makes the kernel drop what the peer
 * has not read yet, so links end by shutdown() and read on until the peer closes; short writes are
 * ours to keep; `drain` fires without reason; `data` must stay synchronous.
 */
import { ProofError } from "../lib/errors.ts";
import { type BareSocket, events, type SocketOwner } from "./bare-socket.ts";
import { Outbox } from "./outbox.ts";
import {
  HIGH_WATER,
  LINGER,
  LOW_WATER,
  type Transport,
  type TransportHandler,
} from "./transport.ts";

/** Where to connect to, or to listen. */
export type Address = { host: string; port: number } | { path: string };

/** An address for people. */
export function formatAddress(address: Address): string {
  if ("path" in address) return address.path;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

class SocketTransport implements Transport, SocketOwner {
  #socket: BareSocket;
  #handler: TransportHandler | undefined;
  #early: Buffer[] = [];
  #closedEarly: { error?: Error } | undefined;
  readonly #outbox = new Outbox();
  readonly #flushNow = (): void => this.#flush();
  #wasHigh = false;
  #paused = false;
  /** When the kernel last took something, or something was queued after nothing was. */
  #lastTaken = 0;
  #ending = false;
  #peerEnded = false;
  #closed = false;
  #linger: ReturnType<typeof setTimeout> | undefined;
  readonly peer: string;
  readonly remoteAddress: string;

  constructor(socket: BareSocket, address?: Address) {
    this.#socket = socket;
    const remote = address !== undefined && "path" in address ? "" : (socket.remoteAddress ?? "");
    // IPv4 peers of a dual-stack listener appear as ::ffff:a.b.c.d
    this.remoteAddress = remote.startsWith("::ffff:") ? remote.slice(7) : remote;
    this.peer =
      address === undefined
        ? formatAddress({ host: this.remoteAddress || "unknown", port: socket.remotePort ?? 0 })
        : formatAddress(address);
  }

  get fd(): number {
    // Present at run time, missing from the types.
    return (this.#socket as unknown as { fd: number }).fd;
  }

  get queued(): number {
    return this.#outbox.queued;
  }

  get stalled(): number {
    return this.#outbox.queued === 0 ? 0 : performance.now() - this.#lastTaken;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  attach(handler: TransportHandler): void {
    this.#handler = handler;
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) handler.data(chunk);
    if (this.#closedEarly !== undefined) handler.closed(this.#closedEarly.error);
  }

  write(bytes: Uint8Array, isSpent?: boolean): void {
    if (this.#closed || this.#ending) return;
    if (this.#outbox.queued === 0) this.#lastTaken = performance.now();
    this.#outbox.push(bytes, isSpent);
    if (this.#outbox.queued > (this.#handler?.high ?? HIGH_WATER)) this.#wasHigh = true;
    this.#outbox.soon(this.#flushNow);
  }

  pause(): void {
    if (this.#closed || this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#closed || !this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    // A paused socket would never see the peer's end.
    this.resume();
    this.#linger = setTimeout(() => this.abort(), LINGER);
    this.#flush();
  }

  abort(): void {
    if (this.#closed) return;
    this.#outbox.clear();
    this.#socket.terminate();
  }

  #flush(): void {
    if (this.#closed) return;
    const before = this.#outbox.queued;
    this.#outbox.flush((bytes) => this.#socket.write(bytes));
    if (this.#outbox.queued < before) this.#lastTaken = performance.now();
    if (this.#outbox.queued === 0 && this.#ending) {
      if (this.#peerEnded) this.#socket.end();
      else this.#socket.shutdown();
    }
    // Not only in `drain`, which does not come once a write has taken everything.
    if (this.#wasHigh && this.#outbox.queued < LOW_WATER) {
      this.#wasHigh = false;
      queueMicrotask(() => {
        if (!this.#closed) this.#handler?.drained?.();
      });
    }
  }

  /** Socket events. */
  onData(chunk: Buffer): void {
    if (this.#handler === undefined) this.#early.push(chunk);
    else this.#handler.data(chunk);
  }

  onDrain(): void {
    this.#flush();
  }

  onEnd(): void {
    this.#peerEnded = true;
    if (this.#ending) this.#flush();
    else this.end();
  }

  onClose(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#linger !== undefined) clearTimeout(this.#linger);
    this.#outbox.clear();
    const closed = error === undefined ? {} : { error };
    if (this.#handler === undefined) this.#closedEarly = closed;
    else this.#handler.closed(error);
  }
}

/**
 * Takes over a socket that was opened with an owner of its own. `missed` is what has happened on it since: it is
 * told as if it happened now.
 */
export function takeOver(
  socket: BareSocket,
  address: Address,
  missed: readonly ((owner: SocketOwner) => void)[],
): Transport {
  const transport = new SocketTransport(socket, address);
  socket.data = transport;
  for (const happen of missed) happen(transport);
  return transport;
}

/**
 * Connects to `target`, one IP address or a UNIX socket; `address` is what it is called. A connection that is made once
 * `unneeded` is aborted is closed at once. Throws the system's error, as far as Bun tells it.
 */
export async function openTransport(
  target: Address,
  address: Address,
  unneeded: AbortSignal,
): Promise<Transport> {
  let transport: SocketTransport | undefined;
  await Bun.connect<SocketOwner>({
    ...("path" in target ? { unix: target.path } : { hostname: target.host, port: target.port }),
    allowHalfOpen: true,
    socket: {
      ...events,
      open(socket: BareSocket) {
        transport = new SocketTransport(socket, address);
        socket.data = transport;
        if (unneeded.aborted) socket.terminate();
      },
    },
  } as unknown as Bun.TCPSocketConnectOptions<SocketOwner>);
  if (transport === undefined)
    throw new ProofError("CONNECT", `${formatAddress(address)}: the connection closed at once`);
  return transport;
}

/** Takes over a connected UNIX socket that this process has as descriptor `fd`. Throws the system's error. */
export async function adopt(fd: number): Promise<Transport> {
  let transport: SocketTransport | undefined;
  await Bun.connect<SocketOwner>({
    fd,
    allowHalfOpen: true,
    socket: {
      ...events,
      open(socket: BareSocket) {
        transport = new SocketTransport(socket, { path: `descriptor ${fd}` });
        socket.data = transport;
      },
    },
  } as unknown as Bun.TCPSocketConnectOptions<SocketOwner>);
  if (transport === undefined) throw new ProofError("CONNECT", `descriptor ${fd} is closed`);
  return transport;
}

/** A socket that is listening already. */
export interface BoundSocket {
  fd: number;
  host: string;
  port: number;
}

/** A listening socket. */
export interface Listener {
  readonly address: Address;
  /** Stops accepting; accepted transports live on. A UNIX socket's file is removed. */
  stop(): void;
}

/**
 * Listens; throws the system's error as it is. A UNIX socket gets mode 0600. With a descriptor it is a socket
 * that somebody else has opened for us, bound to that address.
 */
export function listen(
  address: Address | BoundSocket,
  accepted: (transport: Transport) => void,
): Listener {
  const options = {
    ...("path" in address
      ? { unix: address.path }
      : "fd" in address
        ? { fd: address.fd }
        : { hostname: address.host, port: address.port, exclusive: true }),
    allowHalfOpen: true,
    socket: {
      ...events,
      open(socket: BareSocket) {
        const transport = new SocketTransport(socket, "path" in address ? address : undefined);
        socket.data = transport;
        accepted(transport);
      },
    },
  };
  // Nobody else may connect to a UNIX socket, from its first moment.
  const umask = "path" in address ? process.umask(0o177) : undefined;
  let server: Bun.TCPSocketListener<SocketOwner>;
  try {
    server = Bun.listen<SocketOwner>(options as unknown as Bun.TCPSocketListenOptions<SocketOwner>);
  } finally {
    if (umask !== undefined) process.umask(umask);
  }
  return {
    address:
      "path" in address || "fd" in address ? address : { host: address.host, port: server.port },
    stop: () => server.stop(false),
  };
}
