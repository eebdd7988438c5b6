/** What a client takes from the configuration of its account. */
import { holderOf, type Identity } from "../comm/log-in.ts";
import type { SessionLimits } from "../comm/remote-session.ts";
import { secureWith } from "../comm/secure.ts";
import type { Secure } from "../comm/transport.ts";
import { readKey } from "../config/key.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { ProofError } from "../lib/errors.ts";

/** Settings of a client. */
export interface ClientSettings {
  identity: Identity;
  /** How to call the daemon at an address with TLS; undefined where that takes none. */
  secure: (address: { tls: boolean | undefined }) => Secure | undefined;
  limits: SessionLimits;
  /** Milliseconds for the whole of opening. */
  startupTimeout: number;
  warnings: readonly string[];
}

/** Reads the configuration and the cluster key; throws what reading them throws. */
export function clientSettings(options: {
  user: string;
  config?: string | undefined;
  /** Asks for the passphrase of the user's key in that file. */
  passphrase?: AskPassphrase | undefined;
}): ClientSettings {
  const { config, warnings } = loadConfig({
    env: process.env,
    ...(options.config === undefined ? {} : { file: options.config }),
  });
  const { tcp, login, create, session } = config.startup;
  const secure = secureWith(config.tls);
  return {
    secure: ({ tls }) => ((tls ?? config.tls.required) ? secure : undefined),
    identity: {
      user: options.user,
      keys: holderOf(readKeyIfMine(config.security)),
      keyFile: config.security.key,
      unlock: once(async () => {
        const { loadUserKey } = await import("./user-key.ts");
        return loadUserKey(config.security.identity, options.passphrase);
      }),
    },
    limits: {
      tcp,
      login,
      create,
      heartbeat: config.session.heartbeat,
      heartbeatTimeout: config.session.heartbeat_timeout,
      reconnto: config.session.reconnto,
      message: config.limits.message,
    },
    startupTimeout: session,
    warnings,
  };
}

/** Asks for the passphrase of the key in a file. */
export type AskPassphrase = (file: string) => Promise<string>;

/** Where users have accounts of their own, the cluster key that a common file names is root's. */
function readKeyIfMine(security: Config["security"]): Uint8Array | undefined {
  try {
    return readKey(security.key);
  } catch (error) {
    if (security.users === "system" && error instanceof ProofError) return undefined;
    throw error;
  }
}

/** Loads at the first call, and not again: nobody wants to be asked twice. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => (loading ??= load());
}
