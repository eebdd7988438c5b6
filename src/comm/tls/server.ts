/** The answering end of TLS: a daemon's. */
import { createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { TlsFiles } from "../secure.ts";
import type { AcceptTls, TlsPeer } from "../transport.ts";
import { readAuthorities, readOwnCertificate } from "./certificates.ts";
import { certificateProblem } from "./problems.ts";
import { TlsTransport } from "./transport.ts";

/** A daemon's certificate, ready for use. */
export interface ServerTls {
  accept: AcceptTls;
  /** For the log: whom it is for, and until when. */
  subject: string;
  validTo: string;
}

/** Reads the files; with `mutual`, callers are asked for a certificate. Throws TLS_FILE. */
export function serverTls(files: TlsFiles, mutual: boolean): ServerTls {
  const { cert, key, leaf } = readOwnCertificate(files);
  const ca = mutual ? readAuthorities(files.ca) : undefined;
  const context: SecureContext = createSecureContext({
    cert,
    key,
    // A daemon that calls another, or itself, with this very certificate is one of the cluster.
    ...(ca === undefined ? {} : { ca: [...ca, leaf.toString()], allowPartialTrustChain: true }),
  });
  const options = {
    secureContext: context,
    requestCert: mutual,
    // Refused with words in the answer to the login, which a broken handshake has none of.
    rejectUnauthorized: false,
  };
  const agreed = (socket: TLSSocket): TlsPeer => ({
    problem: mutual ? callerProblem(socket) : "",
  });
  return {
    accept: (transport, head) =>
      new TlsTransport(transport, head, { side: "server", options }, { agreed }),
    subject: leaf.subjectAltName ?? leaf.subject,
    validTo: leaf.validTo,
  };
}

function callerProblem(socket: TLSSocket): string {
  if (socket.authorized) return "";
  // Bun has undefined where node:tls has an empty object.
  const shown = socket.getPeerCertificate() as { raw?: Buffer } | undefined;
  if (shown?.raw === undefined) return "shows none";
  return `shows one that ${certificateProblem(socket.authorizationError)}`;
}
