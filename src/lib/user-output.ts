/** The console of user code, made when it is first used: what it is made of takes milliseconds to load. */
import { createRequire } from "node:module";

/** Takes what user code prints. */
export type Print = (stream: "out" | "err", text: string) => void;

/** Makes the global `console` write through `print`. */
export function redirectConsole(print: Print): void {
  const define = (descriptor: PropertyDescriptor): boolean =>
    Reflect.defineProperty(globalThis, "console", { configurable: true, ...descriptor });
  const { console: first } = globalThis;
  define({
    get() {
      // What it is made of looks for a console, too.
      define({ value: first, writable: true });
      const made = consoleOf(print);
      define({ value: made, writable: true });
      return made;
    },
    set(value: unknown) {
      define({ value, writable: true });
    },
  });
}

function consoleOf(print: Print): unknown {
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
