/** Something that speaks like a daemon and says what it likes. */
import { Request } from "../../src/protocol/codes.ts";
import { encodeError, encodeResponse, requestFramer } from "../../src/protocol/frames.ts";
import { HELLO_SIZE, WELCOME } from "../../src/protocol/handshake.ts";
import { type Callee, decodeCaller, encodeLoginReply, proveKey } from "../../src/protocol/login.ts";
import { decodeItems, login, OUR_ITEM } from "../../src/protocol/requests.ts";

/** What it says. */
export interface Lies {
  callee?: Partial<Callee>;
  /** The cluster key, which it proves then. */
  key?: Uint8Array;
  /** The answer to admin requests. */
  health?: object;
  /** The text of the answer to create requests. */
  refusal?: string;
  /** Facts behind that text. */
  facts?: object;
}

export class FalseDaemon implements Disposable {
  readonly #listener: Bun.TCPSocketListener<{
    skip: number;
    framer: ReturnType<typeof requestFramer>;
  }>;
  /** Ids of the requests it was sent. */
  readonly requests: number[] = [];

  constructor(lies: Lies, hostname = "127.0.0.1") {
    this.#listener = Bun.listen({
      hostname,
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
            this.requests.push(frame.id);
            socket.write(answer(lies, frame.stream, frame.id, frame.body, frame.payload.join()));
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

function answer(lies: Lies, stream: number, id: number, body: Buffer, payload: Buffer): Buffer {
  if (id === Request.login) return encodeResponse(stream, 0, loginReply(lies, body, payload));
  if (id === Request.admin)
    return encodeResponse(stream, 0, Buffer.from(JSON.stringify(lies.health ?? {})));
  if (id === Request.create) return encodeError(stream, 3109, lies.refusal ?? "no", lies.facts);
  return encodeResponse(stream, 0);
}

function loginReply({ callee, key }: Lies, body: Buffer, payload: Buffer): Buffer {
  const { items } = decodeItems(payload);
  const { major, nonce: callerNonce, fingerprint } = decodeCaller(items.get(OUR_ITEM) ?? "");
  const said: Callee = {
    major,
    version: "0.1.0",
    role: "any",
    auth: key === undefined ? "none" : "key",
    nonce: "ab".repeat(32),
    fingerprint,
    proof: "",
    ...callee,
  };
  if (key !== undefined) {
    const { user, role } = login.decode(body);
    said.proof = proveKey(key, "callee", {
      callerNonce,
      calleeNonce: said.nonce,
      callerRole: role,
      calleeRole: said.role,
      user: items.get("usr") ?? user,
      ordinal: items.get("ord") ?? "0",
    });
  }
  return encodeLoginReply(said);
}
