/** Calling others over TLS. All that TLS takes is loaded with the first such call. */
import type { Secure } from "./transport.ts";

/** Files in PEM form; "" where there is none. */
export interface TlsFiles {
  /** Our own certificate, with what it is signed by. */
  readonly cert: string;
  readonly key: string;
  /** Authorities that others are checked against; "" for those of the system. */
  readonly ca: string;
}

/** How a caller with these files secures its connections. The files are read once. */
export function secureWith(files: TlsFiles): Secure {
  let secure: Secure | undefined;
  return async (transport, peer, limit) => {
    try {
      secure ??= (await import("./tls/caller.ts")).callerTls(files);
    } catch (error) {
      transport.abort();
      throw error;
    }
    return secure(transport, peer, limit);
  };
}
