/** What the user's own code prints on the client. */
import { redirectConsole } from "../lib/user-output.ts";
import type { Output } from "./output.ts";

let isTaken = false;

/** What user code prints here goes through the output: off the progress line, and with --json not among the results. */
export function takeConsole(output: Output): void {
  if (isTaken) return;
  isTaken = true;
  redirectConsole((stream, text) => output.print(output.wantsJson ? "err" : stream, text));
}
