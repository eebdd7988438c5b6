/** Asking for a passphrase on the terminal, whatever standard input and output are, without showing it. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { ProofError } from "../lib/errors.ts";

const ENTER = ["\r", "\n"];
const INTERRUPT = "\x03";
const END = "\x04";
const ERASE = ["\x7f", "\b"];
const ERASE_LINE = "\x15";

/**
 * Asks for the passphrase of the key in `file`, and waits for it with everything else standing still: there
 * is no connection yet. Throws USER_KEY where there is no terminal, INTERRUPTED.
 */
export function askPassphrase(file: string): Promise<string> {
  return Promise.try(() => ask(file));
}

function ask(file: string): string {
  const terminal = openTerminal(file);
  // Only for its switch: what it read it would keep from whoever asks next.
  const input = new ReadStream(openTerminal(file));
  try {
    // Before the question: what is typed ahead must not show either.
    input.setRawMode(true);
    writeSync(terminal, `Passphrase for ${file}: `);
    return readLine(terminal);
  } finally {
    input.setRawMode(false);
    writeSync(terminal, "\r\n");
    input.destroy();
    closeSync(terminal);
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

function readLine(terminal: number): string {
  const decoder = new TextDecoder();
  const buffer = Buffer.alloc(256);
  let line = "";
  for (;;) {
    const count = readSync(terminal, buffer);
    if (count === 0) throw new ProofError("INTERRUPTED", "interrupted");
    for (const key of decoder.decode(buffer.subarray(0, count), { stream: true })) {
      if (ENTER.includes(key)) return line;
      if (key === INTERRUPT || key === END) throw new ProofError("INTERRUPTED", "interrupted");
      if (ERASE.includes(key)) line = line.slice(0, -1);
      else if (key === ERASE_LINE) line = "";
      else line += key;
    }
  }
}
