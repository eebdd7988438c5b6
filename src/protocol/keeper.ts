/** What a daemon tells its keeper on its standard input: one line of JSON, and at the end a farewell. */
import { Fields } from "../lib/check.ts";
import { parseJson } from "./json.ts";

/** What a keeper needs to know. Durations are milliseconds. */
export interface KeeperParameters {
  /** The daemon's state directory. */
  state: string;
  /** The daemon: its pid, and its start time as the kernel counts it. */
  pid: number;
  start: string;
  /** How long to wait for the next daemon. */
  reconnto: number;
  /** From SIGTERM to SIGKILL. */
  terminate: number;
}

/** The line with which a daemon that ends in good order sends its keeper away. */
export const FAREWELL = "farewell";

const DAY = 86_400_000;

export function encodeKeeper(parameters: KeeperParameters): string {
  return JSON.stringify(parameters);
}

/** Reads the line; throws CheckError. */
export function decodeKeeper(line: string): KeeperParameters {
  const fields = new Fields(parseJson(line, "keeper"), "keeper");
  return {
    state: fields.string("state"),
    pid: fields.integer("pid", 1, 0x7fffffff),
    start: fields.string("start", 32),
    reconnto: fields.integer("reconnto", 0, DAY),
    terminate: fields.integer("terminate", 0, DAY),
  };
}
