/** What is wrong with a certificate, in words. */
import { systemCode } from "../../lib/errors.ts";

const PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  CERT_REVOKED: "has been revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "is signed by an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT: "is signed by an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is signed by an authority that is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is signed by an authority that is not known here",
  CERT_SIGNATURE_FAILURE: "has a false signature",
  INVALID_PURPOSE: "is not made for this purpose",
};

/** Codes of certificates that would be believed if the right file were in tls.ca. */
const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function codeOf(error: unknown): string {
  return (typeof error === "string" ? error : systemCode(error)) ?? "";
}

/** The rest of a sentence that begins with "a certificate that". */
export function certificateProblem(error: unknown): string {
  const code = codeOf(error);
  return PROBLEMS[code] ?? `cannot be verified (${code})`;
}

/** Whether an error of the TLS library is about a certificate. */
export function isCertificateProblem(error: unknown): boolean {
  return PROBLEMS[codeOf(error)] !== undefined;
}

/** Whether all that is wrong is that nobody here knows who signed it. */
export function isUnknownAuthority(error: unknown): boolean {
  return UNKNOWN_AUTHORITY.has(codeOf(error));
}
