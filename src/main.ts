/**
 * The entry of the binary. A proofserv is started once per worker, and its start-up is what a user waits
 * for: `serve` gets to its work from here, with nothing of the command line on the way.
 */
import { beginSignals } from "./lib/signals.ts";
import { serveDaemon } from "./session/call-back.ts";

beginSignals();
const argv = process.argv.slice(2);
const isServe = argv.length === 1 && argv[0] === "serve";
const served = isServe ? await serveDaemon() : undefined;
process.exit(served ?? (await (await import("./cli/main.ts")).run(argv)));
