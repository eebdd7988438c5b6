/** Certificates made by openssl: an authority, and certificates that it has signed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Whether certificates can be made here; the reason if not. */
export const openssl: { possible: true } | { possible: false; reason: string } =
  Bun.which("openssl") === null
    ? { possible: false, reason: "no openssl (Debian package openssl)" }
    : { possible: true };

/** Text behind the name of tests that need certificates: empty, or why they are skipped. */
export const NO_OPENSSL: string = openssl.possible ? "" : ` (skipped: ${openssl.reason})`;

/** Paths of a certificate and its key. */
export interface Certificate {
  cert: string;
  key: string;
}

function run(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr.toString()}`);
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export class Authority {
  readonly #directory: string;
  /** Path of its own certificate. */
  readonly ca: string;
  readonly #key: string;
  readonly #name: string;
  #made = 0;

  constructor(directory: string, name = "ca") {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#name = name;
    this.ca = join(directory, `${name}.pem`);
    this.#key = join(directory, `${name}.key`);
    run(
      "req",
      "-x509",
      ...NEW_KEY,
      "-keyout",
      this.#key,
      "-out",
      this.ca,
      "-subj",
      `/CN=${name}`,
      "-days",
      "30",
    );
  }

  /** Signs a certificate for `names` such as "DNS:localhost,IP:127.0.0.1", valid for so many days. */
  sign(names: string, days = 30): Certificate {
    const stem = join(this.#directory, `${this.#name}-${this.#made++}`);
    const [cert, key, request, extension] = ["pem", "key", "csr", "ext"].map(
      (end) => `${stem}.${end}`,
    ) as [string, string, string, string];
    run("req", "-new", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", "/CN=test");
    writeFileSync(
      extension,
      `subjectAltName=${names}
`,
    );
    const by = ["-CA", this.ca, "-CAkey", this.#key, "-set_serial", String(1000 + this.#made)];
    run(
      "x509",
      "-req",
      "-in",
      request,
      ...by,
      "-days",
      String(days),
      "-extfile",
      extension,
      "-out",
      cert,
    );
    return { cert, key };
  }
}
