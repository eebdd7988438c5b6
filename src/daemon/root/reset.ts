/** TProof::Reset (admin 1005): ends all sessions of a user. */
import { withDeadline } from "../../lib/clock.ts";
import { ProofError } from "../../lib/errors.ts";
import { serverMessage } from "../../protocol/attention.ts";
import { Admin, Attention, Request, Role } from "../../protocol/codes.ts";
import type { RequestFrame } from "../../protocol/frames.ts";
import { admin } from "../../protocol/requests.ts";
import type { Connection } from "../connection.ts";
import type { Context } from "../context.ts";
import { isSuperuser } from "../users.ts";
import { handOn, otherNodes } from "./nodes.ts";

/** Milliseconds after which the answer comes whether or not all is gone. */
const PATIENCE = 10_000;

/** Ends the sessions and resolves when they are gone, or after a while. */
export async function cleanupSessions(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<void> {
  const { int3 } = admin.decode(frame.body);
  const isHard = int3 === 1;
  const kind = isHard ? "hard-reset" : "soft-reset";
  const { link, pid, cid, role } = connection;
  const say = (text: string, option?: number): void => {
    const body = serverMessage.encode(option === undefined ? { text } : { text, option });
    link.attention(frame.stream, Attention.srvmsg, body);
  };
  const user = wantedUser(context, connection, frame);
  say(`CleanupSessions: ${kind}: signalling active sessions for termination`);
  say(
    `CleanupSessions: ${kind}: cleaning up client: requested by: ${connection.user}.${pid}:${cid}@${context.host}`,
  );
  // A daemon of the cluster asks for what is left on its workers, too.
  const isAll = role === Role.admin && isHard;
  const chosen = context.sessions
    .all()
    .filter((session) => session.user === user && (isAll || session.role === "master"));
  for (const session of chosen) {
    if (isHard) session.kill();
    else session.end();
  }
  const ended = Promise.all(chosen.map((session) => session.ended));
  const forwarded = isHard && role !== Role.admin ? forward(context, user, say) : undefined;
  const late = (): ProofError => new ProofError("TIMEOUT", "sessions do not end");
  await withDeadline(Promise.all([ended, forwarded]), PATIENCE, late).catch(() =>
    say("CleanupSessions: some sessions have not ended yet", 0),
  );
}

/** Whose sessions: the caller's, or whom a superuser names. */
function wantedUser(context: Context, connection: Connection, frame: RequestFrame): string {
  const [named = ""] = frame.payload.toString().replace(/\0+$/, "").split(":");
  return named !== "" && isSuperuser(context, connection) ? named : connection.user;
}

async function forward(
  context: Context,
  user: string,
  say: (text: string, option?: number) => void,
): Promise<void> {
  const nodes = otherNodes(context);
  if (nodes.length === 0) return;
  say("CleanupSessions: hard-reset: forwarding the reset request to next tier(s) ", 0);
  const body = admin.encode(-1, Admin.cleanupSessions, 2, 1);
  const request = { id: Request.admin, body, payload: Buffer.alloc(0), user };
  await Promise.allSettled(nodes.map((node) => handOn(context, node, request)));
}
