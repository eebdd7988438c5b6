/** Ending sessions from outside: the request and its answer, both JSON. */
import { asObject, CheckError, Fields } from "../lib/check.ts";
import { type FailureFacts, readFailure } from "./failure.ts";
import { parseJson } from "./json.ts";

/** Which sessions to end, and how. */
export interface CloseRequest {
  /** One session; "" for all of the caller's own. */
  tag: string;
  /** At once, with SIGKILL, on all nodes. */
  hard: boolean;
  /** From a daemon above: the proofservs on this node of the session with that tag, and on nodes below it. */
  isPart: boolean;
}

/** What came of it. */
export interface CloseAnswer {
  /** Tags of the sessions that were ended. */
  closed: string[];
  /** Nodes that gave no answer, and proofservs that are still there. */
  failures: FailureFacts[];
}

/** Tags and failures in an answer at most. */
const MAX = 65_536;

export const closeRequest = {
  encode: ({ tag, hard, isPart }: CloseRequest): Buffer =>
    Buffer.from(
      JSON.stringify({
        ...(tag === "" ? { all: true } : { tag }),
        hard,
        ...(isPart ? { isPart } : {}),
      }),
    ),
  /** Throws CheckError. */
  decode(payload: Buffer): CloseRequest {
    const fields = new Fields(parseJson(payload.toString(), "close"), "close");
    const isOn = (name: string): boolean => fields.has(name) && fields.boolean(name);
    const tag = isOn("all") ? "" : fields.string("tag", 256);
    if (tag === "" && !isOn("all")) throw new CheckError("close: neither a tag nor all");
    return { tag, hard: isOn("hard"), isPart: tag !== "" && isOn("isPart") };
  },
};

export const closeAnswer = {
  encode: (answer: CloseAnswer): Buffer => Buffer.from(JSON.stringify(answer)),
  /** Throws CheckError. */
  decode(payload: Buffer): CloseAnswer {
    const fields = new Fields(parseJson(payload.toString(), "closed"), "closed");
    return {
      closed: fields.list("closed", MAX, (item, what) => {
        if (typeof item !== "string") throw new CheckError(`${what}: not a string`);
        return item.slice(0, 256);
      }),
      failures: fields.list("failures", MAX, (item, what) =>
        readFailure(new Fields(asObject(item, what), what)),
      ),
    };
  },
};
