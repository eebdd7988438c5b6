/** TLS over a socket: back-pressure, order, and both ends ending. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secureWith } from "../../src/comm/secure.ts";
import { connect } from "../../src/comm/connect.ts";
import { listen } from "../../src/comm/socket.ts";
import { serverTls } from "../../src/comm/tls/server.ts";
import { HIGH_WATER, type Transport } from "../../src/comm/transport.ts";
import { Authority, NO_OPENSSL, openssl } from "../helpers/certificates.ts";

const directory = mkdtempSync(join(tmpdir(), "pt-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Two ends of a TLS connection. */
async function pair(): Promise<{ caller: Transport; callee: Transport }> {
  const { cert, key } = new Authority(directory).sign("DNS:localhost");
  const files = { cert, key, ca: "" };
  const { accept } = serverTls(files, false);
  const accepted = Promise.withResolvers<Transport>();
  const listener = listen({ host: "127.0.0.1", port: 0 }, (plain) => {
    plain.attach({
      data: (head) => accepted.resolve(accept(plain, head)),
      closed: () => undefined,
    });
  });
  const port = "port" in listener.address ? listener.address.port : 0;
  const plain = await connect({ host: "127.0.0.1", port }, 5_000);
  const caller = await secureWith(files)(plain, { host: "localhost", where: "x" }, 5_000);
  listener.stop();
  return { caller, callee: await accepted.promise };
}

describe.skipIf(!openssl.possible)(`TLS${NO_OPENSSL}`, () => {
  test.each([1, 1000, 16_384, 300_000])(
    "a reader that pauses holds pieces of %i bytes back, and gets all in order",
    async (size) => {
      const { caller, callee } = await pair();
      const total = Math.min(size * 100_000, 48 * 1024 * 1024);
      let sent = 0;
      let most = 0;
      const pump = (): void => {
        while (sent < total && callee.queued <= HIGH_WATER) {
          const piece = Buffer.alloc(Math.min(size, total - sent));
          piece.forEach((_, i) => (piece[i] = (sent + i) % 251));
          callee.write(piece);
          sent += piece.length;
          most = Math.max(most, callee.queued);
        }
        if (sent === total) callee.end();
      };
      let got = 0;
      let wrong = 0;
      const over = Promise.withResolvers<Error | undefined>();
      callee.attach({ data: () => undefined, drained: pump, closed: () => undefined });
      caller.attach({
        data(chunk) {
          for (const [i, byte] of chunk.entries()) if (byte !== (got + i) % 251) wrong++;
          got += chunk.length;
        },
        closed: over.resolve,
      });
      caller.pause();
      pump();
      await Bun.sleep(200);
      // What the kernel takes is not ours; what it does not take is bounded.
      expect(most).toBeLessThan(2 * HIGH_WATER);
      caller.resume();
      expect(await over.promise).toBeUndefined();
      expect({ got, wrong }).toEqual({ got: total, wrong: 0 });
    },
    60_000,
  );

  test("an end that breaks off is reported at the other", async () => {
    const { caller, callee } = await pair();
    const over = Promise.withResolvers<Error | undefined>();
    callee.attach({ data: () => undefined, closed: over.resolve });
    caller.attach({ data: () => undefined, closed: () => undefined });
    caller.abort();
    await over.promise;
    expect(callee.isClosed).toBe(true);
    expect(caller.isClosed).toBe(true);
  });

  test("a reader that never reads does not keep an end from closing", async () => {
    const { caller, callee } = await pair();
    const over = Promise.withResolvers<Error | undefined>();
    callee.attach({ data: () => undefined, closed: over.resolve });
    caller.attach({ data: () => undefined, closed: () => undefined });
    caller.pause();
    callee.write(Buffer.alloc(32 * 1024 * 1024));
    callee.end();
    await over.promise;
    caller.abort();
  }, 20_000);
});
