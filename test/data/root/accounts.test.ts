/** Every byte of an entry is accounted for: files that were damaged on purpose are refused by name. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type BasketBytes, basketIn } from "../../helpers/root-basket.ts";
import { withChangedTree } from "../../helpers/root-file.ts";
import { collectFile, describeFile, errorOf, fixture, openBy, useDirectory } from "../helpers.ts";

setDefaultTimeout(120_000);

const directory = useDirectory();

type Damage = (basket: BasketBytes) => void;

/** Adds to the number of four bytes at `at`. */
const add = (file: Buffer, at: number, by: number): void => {
  file.writeInt32BE(file.readInt32BE(at) + by, at);
};

/** The entry, counted from 0, begins at this byte of the file. */
const entryAt = ({ file, data, key, offsets }: BasketBytes, i: number): number =>
  offsets === data ? data : key + file.readInt32BE(offsets + 4 + 4 * i);

async function damaged(name: string, basket: string, damage: Damage): Promise<string> {
  const found = basketIn(await Bun.file(fixture(`${name}.root`)).bytes(), basket);
  damage(found);
  return directory.write("damaged.root", found.file);
}

/** Entry 3 of `n` and of its arrays: three values. */
const CASES: Record<string, [file: string, basket: string, branch: string, entry: number, Damage]> =
  {
    "a counter one too high": ["plain", "n", "Ai4", 3, ({ file, data }) => add(file, data + 12, 1)],
    "a counter one too low": ["plain", "n", "Af8", 3, ({ file, data }) => add(file, data + 12, -1)],
    "a negative counter": ["plain", "n", "Ab", 3, ({ file, data }) => add(file, data + 12, -9)],
    "an offset one value later": [
      "plain",
      "Ai4",
      "Ai4",
      1,
      ({ file, offsets }) => add(file, offsets + 4 + 4 * 2, 4),
    ],
    "an offset one byte earlier": [
      "plain",
      "Ai2",
      "Ai2",
      1,
      ({ file, offsets }) => add(file, offsets + 4 + 4 * 2, -1),
    ],
    "offsets that descend": [
      "plain",
      "str",
      "str",
      4,
      ({ file, offsets }) => add(file, offsets + 4 + 4 * 4, -99),
    ],
    "a text one byte longer than its entry": [
      "plain",
      "str",
      "str",
      2,
      (basket) => void (basket.file[entryAt(basket, 2)] = 6),
    ],
    "a text one byte shorter than its entry": [
      "plain",
      "str",
      "str",
      2,
      (basket) => void (basket.file[entryAt(basket, 2)] = 4),
    ],
    "entries that end one value early": [
      "plain",
      "i4",
      "i4",
      0,
      ({ file, last }) => add(file, last, -4),
    ],
    "one entry more in the header": [
      "plain",
      "i4",
      "i4",
      0,
      ({ file, entries }) => add(file, entries, 1),
    ],
    "a first entry that does not begin at the beginning": [
      "plain",
      "str",
      "str",
      0,
      ({ file, offsets }) => add(file, offsets + 4, 1),
    ],
    "one offset less than entries": [
      "plain",
      "str",
      "str",
      0,
      ({ file, offsets }) => add(file, offsets, -2),
    ],
  };

describe("refused with branch and entry", () => {
  test.each(Object.entries(CASES))("%s", async (_, [name, basket, branch, entry, damage]) => {
    const path = await damaged(name, basket, damage);
    const error = await errorOf(collectFile({ path }, [branch]));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.details).toMatchObject({ file: path, branch, entry });
    // Entry by entry as well.
    const reader = await openBy(true, { path }, [branch]);
    const again = await errorOf(
      (async () => {
        for await (const _chunk of reader.read(0, Infinity));
      })(),
    );
    expect(again.details).toMatchObject({ file: path, branch });
    await reader.close();
  });

  test("the undamaged ones are sound", async () => {
    for (const [name, basket, branch] of Object.values(CASES)) {
      const path = await damaged(name, basket, () => undefined);
      expect(Object.keys(await collectFile({ path }, [branch]))).toEqual([branch]);
    }
  });
});

test("bool bytes other than 0 and 1 are true", async () => {
  const path = await damaged("plain", "b", ({ file, data }) => void (file[data + 1] = 7));
  const right = (await collectFile({ path: fixture("plain.root") }, ["b"]))["b"] ?? [];
  const read = (await collectFile({ path }, ["b"]))["b"] ?? [];
  expect(read).toEqual(right.map((value, i) => (i === 1 ? 1 : value)));
  expect(new Set(read)).toEqual(new Set([0, 1]));
});

test("no column of two with the same name is left out", async () => {
  const bytes = await withChangedTree(fixture("plain.root"), (tree) =>
    tree.replaceAll("\x02f4", "\x02f8"),
  );
  const path = directory.write("same.root", bytes);
  const names = (await describeFile({ path })).branches.map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("f8"))).toEqual(["f8", "f8;2"]);
  const right = await collectFile({ path: fixture("plain.root") }, ["f4", "f8"]);
  const read = await collectFile({ path }, ["f8", "f8;2"]);
  expect([read["f8"], read["f8;2"]]).toEqual([right["f4"], right["f8"]] as unknown[][]);
});
