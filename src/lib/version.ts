/** The version of this build: set by scripts/build.ts, read from package.json when run from source. */
import { version } from "../../package.json";

// A build-time define; the name does not exist at run time from source, hence the typeof guard.
declare const PROOF_VERSION: string;

/** The version of proof, as in `0.1.0`. */
export const VERSION: string = typeof PROOF_VERSION === "undefined" ? version : PROOF_VERSION;
