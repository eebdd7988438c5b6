/** Any byte of the descriptions of an RNTuple wrong, with checksums that are right all the same. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openReader } from "../../../src/data/open.ts";
import { ProofError } from "../../../src/lib/errors.ts";
import { ntupleFile } from "../../helpers/ntuple-file.ts";
import { EVERYTHING } from "../../helpers/ntuple-sample.ts";
import { collectFile, fixture, useDirectory } from "../helpers.ts";

setDefaultTimeout(120_000);

const directory = useDirectory();
const base = await Bun.file(fixture("rntuple.root")).bytes();

describe("any byte of the descriptions", () => {
  test("as it is, it is read", async () => {
    expect(
      await collectFile(
        { path: directory.write("sound.root", ntupleFile(base, EVERYTHING)) },
        "all",
      ),
    ).toEqual({
      x: [1, 2, 3],
      v: [[0], [], [1]],
      s: ["a", "", "b"],
      r: [
        [1, 2],
        [3, 4],
        [5, 6],
      ].map((a) => ({ _typename: "Record", a })),
      n: [1, 0, 1],
      late: [0, 0, 9],
    });
  });

  /** Reads everything; the number of entries, or the error. */
  async function outcome(path: string): Promise<number | ProofError> {
    try {
      const reader = await openReader({ path, tree: "ntuple" }, "all");
      try {
        let entries = 0;
        for await (const { n } of reader.read(0, Infinity)) entries += n;
        return entries;
      } finally {
        await reader.close();
      }
    } catch (thrown) {
      if (thrown instanceof ProofError) return thrown;
      throw thrown;
    }
  }

  test.each(["header", "footer", "pages"] as const)(
    "of the %s: an error, or the same number of entries",
    async (which) => {
      let length = 1;
      let refused = 0;
      const before = process.memoryUsage.rss();
      for (let at = 0; at < length; at++) {
        for (const bits of [0x01, 0x80, 0xff]) {
          const bytes = ntupleFile(base, {
            ...EVERYTHING,
            change(kind, contents) {
              if (kind !== which) return contents;
              length = contents.length;
              const changed = Uint8Array.from(contents);
              changed[at] = (changed[at] ?? 0) ^ bits;
              return changed;
            },
          });
          const result = await outcome(directory.write("flipped.root", bytes));
          if (typeof result === "number") expect([at, bits, result]).toEqual([at, bits, 3]);
          else refused++;
        }
      }
      expect(length).toBeGreaterThan(100);
      expect(refused).toBeGreaterThan(length);
      // A number that is believed before it is checked would take gigabytes.
      expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 29);
    },
  );
});
