/** What a client takes from the configuration of its account. */
import type { Identity } from "../comm/log-in.ts";
import type { SessionLimits } from "../comm/remote-session.ts";
import { secureWith } from "../comm/secure.ts";
import type { Secure } from "../comm/transport.ts";
import { readKey } from "../config/key.ts";
import { loadConfig } from "../config/load.ts";

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
      key: readKey(config.security.key),
      keyFile: config.security.key,
    },
    limits: {
      tcp,
      login,
      create,
      heartbeat: config.session.heartbeat,
      heartbeatTimeout: config.session.heartbeat_timeout,
      message: config.limits.message,
    },
    startupTimeout: session,
    warnings,
  };
}
