/** Who is at the other end of a UNIX socket, as the kernel knows it. */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { LIBC } from "./libc.ts";

/** Credentials of a peer process. */
export interface PeerCredentials {
  pid: number;
  uid: number;
  gid: number;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

type GetSockOpt = (
  fd: number,
  level: number,
  name: number,
  value: number,
  length: number,
) => number;
let getsockopt: GetSockOpt | undefined;

/** Credentials of the peer of descriptor `fd`; undefined where the system can't tell (not Linux). */
export function peerCredentials(fd: number): PeerCredentials | undefined {
  if (process.platform !== "linux") return undefined;
  getsockopt ??= dlopen(LIBC, {
    getsockopt: {
      args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.u64, FFIType.u64],
      returns: FFIType.i32,
    },
  }).symbols.getsockopt as unknown as GetSockOpt;
  const value = new Int32Array(3);
  const length = new Uint32Array([12]);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, Number(ptr(value)), Number(ptr(length))) !== 0)
    return undefined;
  return { pid: value[0] ?? -1, uid: value[1] ?? -1, gid: value[2] ?? -1 };
}
