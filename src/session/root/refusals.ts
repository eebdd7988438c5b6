/**
 * Requests of ROOT's clients that only a proofserv of ROOT's can serve, and what each of them waits for:
 * a client that is not answered as it expects waits for ever.
 */
import { rootMessage, RootKind } from "../../protocol/root-messages.ts";

/** How a request is refused. */
export interface Refusal {
  /** Messages that the client waits for before or behind the text. */
  before?: Buffer;
  after?: Buffer;
  what: string;
  /** Status of the LOGDONE; undefined where the client waits for none. */
  status?: number;
}

/** By kind of message. */
export const REFUSALS: Readonly<Record<number, Refusal>> = {
  // As if it were to be done later: then Process returns the number, −1, and runs nothing of the client's.
  [RootKind.process]: { what: "Process", before: rootMessage.notSubmitted() },
  [RootKind.cache]: { what: "a package, or the cache of files,", status: -1 },
  [RootKind.getEntries]: {
    what: "looking into a ROOT file",
    status: -1,
    after: rootMessage.entries(-1n),
  },
  [RootKind.getTreeHeader]: {
    what: "reading the header of a tree",
    before: rootMessage.treeHeader("Failed"),
  },
  [RootKind.getOutputList]: {
    what: "the list of outputs",
    before: rootMessage.nothing(RootKind.getOutputList),
  },
  [RootKind.validateDataSet]: { what: "validating a TDSet", status: -1 },
  [RootKind.dataReady]: {
    what: "staging of data",
    before: rootMessage.dataReady(),
    status: -1,
  },
  [RootKind.retrieve]: { what: "retrieving a query", status: -1 },
  [RootKind.archive]: { what: "archiving a query", status: -1 },
  [RootKind.remove]: { what: "removing a query", status: -1 },
  [RootKind.dataSets]: { what: "the list of data sets", status: -1 },
  [RootKind.libIncPath]: { what: "a path of libraries or headers", status: -1 },
  [RootKind.fork]: { what: "forking workers", status: -1 },
  [RootKind.sendFile]: { what: "sending a macro or a package", status: 1 },
};
