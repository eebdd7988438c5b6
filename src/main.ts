/**
 * The entry of the binary. It must stay this small: what is imported here is loaded by every worker, and
 * cli/main.ts gets to `serve` without anything else on the way.
 */
import { main } from "./cli/main.ts";

await main();
