/**
 * What systemd and a service of its have to tell one another: sd_notify(3), a datagram to the socket that
 * NOTIFY_SOCKET names, and sd_listen_fds(3), sockets that are open from descriptor 3 on. Linux only.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { LIBC } from "./libc.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const MSG_DONTWAIT_NOSIGNAL = 0x4040;
/** Descriptors below are standard input, output and error. */
const FIRST_FD = 3;
/** Sockets that a service is given at most. */
const MAX_FDS = 64;
/** Longest path in an address, with the NUL. */
const MAX_PATH = 108;

/** Variables that the service manager sets. */
export type ServiceEnvironment = Readonly<Record<string, string | undefined>>;

type Call = (...args: number[]) => number;
let calls: Record<"socket" | "sendto" | "close" | "getsockname" | "getsockopt", Call> | undefined;

function libc(): NonNullable<typeof calls> {
  const { i32, u32, u64 } = FFIType;
  calls ??= dlopen(LIBC, {
    socket: { args: [i32, i32, i32], returns: i32 },
    sendto: { args: [i32, u64, u64, i32, u64, u32], returns: i32 },
    close: { args: [i32], returns: i32 },
    getsockname: { args: [i32, u64, u64], returns: i32 },
    getsockopt: { args: [i32, i32, i32, u64, u64], returns: i32 },
  }).symbols as unknown as NonNullable<typeof calls>;
  return calls;
}

const addressOf = (bytes: Uint8Array | Uint32Array | Int32Array): number => Number(ptr(bytes));

/** Sends assignments such as READY=1 to the service manager; false if it could not be told. */
export type Notify = (state: Readonly<Record<string, string | number>>) => boolean;

/** How to tell the service manager; undefined where there is none. */
export function notifierOf(env: ServiceEnvironment): Notify | undefined {
  const path = env["NOTIFY_SOCKET"];
  if (process.platform !== "linux" || path === undefined || !/^[/@]./.test(path)) return undefined;
  const name = Buffer.from(path.replace(/^@/, "\0"));
  if (name.length >= MAX_PATH) return undefined;
  const address = Buffer.concat([new Uint8Array(new Uint16Array([AF_UNIX]).buffer), name]);
  return (state) => {
    const lines = Object.entries(state).map(([key, value]) => `${key}=${clean(value)}`);
    const message = Buffer.from(lines.join("\n"));
    const { socket, sendto, close } = libc();
    const fd = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (fd < 0) return false;
    try {
      const [text, to] = [addressOf(message), addressOf(address)];
      const sent = sendto(fd, text, message.length, MSG_DONTWAIT_NOSIGNAL, to, address.length);
      return sent === message.length;
    } finally {
      close(fd);
    }
  };
}

/** A value cannot begin an assignment of its own. */
function clean(value: string | number): string {
  return String(value).replaceAll(/\p{Cc}/gu, " ");
}

/** Milliseconds after which the service manager wants another sign of life; 0 if it wants none. */
export function watchdogInterval(env: ServiceEnvironment): number {
  const [time, pid] = [env["WATCHDOG_USEC"], env["WATCHDOG_PID"]];
  if (time === undefined || (pid !== undefined && pid !== String(process.pid))) return 0;
  return /^\d{1,15}$/.test(time) ? Math.floor(Number(time) / 1000) : 0;
}

/** A socket that somebody else has opened for us, and what it is bound to. */
export interface InheritedSocket {
  fd: number;
  host: string;
  port: number;
}

/** The listening TCP sockets that the service manager has opened for this process. Throws an Error for others. */
export function inheritedSockets(env: ServiceEnvironment): InheritedSocket[] {
  const [count, pid] = [env["LISTEN_FDS"], env["LISTEN_PID"]];
  // The variables may have come through another process, for which they were meant.
  if (process.platform !== "linux" || count === undefined || pid !== String(process.pid)) return [];
  if (!/^\d{1,3}$/.test(count) || Number(count) > MAX_FDS)
    throw new Error(`LISTEN_FDS is ${count}`);
  return Array.from({ length: Number(count) }, (_, i) => describe(FIRST_FD + i));
}

function describe(fd: number): InheritedSocket {
  const accepts = new Int32Array(1);
  const size = new Uint32Array([4]);
  const listens =
    libc().getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, addressOf(accepts), addressOf(size)) === 0;
  const bytes = Buffer.alloc(MAX_PATH + 2);
  const length = new Uint32Array([bytes.length]);
  const isBound = libc().getsockname(fd, addressOf(bytes), addressOf(length)) === 0;
  const family = isBound ? new Uint16Array(bytes.buffer, bytes.byteOffset, 1)[0] : undefined;
  if (!listens || accepts[0] !== 1 || (family !== AF_INET && family !== AF_INET6))
    throw new Error(`descriptor ${fd} is no listening TCP socket`);
  const host =
    family === AF_INET ? [...bytes.subarray(4, 8)].join(".") : ipv6(bytes.subarray(8, 24));
  return { fd, host, port: bytes.readUInt16BE(2) };
}

/** An IPv6 address as the system writes it. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
