/** The socket of a service manager: what a service tells it, as datagrams on a UNIX socket. */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { waitFor } from "./wait-for.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_DONTWAIT = 0x40;

const { i32, u32, u64 } = FFIType;
const calls = dlopen("libc.so.6", {
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, u64, u32], returns: i32 },
  recv: { args: [i32, u64, u64, i32], returns: FFIType.i64 },
  close: { args: [i32], returns: i32 },
}).symbols as unknown as Record<string, (...args: number[]) => number | bigint>;

function call(name: string, ...args: number[]): number {
  return Number(calls[name]?.(...args));
}

export class NotifySocket implements Disposable {
  readonly path: string;
  readonly #fd: number;
  readonly #messages: string[] = [];

  constructor(path: string) {
    this.path = path;
    this.#fd = call("socket", AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    // Behind an @ it is a name that is in no directory.
    const name = Buffer.from(path.replace(/^@/, "\0"));
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), name]);
    if (call("bind", this.#fd, Number(ptr(address)), address.length) !== 0)
      throw new Error(`cannot bind ${path}`);
  }

  /** The messages so far. */
  messages(): string[] {
    const buffer = Buffer.alloc(4096);
    for (;;) {
      const length = call("recv", this.#fd, Number(ptr(buffer)), buffer.length, MSG_DONTWAIT);
      if (length < 0) return this.#messages;
      this.#messages.push(buffer.subarray(0, length).toString());
    }
  }

  /** Waits for a message that matches. */
  async says(pattern: RegExp): Promise<string> {
    return await waitFor(
      `${pattern} from the service`,
      () => this.messages().find((message) => pattern.test(message)),
      { seen: () => this.messages() },
    );
  }

  [Symbol.dispose](): void {
    call("close", this.#fd);
  }
}
