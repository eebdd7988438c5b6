/** Asking for a passphrase on the terminal, whatever standard input and output are, without showing it. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { abortReason } from "../lib/abort.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { signalProcess } from "../lib/process.ts";

const ENTER = ["\r", "\n"];
const INTERRUPT = "\x03";
const END = "\x04";
const STOP = "\x1a";
const ERASE = ["\x7f", "\b"];
const ERASE_LINE = "\x15";

/** Milliseconds between two looks for keys, while signals are handled. */
const LOOK = 20;

/**
 * Asks for the passphrase of the key in `file`, until `signal` is aborted; there is no connection yet. Throws USER_KEY
 * where there is no terminal, INTERRUPTED, and the reason of `signal`.
 */
export async function askPassphrase(file: string, signal?: AbortSignal): Promise<string> {
  const terminal = openTerminal(file);
  // Only for its switch: what it read it would keep from whoever asks next.
  const input = new ReadStream(openTerminal(file));
  const question = (): void => {
    // Before the question: what is typed ahead must not show either.
    input.setRawMode(true);
    writeSync(terminal, `Passphrase for ${file}: `);
  };
  const stop = (): void => {
    input.setRawMode(false);
    writeSync(terminal, "\r\n");
    // Returns when we go on.
    signalProcess(0, "SIGTSTP");
    question();
  };
  try {
    question();
    return await readLine(terminal, stop, signal);
  } finally {
    input.setRawMode(false);
    writeSync(terminal, "\r\n");
    input.destroy();
    closeSync(terminal);
  }
}

function openTerminal(file: string): number {
  try {
    return openSync("/dev/tty", constants.O_RDWR | constants.O_NONBLOCK);
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

async function readLine(
  terminal: number,
  stop: () => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = Buffer.alloc(256);
  let line = "";
  for (;;) {
    const count = readNow(terminal, buffer);
    if (signal?.aborted === true) throw abortReason(signal);
    if (count === 0) throw new ProofError("INTERRUPTED", "interrupted");
    if (count === undefined) await Bun.sleep(LOOK);
    for (const key of decoder.decode(buffer.subarray(0, count ?? 0), { stream: true })) {
      if (ENTER.includes(key)) return line;
      if (key === INTERRUPT || key === END) throw new ProofError("INTERRUPTED", "interrupted");
      if (key === STOP) stop();
      else if (ERASE.includes(key)) line = line.slice(0, -1);
      else if (key === ERASE_LINE) line = "";
      else line += key;
    }
  }
}

/** Reads what has been typed: so many bytes, 0 at the end; undefined if there is nothing. */
function readNow(terminal: number, buffer: Buffer): number | undefined {
  try {
    return readSync(terminal, buffer);
  } catch (error) {
    if (systemCode(error) === "EAGAIN") return undefined;
    // The terminal is gone.
    return 0;
  }
}
