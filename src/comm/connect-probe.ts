/**
 * Why a connection cannot be made. Bun reports most causes as a refusal, so the system is asked a second time, in its own
 * words: a connection through the C library, whose error is read, and the ICMP message that brought it about if there is one.
 * Linux only; elsewhere nothing is known.
 */
import { dlopen, FFIType, ptr, read } from "bun:ffi";
import { constants } from "node:os";
import { LIBC } from "../lib/libc.ts";

/** What came of asking. */
export interface Finding {
  /** Name of the system's error, ECONNREFUSED or another; "" if the connection was made. */
  code: string;
  /** The ICMP message that came in answer, if it was one. */
  icmp?: Icmp | undefined;
}

/** An ICMP message "destination unreachable". */
export interface Icmp {
  version: 4 | 6;
  code: number;
  /** Address of the router or firewall that sent it. */
  from: string;
}

/** Milliseconds between two looks. */
const PAUSE = 10;

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;
const MSG_ERRQUEUE = 0x2000;
const POLLOUT = 4;
/** Origins of an error: this machine itself, ICMP, ICMPv6. */
const ORIGIN_ICMP: Readonly<Record<number, 4 | 6>> = { 2: 4, 3: 6 };

const { i32, u32, u64 } = FFIType;

function open() {
  return dlopen(LIBC, {
    socket: { args: [i32, i32, i32], returns: i32 },
    connect: { args: [i32, FFIType.ptr, u32], returns: i32 },
    setsockopt: { args: [i32, i32, i32, FFIType.ptr, u32], returns: i32 },
    getsockopt: { args: [i32, i32, i32, FFIType.ptr, FFIType.ptr], returns: i32 },
    poll: { args: [FFIType.ptr, u64, i32], returns: i32 },
    recvmsg: { args: [i32, FFIType.ptr, i32], returns: i32 },
    inet_pton: { args: [i32, FFIType.ptr, FFIType.ptr], returns: i32 },
    if_nametoindex: { args: [FFIType.ptr], returns: u32 },
    close: { args: [i32], returns: i32 },
    __errno_location: { args: [], returns: FFIType.ptr },
  }).symbols;
}

let library: ReturnType<typeof open> | undefined;

/**
 * Connects to `address`, an IP address, and closes again. Resolves with what came of it, or with undefined if nothing has
 * when `signal` is aborted, or if the system cannot be asked.
 */
export async function probe(
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  if (process.platform !== "linux" || signal.aborted) return undefined;
  const c = (library ??= open());
  const errno = (): string => nameOf(read.i32(c.__errno_location() ?? ptr(new Int32Array(1)), 0));
  const isSix = address.includes(":");
  const target = socketAddress(c, address, port);
  if (target === undefined) return undefined;
  const fd = c.socket(isSix ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return { code: errno() };
  try {
    const on = Int32Array.of(1);
    if (isSix) c.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, ptr(on), 4);
    else c.setsockopt(fd, IPPROTO_IP, IP_RECVERR, ptr(on), 4);
    if (c.connect(fd, ptr(target), target.length) === 0) return { code: "" };
    const code = errno();
    if (code !== "EINPROGRESS") return { code };
    // struct pollfd
    const poll = Buffer.alloc(8);
    poll.writeInt32LE(fd, 0);
    poll.writeInt16LE(POLLOUT, 4);
    while (c.poll(ptr(poll), 1, 0) <= 0) {
      await Bun.sleep(PAUSE);
      if (signal.aborted) return undefined;
    }
    const value = new Int32Array(1);
    if (c.getsockopt(fd, SOL_SOCKET, SO_ERROR, ptr(value), ptr(Uint32Array.of(4))) !== 0)
      return undefined;
    const number = value[0] ?? 0;
    return number === 0 ? { code: "" } : { code: nameOf(number), icmp: icmpOf(c, fd) };
  } finally {
    c.close(fd);
  }
}

/** struct sockaddr_in or sockaddr_in6; undefined for what is no address. */
function socketAddress(
  c: ReturnType<typeof open>,
  address: string,
  port: number,
): Buffer | undefined {
  const isSix = address.includes(":");
  const [bare = "", zone] = address.split("%");
  const family = isSix ? AF_INET6 : AF_INET;
  const result = Buffer.alloc(isSix ? 28 : 16);
  result.writeUInt16LE(family, 0);
  result.writeUInt16BE(port, 2);
  const text = Buffer.from(`${bare}\0`);
  if (c.inet_pton(family, ptr(text), ptr(result, isSix ? 8 : 4)) !== 1) return undefined;
  if (isSix && zone !== undefined) {
    const index = /^\d+$/.test(zone)
      ? Number(zone)
      : c.if_nametoindex(ptr(Buffer.from(`${zone}\0`)));
    result.writeUInt32LE(index, 24);
  }
  return result;
}

/** The ICMP message that the error of a socket came from, if it came from one. */
function icmpOf(c: ReturnType<typeof open>, fd: number): Icmp | undefined {
  const control = Buffer.alloc(512);
  const data = Buffer.alloc(256);
  // struct iovec, struct msghdr of 64-bit systems
  const iovec = Buffer.alloc(16);
  iovec.writeBigUInt64LE(BigInt(ptr(data)), 0);
  iovec.writeBigUInt64LE(BigInt(data.length), 8);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(BigInt(ptr(iovec)), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(BigInt(ptr(control)), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  if (c.recvmsg(fd, ptr(message), MSG_ERRQUEUE) < 0) return undefined;
  // struct cmsghdr, then struct sock_extended_err, then the sender's address
  const length = Number(control.readBigUInt64LE(0));
  const version = ORIGIN_ICMP[control.readUInt8(20)];
  if (length < 32 || length > control.length || version === undefined) return undefined;
  return { version, code: control.readUInt8(22), from: senderOf(control.subarray(32, length)) };
}

function senderOf(address: Buffer): string {
  if (address.length >= 8 && address.readUInt16LE(0) === AF_INET)
    return address.subarray(4, 8).join(".");
  if (address.length >= 24 && address.readUInt16LE(0) === AF_INET6) {
    const words = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(8 + 2 * i).toString(16));
    return new URL(`http://[${words.join(":")}]`).hostname.slice(1, -1);
  }
  return "";
}

function nameOf(number: number): string {
  const { errno } = constants;
  return (
    Object.keys(errno).find((name) => errno[name as keyof typeof errno] === number) ??
    `error ${number}`
  );
}
