/** Certificates, keys and authorities as they stand in files, read and checked before they are used. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { ProofError, systemCode } from "../../lib/errors.ts";
import type { TlsFiles } from "../secure.ts";
import { reasonOf } from "../../lib/system-error.ts";

/** A certificate with its key and what it is signed by, as PEM text, and its first part taken apart. */
export interface OwnCertificate {
  cert: string;
  key: string;
  leaf: X509Certificate;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Group or others may not read a key; of a key that root owns the group may (Debian's ssl-cert). */
const FORBIDDEN = { own: 0o077, root: 0o037 } as const;

/**
 * The certificate of a daemon. Throws TLS_FILE naming the file: missing, unreadable, no PEM, a key that
 * others may read, that has a passphrase or that belongs to another certificate, or a certificate that is
 * not valid now.
 */
export function readOwnCertificate(files: TlsFiles, now = Date.now()): OwnCertificate {
  const { cert, leaf } = readCertificate(files.cert);
  const { text: key, object } = readPrivateKey(files.key);
  if (!leaf.checkPrivateKey(object)) {
    throw unusable(files.key, `does not belong to the certificate in ${files.cert}`, {
      hint: "tls.cert and tls.key must be made together; put the right pair there",
    });
  }
  const renew = { hint: "put a renewed certificate there, then send the daemon SIGHUP" };
  if (now > Date.parse(leaf.validTo))
    throw unusable(files.cert, `the certificate expired on ${leaf.validTo}`, renew);
  if (now < Date.parse(leaf.validFrom)) {
    throw unusable(files.cert, `the certificate is not valid before ${leaf.validFrom}`, {
      hint: "check the clock of this machine",
    });
  }
  return { cert, key, leaf };
}

/**
 * What a caller has to show: its certificate, and the key if this account may read it. A machine's daemon
 * and its users share a configuration, but not the daemon's key. Throws TLS_FILE for all else.
 */
export function readCallerCertificate(
  files: TlsFiles,
): { cert: string; leaf: X509Certificate; key: string | undefined } | undefined {
  if (files.cert === "") return undefined;
  try {
    const { cert, leaf } = readCertificate(files.cert);
    return { cert, leaf, key: readKeyIfAllowed(files.key) };
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** The certificates in a file of authorities, as PEM texts. Throws TLS_FILE. */
export function readAuthorities(path: string): string[] {
  const blocks = readPem(path).match(BLOCK) ?? [];
  if (blocks.length === 0) throw unusable(path, "holds no certificate in PEM form");
  for (const block of blocks) parse(path, block);
  return blocks;
}

function readCertificate(path: string): { cert: string; leaf: X509Certificate } {
  const cert = readPem(path);
  const [first] = cert.match(BLOCK) ?? [];
  if (first === undefined) throw unusable(path, "holds no certificate in PEM form");
  return { cert, leaf: parse(path, first) };
}

function parse(path: string, block: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (cause) {
    throw unusable(path, "holds a certificate that cannot be read", { cause });
  }
}

function readKeyIfAllowed(path: string): string | undefined {
  try {
    return readPrivateKey(path).text;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

function isForbidden(error: unknown): boolean {
  const code = error instanceof ProofError ? systemCode(error.cause) : undefined;
  return code === "EACCES" || code === "EPERM";
}

function readPrivateKey(path: string): { text: string; object: KeyObject } {
  const text = readPem(path);
  checkMode(path);
  try {
    return { text, object: createPrivateKey(text) };
  } catch (cause) {
    if (/ENCRYPTED/.test(text)) {
      throw unusable(path, "is protected by a passphrase, and a daemon has nobody to ask", {
        hint: `take the passphrase off: openssl pkey -in ${path} -out NEW`,
      });
    }
    throw unusable(path, "holds no private key in PEM form", { cause });
  }
}

function checkMode(path: string): void {
  const { mode, uid } = statSync(path);
  const self = process.getuid?.() ?? uid;
  if (uid !== self && uid !== 0) {
    throw unusable(path, `belongs to uid ${uid}, not to uid ${self} or root`, {
      hint: `run: chown ${self} ${path}`,
    });
  }
  if ((mode & (uid === 0 ? FORBIDDEN.root : FORBIDDEN.own)) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw unusable(path, `has mode ${octal}, so others may read or change it`, {
    hint: `run: chmod 600 ${path}`,
  });
}

/** Larger than any bundle of certificates. */
const MAX_SIZE = 16 * 1024 * 1024;

function readPem(path: string): string {
  try {
    const stat = statSync(path);
    // Opening a FIFO would wait for a writer without an end.
    if (!stat.isFile()) throw unusable(path, "is not a regular file");
    if (stat.size > MAX_SIZE) throw unusable(path, "is too large for a file of certificates");
    return readFileSync(path, "latin1");
  } catch (cause) {
    if (cause instanceof ProofError) throw cause;
    const reasons: Record<string, string> = {
      ENOENT: "no such file",
      ENOTDIR: "no such file",
      EACCES: "permission denied",
    };
    const code = systemCode(cause) ?? "";
    throw unusable(path, reasons[code] ?? reasonOf(cause), { cause });
  }
}

function unusable(
  path: string,
  what: string,
  {
    hint = "tls.cert, tls.key and tls.ca must be files in PEM form",
    cause,
  }: {
    hint?: string;
    cause?: unknown;
  } = {},
): ProofError {
  return new ProofError("TLS_FILE", `${path}: ${what}`, { hint, cause, details: { file: path } });
}
