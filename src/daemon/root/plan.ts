/** What the daemon knows of a session before its proofserv of ROOT's is started. */
import type { CreateBuffer } from "../../protocol/create.ts";
import { isLoopback } from "../../protocol/login.ts";
import type { Connection } from "../connection.ts";
import type { Context } from "../context.ts";
import type { Session } from "../session.ts";
import type { RootPlan } from "./launch.ts";

/** What a proofserv of ROOT's is started with; undefined for our own. */
export function rootPlan(
  context: Context,
  session: Session,
  { conf, options, logLevel }: CreateBuffer & { logLevel: number },
  creator: { connection: Connection } | undefined,
): RootPlan | undefined {
  const { version, role, sid, ordinal, user, group } = session;
  if (version === undefined) return undefined;
  const { state, host, port } = context;
  const { link, cid } = creator?.connection ?? { link: undefined, cid: 0 };
  const address = link?.remoteAddress ?? "";
  return {
    version,
    role,
    sid,
    ordinal,
    user,
    group,
    cid,
    host,
    port,
    conf,
    logLevel,
    clientHost: isLoopback(address) ? "localhost" : address,
    socket: state.socket,
    stateDirectory: state.path,
    masterOnly: options.masterOnly,
  };
}

/** PROOF's own variable for it: seconds to wait for the call-back. */
export function callbackPatience(session: Session, { options }: CreateBuffer): number | undefined {
  const seconds = Number(options.env["PROOF_INTWAIT"]);
  if (session.version === undefined || !(seconds >= 1 && seconds <= 3600)) return undefined;
  return seconds * 1000;
}
