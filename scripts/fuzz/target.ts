/** What is fuzzed: a decoder with things that it reads, and what must hold for whatever it is given. */
import { CheckError } from "../../src/lib/check.ts";
import { ShortRead } from "../../src/lib/bytes.ts";
import { ProofError } from "../../src/lib/errors.ts";
import { LineError } from "../../src/data/text/table.ts";
import { FrameError } from "../../src/protocol/frames.ts";

export interface Target {
  name: string;
  /** Inputs that are right. */
  samples: readonly Buffer[];
  /** Reads `input`; throws what a peer's mistake may lead to, or an Error that is a finding. */
  run(input: Buffer): void | Promise<void>;
}

/** What a peer's mistakes may lead to; anything else that is thrown is a finding. */
export function isExpected(thrown: unknown): boolean {
  return (
    thrown instanceof CheckError ||
    thrown instanceof ShortRead ||
    thrown instanceof FrameError ||
    thrown instanceof LineError ||
    thrown instanceof ProofError
  );
}

/** Thrown where something was read, but wrongly. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/**
 * What was read is written again and read again: both texts must be the same, or something has been
 * read that cannot be said.
 */
export function roundTrip<T>(
  value: T,
  encode: (value: T) => Uint8Array | readonly Uint8Array[],
  decode: (bytes: Buffer) => T,
): void {
  const once = joined(encode(value));
  const twice = joined(encode(decode(once)));
  if (!once.equals(twice))
    throw new Finding(`read, written and read again it is another: ${preview(once, twice)}`);
}

function joined(pieces: Uint8Array | readonly Uint8Array[]): Buffer {
  return Buffer.concat(pieces instanceof Uint8Array ? [pieces] : pieces);
}

function preview(...bytes: Buffer[]): string {
  return bytes.map((each) => JSON.stringify(each.toString("latin1").slice(0, 400))).join(" and ");
}

/** A JSON text as bytes. */
export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A target whose decoder reads bytes and has an encoder. */
export function codec<T>(
  name: string,
  samples: readonly Buffer[],
  decode: (bytes: Buffer) => T,
  encode?: (value: T) => Uint8Array | readonly Uint8Array[],
): Target {
  return {
    name,
    samples,
    run(input) {
      const value = decode(input);
      if (encode !== undefined) roundTrip(value, encode, decode);
    },
  };
}
