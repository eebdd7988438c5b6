/** The logs of sessions that run or have run, of this node and of those below it. */
import { readLines, startOfTail, withFile } from "../lib/file-part.ts";
import { Admin, ErrorNumber } from "../protocol/codes.ts";
import { isOrdinal } from "../protocol/create.ts";
import {
  type LogAnswer,
  logAnswer,
  type LogPart,
  type LogRequest,
  logRequest,
  type SessionEntry,
  sessionsAnswer,
  sessionsRequest,
} from "../protocol/session-files.ts";
import { ProofError } from "../lib/errors.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { askNodes } from "./nodes.ts";
import {
  asOwner,
  type LogFile,
  logsIn,
  type Owner,
  ownerOf,
  resultsIn,
  sessionDirectory,
  sessionTags,
  startOf,
} from "./session-files.ts";

/** Sessions listed at most, the newest. */
const MAX_LISTED = 1000;
/** Bytes of one log that are given in any case: a line should fit. */
const LEAST = 4096;

/** The sessions of somebody that have left logs or results on this node. Throws REFUSED or CheckError. */
export function listSessionFiles(
  context: Context,
  connection: Connection,
  payload: Buffer,
): Buffer {
  const owner = ownerOf(context, connection, sessionsRequest.decode(payload).user);
  const sessions = asOwner(owner, () =>
    sessionTags(context, owner)
      .slice(-MAX_LISTED)
      .flatMap((tag): SessionEntry[] => {
        const directory = sessionDirectory(context, owner, tag);
        if (directory === undefined) return [];
        const logs = logsIn(directory).length;
        const results = resultsIn(directory).length;
        const live = isLive(context, tag);
        return [{ tag, user: owner.user, live, started: startOf(tag), logs, results }];
      }),
  );
  return sessionsAnswer.encode({ sessions });
}

/** Parts of a session's logs. Throws REFUSED or CheckError. */
export async function readSessionLogs(
  context: Context,
  connection: Connection,
  payload: Buffer,
): Promise<Buffer> {
  const request = logRequest.decode(payload);
  if (request.ordinal !== "" && !isOrdinal(request.ordinal))
    throw refusal(context, `"${request.ordinal.slice(0, 64)}" is not an ordinal`);
  const owner = ownerOf(context, connection, request.user);
  const own = asOwner(owner, () => ownLogs(context, owner, request));
  // Whose session it is, only the node of its master knows: elsewhere it may have another name.
  const below = own === undefined ? [] : await askBelow(context, owner, request);
  const answers = below.flatMap((each) => ("answer" in each ? [each.answer] : []));
  const failures = below.flatMap((each) => ("failure" in each ? [each.failure] : []));
  const logs = new Map<string, LogPart>();
  // Daemons that share a directory see the same logs.
  for (const part of [...(own ?? []), ...answers.flatMap((answer) => answer.logs)])
    if (!logs.has(part.name)) logs.set(part.name, part);
  return logAnswer.encode({
    known: own !== undefined,
    live: isLive(context, request.tag),
    logs: [...logs.values()],
    failures: [...failures, ...answers.flatMap((answer) => answer.failures)],
  });
}

function refusal(context: Context, text: string): ProofError {
  const details = { phase: "running", host: context.host, number: ErrorNumber.invalidRequest };
  return new ProofError("REFUSED", `${context.host}: ${text}`, { details });
}

function isLive(context: Context, tag: string): boolean {
  const isOpen = (state: string): boolean => state === "starting" || state === "running";
  return context.sessions
    .all()
    .some(({ launched, state }) => launched?.topTag === tag && isOpen(state));
}

/** The logs of this node; undefined where the session has no directory here. */
function ownLogs(context: Context, owner: Owner, request: LogRequest): LogPart[] | undefined {
  const { tag, ordinal, tail, seen, budget } = request;
  const directory = sessionDirectory(context, owner, tag);
  if (directory === undefined) return undefined;
  const wanted = logsIn(directory).filter((log) => ordinal === "" || log.ordinal === ordinal);
  const known = new Map(seen.map(({ name, at }) => [name, at]));
  const max = Math.max(LEAST, Math.floor(budget / Math.max(1, 2 * wanted.length)));
  return wanted.flatMap((log) => partOf(log, known.get(log.name), tail, max) ?? []);
}

function partOf(
  { name, path, ordinal, host }: LogFile,
  seen: number | undefined,
  tail: number,
  max: number,
): LogPart | undefined {
  return withFile(path, (fd, size) => {
    const first = tail < 0 ? 0 : startOfTail(fd, size, tail);
    // One that is shorter than it was has been cut: what is left is all that there is.
    const from = seen === undefined ? first : seen > size ? 0 : seen;
    const bytes = from < size ? readLines(fd, from, Math.min(max, size - from)) : Buffer.alloc(0);
    return { name, ordinal, host, size, next: from + bytes.length, text: bytes.toString() };
  });
}

/** Asks the nodes below, unless the log that is wanted can only be here. */
async function askBelow(context: Context, { user }: Owner, request: LogRequest) {
  const { hops, deadline, ordinal } = request;
  if (hops === 0 || ordinal === "0") return [];
  const timeout = Math.max(1, Math.round(deadline * 0.9));
  return askNodes(context, user, deadline, async (call, node, count): Promise<LogAnswer> => {
    const further = node.role === "submaster" ? hops - 1 : 0;
    const budget = Math.max(LEAST, Math.floor(request.budget / (2 * count)));
    const handed = { ...request, user: "", hops: further, deadline: timeout, budget };
    return logAnswer.decode(
      await call(Admin.sessionLogs, "logs", timeout, logRequest.encode(handed)),
    );
  });
}
