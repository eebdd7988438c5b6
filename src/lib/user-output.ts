/** The console of user code. */
import { createRequire } from "node:module";

/** Takes what user code prints. */
export type Print = (stream: "out" | "err", text: string) => void;

/** Makes the global `console` write through `print`. */
export function redirectConsole(print: Print): void {
  const define = (descriptor: PropertyDescriptor): boolean =>
    Reflect.defineProperty(globalThis, "console", { configurable: true, ...descriptor });
  const { console: first } = globalThis;
  const load = (): object => {
    const before: unknown = globalThis.console;
    // What it is made of looks for a console, too.
    define({ value: first, writable: true });
    try {
      return wholeConsole(print);
    } finally {
      define({ value: before, writable: true });
    }
  };
  define({ value: consoleOf(print, load), writable: true });
}

/** Which stream the methods write to that print a line; node's console has more of them. */
const LINES = { log: "out", info: "out", debug: "out", error: "err", warn: "err" } as const;

/**
 * A console that prints lines of plain values itself. For anything else node's takes over for good: it takes 5
 * milliseconds to load, which the first command of a worker need not wait for.
 */
function consoleOf(print: Print, makeWhole: () => object): object {
  let whole: object | undefined;
  const load = (): object => (whole ??= makeWhole());
  const light: object = {};
  for (const [name, stream] of Object.entries(LINES)) {
    const method = (...values: unknown[]): void => {
      if (whole === undefined && arePlain(values)) return print(stream, `${values.join(" ")}\n`);
      (Reflect.get(load(), name) as (...all: unknown[]) => void)(...values);
    };
    Reflect.defineProperty(light, name, { value: method, writable: true, configurable: true });
  }
  return new Proxy(light, {
    get: (target, name) => Reflect.get(Reflect.has(target, name) ? target : load(), name),
    has: (target, name) => Reflect.has(target, name) || Reflect.has(load(), name),
  });
}

/** Whether any console prints these as they are: texts, without something to fill in, and numbers. */
function arePlain(values: readonly unknown[]): boolean {
  return values.every(
    (value, i) =>
      (typeof value === "string" && (i > 0 || !value.includes("%"))) ||
      (typeof value === "number" && !Object.is(value, -0)) ||
      typeof value === "boolean",
  );
}

function wholeConsole(print: Print): object {
  const load = createRequire("/");
  const { Console } = load("node:console") as typeof import("node:console");
  const { Writable } = load("node:stream") as typeof import("node:stream");
  const printer = (stream: "out" | "err"): InstanceType<typeof Writable> =>
    new Writable({
      decodeStrings: false,
      write(chunk: unknown, _encoding, callback) {
        print(stream, String(chunk));
        callback();
      },
    });
  return new Console(printer("out"), printer("err"));
}
