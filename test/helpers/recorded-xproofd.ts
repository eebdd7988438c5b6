/** Says what an xproofd was recorded to say, request by request; for our programs that ask one. */
import { Request } from "../../src/protocol/codes.ts";
import { encodeError, encodeResponse, requestFramer } from "../../src/protocol/frames.ts";
import { HELLO_SIZE, WELCOME } from "../../src/protocol/handshake.ts";
import { recording } from "./recording.ts";

export class RecordedXproofd implements Disposable {
  readonly #listener: Bun.TCPSocketListener<{
    skip: number;
    framer: ReturnType<typeof requestFramer>;
  }>;

  /** `name` is the recording; the last answer to a request is what it says. */
  constructor(name: string) {
    const answers = answersIn(name);
    this.#listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { skip: HELLO_SIZE, framer: requestFramer(() => 1 << 20) };
          socket.write(WELCOME);
        },
        data: (socket, chunk) => {
          const { data } = socket;
          const skipped = Math.min(data.skip, chunk.length);
          data.skip -= skipped;
          data.framer.push(chunk.subarray(skipped));
          for (let frame = data.framer.next(); frame !== undefined; frame = data.framer.next()) {
            const answer = answers.get(keyOf(frame));
            socket.write(
              answer === undefined
                ? encodeError(frame.stream, 3006, `Invalid request: ${frame.id}`)
                : encodeResponse(frame.stream, answer.status, answer.payload),
            );
          }
        },
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

/** A request, for what its answer depends on. */
function keyOf({ id, body }: { id: number; body: Buffer }): string {
  return id === Request.admin ? `${id} ${body.readInt32BE(4)}` : String(id);
}

/** The answers to the requests of the first client. */
function answersIn(name: string): Map<string, { status: number; payload: Buffer }> {
  const answers = new Map<string, { status: number; payload: Buffer }>();
  const asked = new Map<number, string[]>();
  for (const event of recording(name)) {
    if (event.link !== "cli" || event.kind === "end") continue;
    if (event.kind === "request") {
      const { frame } = event;
      asked.set(frame.stream, [...(asked.get(frame.stream) ?? []), keyOf(frame)]);
    } else if (event.frame.status !== 4001) {
      const key = asked.get(event.frame.stream)?.shift();
      if (key !== undefined) answers.set(key, event.frame);
    }
  }
  return answers;
}
