/** What we use of sshpk, which has no types of its own. */
declare module "sshpk" {
  interface KeyPart {
    name: string;
    data: Uint8Array;
  }

  export interface Key {
    type: string;
    parts: readonly KeyPart[];
  }

  /** Throws where `data` is no key in that format. */
  export function parseKey(data: string, format: "ssh"): Key;

  /** Throws KeyParseError, or KeyEncryptedError where there is no passphrase for an encrypted key. */
  export function parsePrivateKey(
    data: Uint8Array,
    format: "auto",
    options: { passphrase?: string; filename?: string },
  ): Key;
}
