/** A client of bytes: sends hex, cuts answers into frames of 8 bytes and their payload. */
import { waitFor } from "./wait-for.ts";

/** Handshake of ROOT's client, and what it is answered: version 1007. */
export const HELLO = "000000000000000000000001000000000000000000000004000007dc";
export const WELCOME = "0000000000000000000003ef00000000";

/** One response: header fields, and the payload as it is. */
export interface Frame {
  stream: string;
  status: number;
  payload: Buffer;
}

export class RawClient implements Disposable {
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #socket: Bun.Socket | undefined;

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient();
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => {
          client.#received = Buffer.concat([client.#received, chunk]);
        },
        close: () => {
          client.#closed = true;
        },
      },
    });
    return client;
  }

  /** Connects and shakes hands as ROOT's client does. */
  static async greeted(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.send(HELLO);
    if ((await client.bytes(WELCOME.length / 2)).toString("hex") !== WELCOME)
      throw new Error("another welcome than XPROOFD's");
    return client;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Sends bytes, given in hex (blanks are for readers) or as they are; returns how many were taken. */
  send(bytes: string | Uint8Array): number {
    return (
      this.#socket?.write(
        typeof bytes === "string" ? Buffer.from(bytes.replaceAll(" ", ""), "hex") : bytes,
      ) ?? 0
    );
  }

  /** Reads nothing any more. */
  pause(): void {
    this.#socket?.pause();
  }

  /** The next `count` bytes. */
  async bytes(count: number): Promise<Buffer> {
    await waitFor(`${count} bytes`, () => this.#received.length >= count, {
      seen: () => ({ closed: this.#closed, received: this.#received.toString("latin1") }),
    });
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  /** The next response. */
  async frame(): Promise<Frame> {
    const header = await this.bytes(8);
    return {
      stream: header.subarray(0, 2).toString("hex"),
      status: header.readUInt16BE(2),
      payload: Buffer.from(await this.bytes(header.readInt32BE(4))),
    };
  }

  /** The next response, if it is there already. */
  tryFrame(): Frame | undefined {
    const header = this.#received;
    if (header.length < 8 || header.length < 8 + header.readInt32BE(4)) return undefined;
    const end = 8 + header.readInt32BE(4);
    this.#received = header.subarray(end);
    return {
      stream: header.subarray(0, 2).toString("hex"),
      status: header.readUInt16BE(2),
      payload: Buffer.from(header.subarray(8, end)),
    };
  }

  /** Sends a request and gives the response. */
  async ask(hex: string): Promise<Frame> {
    this.send(hex);
    return await this.frame();
  }

  /** Waits until the peer has closed. */
  async closed(): Promise<void> {
    await waitFor("the end of the connection", () => this.#closed);
  }

  [Symbol.dispose](): void {
    this.#socket?.terminate();
  }
}

/** What an error response says: its number, its text, and what follows the text's NUL. */
export function errorOf({ status, payload }: Frame): {
  status: number;
  number: number;
  text: string;
} {
  const nul = payload.indexOf(0, 4);
  return {
    status,
    number: payload.readInt32BE(0),
    text: payload.subarray(4, nul < 0 ? undefined : nul).toString(),
  };
}
