/**
 * Asking ROOT's own xproofd what it is: as a ROOT client would, with the few requests that change nothing.
 * It knows no health, so this is less than one of our daemons tells.
 */
import { Deadline, type Limit } from "../lib/clock.ts";
import { CheckError } from "../lib/check.ts";
import { ProofError } from "../lib/errors.ts";
import { Admin, PROOF_PROTOCOL, Request, Role } from "../protocol/codes.ts";
import { sessionList } from "../protocol/listing.ts";
import { admin, encodeItems, login, LONG_USER } from "../protocol/requests.ts";
import { readVersions, readWorkers, type Xproofd } from "../protocol/xproofd.ts";
import type { Daemon } from "./ask-health.ts";
import { Link, STREAM } from "./link.ts";
import { ask } from "./ask.ts";

/** Sessions of one user that are read at most. */
const MAX_SESSIONS = 10_000;

/** Asks; the whole within `limit`. Throws REFUSED, PROTOCOL, or what a Link throws. */
export async function askXproofd(daemon: Daemon, user: string, limit: Limit): Promise<Xproofd> {
  const deadline = Deadline.of(limit);
  const link = await Link.open(daemon, deadline);
  const request = (id: number, what: string, body: Buffer, payload?: Buffer): Promise<Buffer> =>
    ask(link, "login", () =>
      link.call(STREAM.login, id, {
        what,
        timeout: deadline,
        body,
        payload: payload ?? Buffer.alloc(0),
      }),
    );
  const query = (code: number): Promise<Buffer> =>
    request(Request.admin, "query", admin.encode(0, code));
  try {
    const isLong = Buffer.byteLength(user) > 8;
    const body = login.encode({
      pid: process.pid,
      user: isLong ? LONG_USER : user,
      reserved: PROOF_PROTOCOL,
      capver: 1,
      role: Role.client,
    });
    const payload = encodeItems("", isLong ? [["usr", user]] : []);
    const answer = await request(Request.login, "login", body, payload);
    if (answer.length > 4) {
      const text = `${link.peer}: this xproofd asks for credentials: ${answer.subarray(4).toString()}`;
      throw new ProofError("REFUSED", text, { hint: "only ROOT's own client can show them" });
    }
    const sessions = sessionList.decode(await query(Admin.querySessions), MAX_SESSIONS);
    const workers = readWorkers(await query(Admin.queryWorkers));
    const versions = readVersions(await query(Admin.queryRootVersions));
    return { protocol: answer.readInt32BE(0), user, versions, sessions, workers };
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    throw new ProofError("PROTOCOL", `${link.peer}: an answer that is none: ${error.message}`);
  } finally {
    link.end();
  }
}
