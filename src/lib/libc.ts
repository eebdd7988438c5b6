/** The system's C library, for what Bun does not offer. */

/** Its name for dlopen. */
export const LIBC: string =
  process.arch === "arm64" || process.arch === "x64" ? "libc.so.6" : "libc.so";
