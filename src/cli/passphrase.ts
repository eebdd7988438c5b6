/** Asking for a passphrase on the terminal, whatever standard input and output are, without showing it. */
import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { ProofError } from "../lib/errors.ts";

const ENTER = ["\r", "\n"];
const INTERRUPT = "\x03";
const END = "\x04";
const ERASE = ["\x7f", "\b"];
const ERASE_LINE = "\x15";

/** Asks for the passphrase of the key in `file`. Throws USER_KEY where there is no terminal, INTERRUPTED. */
export async function askPassphrase(file: string): Promise<string> {
  const terminal = openTerminal(file);
  const input = new ReadStream(terminal);
  try {
    // Before the question: what is typed ahead must not show either.
    input.setRawMode(true);
    writeSync(terminal, `Passphrase for ${file}: `);
    return await readLine(input);
  } finally {
    input.setRawMode(false);
    writeSync(terminal, "\r\n");
    input.destroy();
    try {
      closeSync(terminal);
    } catch {
      // The stream has closed it.
    }
  }
}

function openTerminal(file: string): number {
  try {
    return openSync("/dev/tty", "r+");
  } catch (cause) {
    throw new ProofError(
      "USER_KEY",
      `${file}: is encrypted, and there is no terminal to ask for its passphrase`,
      {
        hint: "run proof on a terminal, or name a key without a passphrase in security.identity",
        cause,
      },
    );
  }
}

function readLine(input: ReadStream): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let line = "";
  const stop = (): void => reject(new ProofError("INTERRUPTED", "interrupted"));
  input.on("data", (chunk: Buffer) => {
    for (const key of chunk.toString()) {
      if (ENTER.includes(key)) return resolve(line);
      if (key === INTERRUPT || key === END) return stop();
      if (ERASE.includes(key)) line = line.slice(0, -1);
      else if (key === ERASE_LINE) line = "";
      else line += key;
    }
  });
  input.on("end", stop);
  input.on("error", reject);
  return promise;
}
