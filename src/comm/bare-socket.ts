/**
 * Bun's sockets with somebody to own each, and nothing else: what transports are made of, and what the start
 * of a proofserv makes do with.
 */
import { turns } from "../lib/turns.ts";

/** Whoever is told what happens on a socket. */
export interface SocketOwner {
  onData(chunk: Buffer): void;
  onDrain(): void;
  /** The peer sends nothing more. */
  onEnd(): void;
  onClose(error?: Error): void;
}

export type BareSocket = Bun.Socket<SocketOwner>;

/** Bun's handler object, shared by all sockets; each finds its owner in `data`. */
export const events = {
  data(socket: BareSocket, chunk: Buffer): void {
    turns.begin?.();
    socket.data?.onData(chunk);
  },
  drain(socket: BareSocket): void {
    turns.begin?.();
    socket.data?.onDrain();
  },
  end(socket: BareSocket): void {
    turns.begin?.();
    socket.data?.onEnd();
  },
  close(socket: BareSocket, error?: Error): void {
    turns.begin?.();
    socket.data?.onClose(error);
  },
  // Also called when a handler of ours throws: that must end this connection, and only this one.
  error: (socket: BareSocket, error: Error): void => {
    socket.data?.onClose(error);
    socket.terminate();
  },
};

/**
 * Connects to a UNIX socket, or takes over one that is connected and that this process has as descriptor `fd`.
 * Throws the system's error.
 */
export function openSocket(
  to: { unix: string } | { fd: number },
  owner: SocketOwner,
): Promise<BareSocket> {
  const options = { ...to, data: owner, allowHalfOpen: true, socket: events };
  return Bun.connect<SocketOwner>(options as unknown as Bun.UnixSocketOptions<SocketOwner>);
}
