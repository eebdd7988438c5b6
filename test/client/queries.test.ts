/** Queries of a session that ends while they are being made ready. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Queries } from "../../src/client/queries.ts";
import { ProofError } from "../../src/lib/errors.ts";

const SELECTOR = join(import.meta.dir, "..", "e2e", "fixtures", "seen.ts");

test("a query whose session ends before it has been sent fails with that cause", async () => {
  let sent = 0;
  const queries = new Queries({
    send: () => void sent++,
    limit: Infinity,
    nextId: () => 1,
    earlier: () => undefined,
    userCode: () => undefined,
    notice: () => undefined,
    progress: () => undefined,
    partial: () => undefined,
  });
  const starting = queries.start(SELECTOR, 10, { input: { n: 10 } }, true);
  queries.fail(new ProofError("LINK_LOST", "n1: link lost"));
  expect(await starting.catch((error: unknown) => error)).toMatchObject({ code: "LINK_LOST" });
  expect(await queries.list().catch((error: unknown) => error)).toMatchObject({
    code: "LINK_LOST",
  });
  expect(sent).toBe(0);
});
