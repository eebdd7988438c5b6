/**
 * What the two ends of a session's stream tell each other about the stream itself, so that it outlives the
 * connection that carries it. These messages are not counted, all others are; see comm/journal.ts.
 */
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { encodeMessage, type Message } from "./envelope.ts";

/** Kinds of these messages. */
export const StreamKind = {
  /** Either way: so many messages have arrived. */
  ack: 20_030,
  /** Down, first on a new connection: what the asking side has of the stream, or that it begins a new one. */
  resume: 20_031,
  /** Up: what the proofserv has of it. */
  resumed: 20_032,
} as const;

/** How much of a stream has arrived. */
export interface Received {
  /** Messages counted since the stream began. */
  received: number;
}

const count = (what: number) => ({
  encode: ({ received }: Received): Buffer =>
    encodeMessage(what, new ByteWriter(8).i64(BigInt(received)).done()),
  decode: (message: Message): Received => ({
    received: Number(new ByteReader(message.body).i64()),
  }),
});

export const ack = count(StreamKind.ack);

export const resumed = count(StreamKind.resumed);

/** `isNew`: whoever asks knows nothing of what was before. */
export const resume = {
  encode: ({ received, isNew }: Received & { isNew: boolean }): Buffer =>
    encodeMessage(
      StreamKind.resume,
      new ByteWriter(9)
        .i64(BigInt(received))
        .u8(isNew ? 1 : 0)
        .done(),
    ),
  decode(message: Message): Received & { isNew: boolean } {
    const reader = new ByteReader(message.body);
    return { received: Number(reader.i64()), isNew: reader.u8() !== 0 };
  },
};
