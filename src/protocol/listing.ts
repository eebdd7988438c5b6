/**
 * The answer to QuerySessions, PROOF's own text: the number of sessions, then for each of them
 * ` | <sid> <tag> <alias> <status> <clients>`, and a NUL.
 */
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { CheckError } from "../lib/check.ts";

/** States of a session, by the numbers that stand for them in the list. */
export const SessionStatus = { idle: 0, running: 1, shutdown: 2, enqueued: 3, unknown: 4 } as const;

/** One session of the list. */
export interface SessionLine {
  sid: number;
  tag: string;
  /** May be empty. */
  alias: string;
  /** A number of {@link SessionStatus}. */
  status: number;
  /** Clients attached. */
  clients: number;
}

const LINE = /^(\d{1,9}) ([^\s|]+) ([^\s|]*) (\d{1,9}) (\d{1,9})$/;

/** Codec of the list; both ways throw CheckError where a line does not fit the grammar. */
export const sessionList = {
  encode(lines: readonly SessionLine[]): Buffer {
    const text = lines.map(({ sid, tag, alias, status, clients }) => {
      const line = `${sid} ${tag} ${alias} ${status} ${clients}`;
      if (!LINE.test(line)) throw new CheckError(`sessions: ${JSON.stringify(line)} is not a line`);
      return ` | ${line}`;
    });
    return new ByteWriter().cstring(`${lines.length}${text.join("")}`).done();
  },
  /** Reads a list of at most `limit` sessions. */
  decode(payload: Buffer, limit: number): SessionLine[] {
    const [count = "", ...lines] = new ByteReader(payload).restText().split(" | ", limit + 2);
    if (lines.length > limit) throw new CheckError(`sessions: more than ${limit} lines`);
    if (count !== String(lines.length))
      throw new CheckError(`sessions: ${lines.length} lines, not as many as announced`);
    return lines.map((line) => {
      const found = LINE.exec(line);
      if (found === null) throw new CheckError("sessions: a line that is none");
      const [, sid, tag = "", alias = "", status, clients] = found;
      return { sid: Number(sid), tag, alias, status: Number(status), clients: Number(clients) };
    });
  },
};
