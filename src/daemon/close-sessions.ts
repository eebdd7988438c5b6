/** Ending sessions at the request of somebody who need not be their client: `proof close`. */
import type { AdminCall } from "../comm/admin-call.ts";
import { withDeadline } from "../lib/clock.ts";
import { ProofError } from "../lib/errors.ts";
import { killTree } from "../lib/process.ts";
import { type CloseAnswer, closeAnswer, closeRequest } from "../protocol/close.ts";
import { Admin, ErrorNumber } from "../protocol/codes.ts";
import { type FailureFacts, failureOf } from "../protocol/failure.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { askNodes } from "./nodes.ts";
import { asOwner, ownerOf, sessionDirectory } from "./session-files.ts";
import type { Session } from "./session.ts";
import { isSuperuser } from "./users.ts";

/** Milliseconds for other nodes, and for the kernel to end what it was told to kill; */
const AT_ONCE = 2_000;
/** the same on these other nodes, whose answer must still come back. */
const AT_ONCE_BELOW = 1_000;

/** A session that is to end; perhaps only what is left of it on other nodes. */
interface Chosen {
  tag: string;
  user: string;
}

/** Ends what is asked for, and answers when it is gone. Throws REFUSED or CheckError. */
export async function closeSessions(
  context: Context,
  connection: Connection,
  payload: Buffer,
): Promise<Buffer> {
  const { tag, hard, isPart } = closeRequest.decode(payload);
  if (isPart) {
    const own = part(context, connection, tag);
    // Only a submaster's daemon knows of further nodes; any other would only send the question round.
    const isAbove = partsOf(context, tag).some(({ role }) => role === "submaster");
    return closeAnswer.encode(
      await reset(context, [own], {
        further: isAbove,
        by: connection.user,
        patience: AT_ONCE_BELOW,
      }),
    );
  }
  const chosen =
    tag === ""
      ? context.sessions.tops().filter(({ user }) => user === connection.user)
      : [find(context, connection, tag, hard)];
  for (const { tag: which, user } of chosen)
    context.log.info("session closed on request", { tag: which, user, by: connection.user, hard });
  if (hard) {
    const how = { further: true, by: connection.user, patience: AT_ONCE };
    return closeAnswer.encode(await reset(context, chosen, how));
  }
  const sessions = chosen.flatMap((each) => topOf(context, each.tag) ?? []);
  for (const session of sessions) session.end();
  await Promise.all(sessions.map((session) => session.ended));
  return closeAnswer.encode({ closed: sessions.map((session) => session.tag), failures: [] });
}

function topOf(context: Context, tag: string): Session | undefined {
  return context.sessions.tops().find((each) => tag !== "" && each.tag === tag);
}

function find(context: Context, connection: Connection, tag: string, hard: boolean): Chosen {
  const refused = (number: number, text: string, hint: string): ProofError =>
    new ProofError("REFUSED", `${context.host}: ${text}`, {
      hint,
      details: { phase: "running", host: context.host, number },
    });
  const session = topOf(context, tag);
  if (session === undefined) {
    const owner = ownerOf(context, connection, "");
    // Its master is gone; on other nodes there may still be something of it.
    if (hard && asOwner(owner, () => sessionDirectory(context, owner, tag)) !== undefined)
      return { tag, user: owner.user };
    const hint = "proof status shows the sessions of a daemon";
    throw refused(ErrorNumber.invalidRequest, `there is no session ${tag}`, hint);
  }
  if (session.user === connection.user || isSuperuser(context, connection)) return session;
  const hint = "only its user, and who is in security.superusers of that daemon, may end a session";
  throw refused(ErrorNumber.notAuthorized, `session ${tag} is not ${connection.user}'s`, hint);
}

/** The part on this node of a session whose master is on another one. Throws REFUSED. */
function part(context: Context, connection: Connection, tag: string): Chosen {
  const users = new Set(partsOf(context, tag).map(({ user }) => user));
  const others = [...users].filter((user) => user !== connection.user);
  if (others.length === 0) return { tag, user: connection.user };
  if (isSuperuser(context, connection)) return { tag, user: others[0] ?? "" };
  throw new ProofError("REFUSED", `${context.host}: session ${tag} is not ${connection.user}'s`, {
    details: { phase: "running", host: context.host, number: ErrorNumber.notAuthorized },
  });
}

/** All proofservs here that belong to the session `tag`. */
function partsOf(context: Context, tag: string): Session[] {
  return context.sessions.all().filter(({ launched }) => launched?.topTag === tag);
}

/** Ends sessions with SIGKILL, here and (`further`) on all nodes below, and waits for nobody who is stuck. */
async function reset(
  context: Context,
  chosen: readonly Chosen[],
  { further, by, patience }: { further: boolean; by: string; patience: number },
): Promise<CloseAnswer> {
  const own = chosen.flatMap(({ tag }) => partsOf(context, tag));
  const why = new ProofError("SESSION_ENDED", `${context.host}: ended by proof close --hard`, {
    details: { phase: "running", host: context.host, by },
  });
  for (const session of own) {
    if (session.pid !== 0) killTree(session.pid);
    session.kill(why);
  }
  const [left, ...below] = await Promise.all([
    Promise.all(own.map((session) => isGone(context, session, patience))),
    ...(further ? chosen : []).map((session) => resetBelow(context, session, patience)),
  ]);
  const failures = [...left, ...below].flat();
  return { closed: chosen.map(({ tag }) => tag), failures };
}

/** Nothing, or what there is to say of a proofserv that is still there. */
async function isGone(
  context: Context,
  session: Session,
  patience: number,
): Promise<FailureFacts[]> {
  const late = (): ProofError =>
    new ProofError(
      "TIMEOUT",
      `${context.host}: proofserv ${session.ordinal} (pid ${session.pid}) is still there ${patience / 1000} s after SIGKILL`,
    );
  try {
    await withDeadline(session.ended, patience, late);
    return [];
  } catch (error) {
    return [failureOf(error as ProofError, "running", context.host)];
  }
}

async function resetBelow(
  context: Context,
  { tag, user }: Chosen,
  patience: number,
): Promise<FailureFacts[]> {
  const payload = closeRequest.encode({ tag, hard: true, isPart: true });
  const ask = async (call: AdminCall): Promise<CloseAnswer> =>
    closeAnswer.decode(await call(Admin.closeSessions, "close", patience, payload));
  const answers = await askNodes(context, user, patience, ask, true);
  return answers.flatMap((each) => ("failure" in each ? [each.failure] : each.answer.failures));
}
