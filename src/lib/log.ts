/**
 * The daemon's log: levels, components and fields, one line per entry, on stderr.
 *
 *   text  2026-01-02T03:04:05.678Z info [sessions] session opened id=3 user=alice
 *   json  {"time":"…","level":"info","component":"sessions","message":"session opened","id":3,"user":"alice"}
 *
 * consola carries the entries; of it only the core is loaded, with one reporter of our own, because its
 * standard ones write to stdout, drop repeated lines and fall silent under NODE_ENV=test.
 * Logging never throws: a full disk or a closed stderr must not end a daemon.
 */
import { createConsola, type ConsolaInstance, type LogObject } from "consola/core";
import {
  formatJson,
  formatText,
  LOG_LEVELS,
  type LogEntry,
  type LogFields,
  type LogFormat,
  type LogLevel,
} from "./log-format.ts";

export { LOG_LEVELS, type LogFields, type LogFormat, type LogLevel };

/** A log, or the part of one that belongs to a component. */
export interface Log {
  /** The level in force; shared by a log and all its children. */
  level: LogLevel;
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  trace(message: string, fields?: LogFields): void;
  /** The same log with `component` in every entry; a child of a child is named `a:b`. */
  child(component: string): Log;
}

/** What {@link createLog} takes. */
export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Longest text in a line, message and each field; unlimited by default. */
  line?: number;
  /** Takes each finished line, newline included; stderr by default. */
  write?: (line: string) => void;
}

// A reader of stderr that stalls must not make the daemon's memory grow: beyond this, lines are dropped.
const MAX_UNWRITTEN = 4 * 1024 * 1024;

/** Creates the log of a process. */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? writeStderr();
  const colours = options.write === undefined && stderrTakesColour();
  const format = options.format === "json" ? formatJson : formatText;
  const { line = Number.POSITIVE_INFINITY } = options;
  const consola = createConsola({
    // The level is ours (below): consola copies its own into every child, where it could not be changed.
    level: Number.MAX_SAFE_INTEGER,
    throttle: 0,
    reporters: [
      {
        log(entry) {
          try {
            write(`${format(entryOf(entry, line), colours)}\n`);
          } catch {
            // Where would a failure to log be logged?
          }
        },
      },
    ],
  });
  return new ConsolaLog(consola, { level: options.level });
}

class ConsolaLog implements Log {
  readonly #consola: ConsolaInstance;
  readonly #shared: { level: LogLevel };

  constructor(consola: ConsolaInstance, shared: { level: LogLevel }) {
    this.#consola = consola;
    this.#shared = shared;
  }

  get level(): LogLevel {
    return this.#shared.level;
  }

  set level(level: LogLevel) {
    this.#shared.level = level;
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  trace(message: string, fields?: LogFields): void {
    this.#log("trace", message, fields);
  }

  child(component: string): Log {
    return new ConsolaLog(this.#consola.withTag(component), this.#shared);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#shared.level)) {
      this.#consola[level](message, fields);
    }
  }
}

function entryOf(log: LogObject, longest: number): LogEntry {
  const [message, fields] = log.args as [string, LogFields];
  return {
    time: log.date.toISOString(),
    level: log.type as LogLevel,
    component: log.tag,
    message: cut(message, longest),
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === "string" ? cut(value, longest) : value,
      ]),
    ),
  };
}

/** Texts come from peers, and could fill the disk. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest)}… (${text.length} characters)`;
}

function stderrTakesColour(): boolean {
  return process.stderr.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

let unwritten = 0;
let dropped = 0;
let guarded = false;

/** The line writer for stderr: never throws, never queues without bound. */
function writeStderr(): (line: string) => void {
  if (!guarded) {
    guarded = true;
    // Without a listener a closed or full stderr would end the process.
    process.stderr.on("error", () => {});
  }
  return (line) => {
    if (unwritten > MAX_UNWRITTEN) {
      dropped++;
      return;
    }
    const text =
      dropped === 0 ? line : `(${dropped} log lines dropped: stderr is not read)\n${line}`;
    dropped = 0;
    unwritten += text.length;
    process.stderr.write(text, () => {
      unwritten -= text.length;
    });
  };
}
