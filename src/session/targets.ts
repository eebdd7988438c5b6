/** How the nodes of a session's inventory are called: as workers or submasters, with or without TLS. */
import type { SessionTarget } from "../comm/remote-session.ts";
import { secureWith } from "../comm/secure.ts";
import type { Secure } from "../comm/transport.ts";
import type { WorkerWish } from "../protocol/create.ts";
import { isLoopback } from "../protocol/login.ts";
import type { MasterParameters } from "../protocol/serve.ts";
import { TLS_ID, type WorkerRecord } from "../protocol/workers.ts";

export class Targets {
  readonly #parameters: MasterParameters;
  readonly #secure: Secure | undefined;

  constructor(parameters: MasterParameters) {
    this.#parameters = parameters;
    if (parameters.tls !== undefined) this.#secure = secureWith(parameters.tls);
  }

  /** The session to be opened on a node; `share` is how many workers a submaster is to have. */
  of(record: WorkerRecord, ordinal: string, share: WorkerWish | undefined): SessionTarget {
    const { topTag, requireAll, env, startup } = this.#parameters;
    const isSubmaster = record.type === "S";
    const forSubmaster = isSubmaster ? { workers: share, startup: startup.mode } : {};
    return {
      host: record.host,
      port: record.port,
      ...(record.id === TLS_ID ? this.#secured(record) : {}),
      role: isSubmaster ? "m" : "s",
      name: `session-${topTag}`,
      ordinal,
      options: {
        masterOnly: false,
        requireAll: isSubmaster && requireAll,
        env,
        // Under this address every node knows itself.
        ...(isLoopback(record.host) ? {} : { host: record.host }),
        ...forSubmaster,
      },
    };
  }

  /** How a node is called with TLS: by us, or by our daemon if we may not have the key of this node. */
  #secured({ host, port }: WorkerRecord): Pick<SessionTarget, "secure" | "reach"> {
    if (this.#secure !== undefined) return { secure: this.#secure };
    return {
      reach: async (timeout) => {
        const { callOut } = await import("../comm/call-out.ts");
        return callOut(this.#parameters, { host, port }, timeout);
      },
    };
  }
}
