/**
 * Ed25519 keys of OpenSSH: reading public and private ones, signing and checking. The one place with
 * sshpk, which reads the formats; signatures are the system's.
 *
 * What is signed has the form of OpenSSH's own file signatures (PROTOCOL.sshsig), so that no signature
 * made here can serve for anything else that the key is good for.
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { type Key, parseKey, parsePrivateKey } from "sshpk";
import { ByteWriter } from "./bytes.ts";
import { messageOf, ProofError } from "./errors.ts";

/** Bytes of a public key, and of a signature. */
export const PUBLIC_KEY_SIZE = 32;
export const SIGNATURE_SIZE = 64;

/** A private key that has been read. */
export interface SigningKey {
  /** The public half, as it is. */
  readonly publicKey: Buffer;
  sign(namespace: string, message: Uint8Array): Buffer;
}

/** What kind of key a line of OpenSSH's begins with. */
export const ED25519 = "ssh-ed25519";

/** The bytes of a public key written as `ssh-ed25519 AAAA…`; undefined if that is no such key. */
export function readPublicKey(text: string): Buffer | undefined {
  try {
    const key = parseKey(text, "ssh");
    return key.type === "ed25519" ? part(key, "A") : undefined;
  } catch {
    return undefined;
  }
}

/** A public key as OpenSSH names it: `SHA256:…`. */
export function sshFingerprint(publicKey: Uint8Array): string {
  const blob = new ByteWriter().i32(ED25519.length).text(ED25519);
  blob.i32(publicKey.length).bytes(publicKey);
  const digest = createHash("sha256").update(blob.done()).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/**
 * Reads a private key; undefined if it is encrypted and there is no passphrase, or a wrong one. Throws
 * USER_KEY for anything that is no ed25519 key; `file` is for messages.
 */
export function readPrivateKey(
  content: Buffer,
  file: string,
  passphrase?: string,
): SigningKey | undefined {
  let key: Key;
  try {
    key = parsePrivateKey(
      content,
      "auto",
      passphrase === undefined ? {} : { passphrase, filename: file },
    );
  } catch (error) {
    if (isLocked(error)) return undefined;
    throw new ProofError("USER_KEY", `${file}: ${messageOf(error)}`, {
      hint: "make a key with: ssh-keygen -t ed25519",
      cause: error,
    });
  }
  if (key.type !== "ed25519") {
    throw new ProofError("USER_KEY", `${file}: is a key of type ${key.type}, expected ed25519`, {
      hint: "make one with: ssh-keygen -t ed25519, and name it in security.identity",
    });
  }
  return signingKey(part(key, "k"), part(key, "A"));
}

function isLocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "KeyEncryptedError" || /passphrase|decrypt/i.test(error.message);
}

function part(key: Key, name: string): Buffer {
  const found = key.parts.find((each) => each.name === name)?.data ?? Buffer.alloc(0);
  // Some formats put a zero in front, and some the public half behind the private one.
  return Buffer.from(found.length > PUBLIC_KEY_SIZE ? found.subarray(-PUBLIC_KEY_SIZE) : found);
}

function signingKey(seed: Buffer, publicKey: Buffer): SigningKey {
  const key = createPrivateKey({
    format: "jwk",
    key: {
      kty: "OKP",
      crv: "Ed25519",
      d: seed.toString("base64url"),
      x: publicKey.toString("base64url"),
    },
  });
  return {
    publicKey,
    sign: (namespace, message) => sign(null, signedData(namespace, message), key),
  };
}

/** Whether `signature` over `message` was made with the private half of `publicKey`. */
export function checkSignature(
  publicKey: Buffer,
  signature: Buffer,
  namespace: string,
  message: Uint8Array,
): boolean {
  if (publicKey.length !== PUBLIC_KEY_SIZE || signature.length !== SIGNATURE_SIZE) return false;
  try {
    const x = publicKey.toString("base64url");
    const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
    return verify(null, signedData(namespace, message), key, signature);
  } catch {
    return false;
  }
}

function signedData(namespace: string, message: Uint8Array): Buffer {
  const digest = createHash("sha512").update(message).digest();
  const data = new ByteWriter(192).text("SSHSIG");
  for (const field of [namespace, "", "sha512"]) data.i32(Buffer.byteLength(field)).text(field);
  return data.i32(digest.length).bytes(digest).done();
}
