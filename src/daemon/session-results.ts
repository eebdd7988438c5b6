/** Results of queries that the masters of sessions have kept on this node, whether or not these still run. */
import { CheckError } from "../lib/check.ts";
import { ProofError } from "../lib/errors.ts";
import { readBytes, withFile } from "../lib/file-part.ts";
import { ErrorNumber } from "../protocol/codes.ts";
import { MessageFramer } from "../protocol/envelope.ts";
import { FrameError } from "../protocol/frames.ts";
import { listing, type QueryInfo } from "../protocol/query-client.ts";
import { RESULT_PART, resultList, resultPart, resultRequest } from "../protocol/session-files.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { asOwner, ownerOf, resultsIn, sessionDirectory } from "./session-files.ts";

/** What a result says of itself stands in its first bytes. */
const HEAD = 64 * 1024;

/** The list of a session's results, or a part of one of them. Throws REFUSED or CheckError. */
export function readSessionResults(
  context: Context,
  connection: Connection,
  payload: Buffer,
): Buffer {
  const { user, tag, seq, at } = resultRequest.decode(payload);
  const owner = ownerOf(context, connection, user);
  const refused = (text: string): ProofError =>
    new ProofError("REFUSED", `${context.host}: ${text}`, {
      hint: "proof results HOST lists the sessions, proof results HOST TAG their results",
      details: { phase: "running", host: context.host, number: ErrorNumber.notFound },
    });
  return asOwner(owner, () => {
    const directory = sessionDirectory(context, owner, tag);
    if (directory === undefined)
      throw refused(`${owner.user} has no session ${JSON.stringify(tag)}`);
    const results = resultsIn(directory);
    if (seq === 0) return resultList.encode(results.flatMap(({ path }) => describe(path) ?? []));
    const found = results.find((result) => result.seq === seq);
    const part =
      found === undefined
        ? undefined
        : withFile(found.path, (fd, size) =>
            resultPart.encode(size, readBytes(fd, Math.min(at, size), RESULT_PART)),
          );
    if (part === undefined) throw refused(`session ${tag} has kept no result of query ${seq}`);
    return part;
  });
}

/** What a result says of itself; undefined for what is none. */
function describe(path: string): QueryInfo | undefined {
  return withFile(path, (fd) => {
    try {
      const framer = new MessageFramer(HEAD);
      framer.push(readBytes(fd, 0, HEAD));
      const message = framer.next();
      return message?.what === listing.what ? listing.decode(message).fields.queries[0] : undefined;
    } catch (error) {
      if (error instanceof CheckError || error instanceof FrameError) return undefined;
      throw error;
    }
  });
}
