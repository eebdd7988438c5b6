/** Finding the session to attach to. */
import type { Entrance } from "../comm/session-link.ts";
import { attaching } from "../comm/session-link.ts";
import { type Link, STREAM } from "../comm/link.ts";
import { ask } from "../comm/ask.ts";
import type { Limit } from "../lib/clock.ts";
import { ProofError } from "../lib/errors.ts";
import { Admin, Request } from "../protocol/codes.ts";
import { type SessionLine, sessionList, SessionStatus } from "../protocol/listing.ts";
import { admin } from "../protocol/requests.ts";

/** Sessions of one user in a list at most. */
const MAX_SESSIONS = 32_768;

/** A session that runs. */
export interface RunningSession {
  tag: string;
  /** Whether it runs a command or a query. */
  isBusy: boolean;
  /** Whether a client is connected to it. */
  hasClient: boolean;
}

/** The sessions of the user who has logged in on `link`. */
export async function askForSessions(link: Link, timeout: Limit): Promise<SessionLine[]> {
  const body = admin.encode(-1, Admin.querySessions);
  const answer = await ask(link, "attach", () =>
    link.call(STREAM.login, Request.admin, { what: "the list of sessions", timeout, body }),
  );
  return sessionList.decode(answer, MAX_SESSIONS);
}

export function describeLine({ tag, status, clients }: SessionLine): RunningSession {
  return { tag, isBusy: status === SessionStatus.running, hasClient: clients > 0 };
}

/** Attaches to the session `tag`, or to the only one there is. */
export function attachingTo(tag: string | undefined): Entrance {
  return {
    phase: "attach",
    async ask(link, timeout) {
      const { sid } = choose(await askForSessions(link, timeout), tag, link.peer);
      return attaching(sid).ask(link, timeout);
    },
  };
}

/** The one of `sessions` that is meant. Throws NO_SESSION, which lists them. */
export function choose(
  sessions: readonly SessionLine[],
  tag: string | undefined,
  peer: string,
): SessionLine {
  const [first, second] = sessions;
  if (tag === undefined && first !== undefined && second === undefined) return first;
  const found = sessions.find((session) => session.tag === tag);
  if (found !== undefined) return found;
  const there = sessions.map((session) => {
    const { isBusy, hasClient } = describeLine(session);
    return `${session.tag} (${isBusy ? "busy" : "idle"}${hasClient ? ", with a client" : ""})`;
  });
  if (first === undefined)
    throw new ProofError("NO_SESSION", `${peer}: you have no session there`, {
      hint: "to open one: proof open, without --attach",
    });
  const what =
    tag === undefined ? `you have ${sessions.length} sessions` : `you have no session ${tag}`;
  throw new ProofError("NO_SESSION", `${peer}: ${what}; there is ${there.join(", ")}`, {
    hint: `name one: --attach ${first.tag}`,
    details: { sessions: sessions.map(describeLine) },
  });
}
