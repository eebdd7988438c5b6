/** Files that are not what they should be: one clear error each, with file, branch, entry and host. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { truncateSync, writeFileSync } from "node:fs";
import { openReader } from "../../../src/data/open.ts";
import { ProofError } from "../../../src/lib/errors.ts";
import { withChangedTree } from "../../helpers/root-file.ts";
import {
  collect,
  collectFile,
  describeFile,
  errorOf,
  fixture,
  hasShared,
  shared,
  useDirectory,
} from "../helpers.ts";

setDefaultTimeout(120_000);

const directory = useDirectory();

/** The bytes of a file, to be damaged. */
const bytesOf = (path: string): Promise<Uint8Array> => Bun.file(path).bytes();

describe("files", () => {
  test("not there", async () => {
    const path = `${directory.path}/none.root`;
    const error = await errorOf(openReader({ path }, "all"));
    expect(error.code).toBe("FILE_MISSING");
    expect(error.message).toBe(`${path}: no such file`);
    expect(error.details).toMatchObject({ file: path });
  });

  test("a directory, an unknown scheme", async () => {
    expect((await errorOf(openReader({ path: directory.path }, "all"))).message).toContain(
      "directory",
    );
    const error = await errorOf(openReader({ path: "root://server//file.root" }, "all"));
    expect(error.message).toContain("root:// files are not supported");
  });

  test("not a ROOT file", async () => {
    const path = directory.write("text.root", "this is text".repeat(20));
    const error = await errorOf(openReader({ path }, "all"));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.message).toContain("not a ROOT file");
    const empty = await errorOf(openReader({ path: directory.write("empty.root", "") }, "all"));
    expect(empty.message).toContain("is empty");
  });

  test("truncated anywhere", async () => {
    const whole = await bytesOf(fixture("leaf-list.root"));
    for (const length of [3, 20, 63, 64, 100, 400, 1000, 4000, whole.length - 1]) {
      const path = directory.write("cut.root", whole.subarray(0, length));
      const error = await errorOf(openReader({ path }, "all"));
      expect(error.code).toBe("FILE_BROKEN");
      expect(error.message).toMatch(length < 64 ? /not a ROOT file/ : /truncated/);
    }
  });

  test("several trees, and none of that name", async () => {
    const path = fixture("leaf-list.root");
    const error = await errorOf(openReader({ path, tree: "tere" }, "all"));
    expect(error.code).toBe("TREE_MISSING");
    expect(error.message).toContain('no tree "tere" (did you mean "tree"?)');
    expect(error.details["trees"]).toEqual(["tree"]);
  });

  test("a branch that is not there", async () => {
    const error = await errorOf(openReader({ path: fixture("no-offsets.root") }, ["Muon_tp"]));
    expect(error.code).toBe("BRANCH_MISSING");
    expect(error.message).toContain('no branch "Muon_tp" (did you mean "Muon_pt"?)');
    expect(error.details).toMatchObject({ branch: "Muon_tp", tree: "tree" });
  });

  test("several branches that are not there are told together", async () => {
    const path = fixture("no-offsets.root");
    const error = await errorOf(openReader({ path }, ["Muon_tp", "MET_pt", "nJets"]));
    expect(error.message).toBe(
      `${path}: no branch "Muon_tp" (did you mean "Muon_pt"?), no branch "nJets" (did you mean "nJet"?) (tree "tree")`,
    );
  });
});

describe("types that nobody reads", () => {
  test("a leaf of an unknown kind: told before anything is read, and left out of all", async () => {
    const bytes = await withChangedTree(fixture("plain.root"), (tree) =>
      tree.replaceAll("TLeafD", "TLeafQ"),
    );
    const path = directory.write("leaf.root", bytes);
    const error = await errorOf(openReader({ path }, ["i4", "f8"]));
    expect(error.code).toBe("BRANCH_TYPE");
    expect(error.message).toBe(
      `${path}: values of type TLeafQ can't be read (tree "sample", branch "f8")`,
    );
    const all = Object.keys(await collectFile({ path }, "all"));
    expect(all).toContain("i4");
    expect(all).not.toContain("f8");
  });

  test.each([
    ["string", "string", "zzring", "zzring"],
    ["a map", "map<int,short>", "zap<int,short>", "zap<int,short>"],
    ["sets in a vector", "vector<set<int> >", "vector<zet<int> >", "zet<int>"],
  ])("%s of a class without a description", async (_, known, unknown, missing) => {
    const length = String.fromCharCode(known.length);
    const bytes = await withChangedTree(fixture("stl-containers.root"), (tree) =>
      tree.replaceAll(`${length}${known}`, `${length}${unknown}`),
    );
    const path = directory.write("class.root", bytes);
    const branches: Record<string, string> = {
      string: "zzring",
      "map<int,short>": "map_int32_int16",
      "vector<set<int> >": "vector_set_int32",
    };
    const branch = branches[known] ?? "";
    const error = await errorOf(collectFile({ path }, [branch]));
    expect(error.code).toBe("BRANCH_TYPE");
    expect(error.message).toBe(
      `${path}: values of type ${unknown} can't be read: the file does not describe class ${missing} (tree "tree", branch "${branch}", entry 0)`,
    );
    // The others are sound.
    expect(await collectFile({ path }, ["vector_int32"])).not.toEqual({});
  });
});

describe.skipIf(!hasShared)("damaged data (needs ../shared/data)", () => {
  /** Where the basket of a branch lies: its key names the branch. */
  const basketOf = (bytes: Uint8Array, branch: string): number => {
    const name = Buffer.from(`\x07TBasket${String.fromCharCode(branch.length)}${branch}`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(name);
  };

  test("a flipped bit in a basket", async () => {
    const bytes = await bytesOf(shared("Zmumu.root"));
    const at = basketOf(bytes, "M") + 200;
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    const path = directory.write("flipped.root", bytes);
    const reader = await openReader({ path }, ["Run", "M"]);
    const error = await errorOf(collect(reader));
    await reader.close();
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.message).toMatch(/damaged ZL data.*tree "events", branch "M", entry 0\)/);
    // The others are sound.
    expect((await collectFile({ path }, ["Run"]))["Run"]).toHaveLength(2304);
  });

  test("an unknown compression", async () => {
    const bytes = await bytesOf(shared("Zmumu.root"));
    const at = Buffer.from(bytes).indexOf("ZL", basketOf(bytes, "M"));
    bytes.set(Buffer.from("QQ"), at);
    const path = directory.write("unknown.root", bytes);
    const error = await errorOf(collectFile({ path }, ["M"]));
    expect(error.message).toContain('unknown compression "QQ"');
    expect(error.details).toMatchObject({ branch: "M", entry: 0 });
  });

  test("sizes that promise too much are refused before memory is taken", async () => {
    const bytes = await bytesOf(shared("Zmumu.root"));
    const key = basketOf(bytes, "M") - 26;
    // The plain size of the basket, in its key.
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(key + 6, 0x7fffffff);
    const error = await errorOf(collectFile({ path: directory.write("huge.root", bytes) }, ["M"]));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.details).toMatchObject({ branch: "M", entry: 0 });
  });

  test("a file that shrinks while it is read", async () => {
    const path = directory.write("shrinks.root", await bytesOf(shared("events-500k.root")));
    const reader = await openReader({ path }, ["mass"]);
    const chunks = reader.read(0, Infinity)[Symbol.asyncIterator]();
    expect((await chunks.next()).done).toBe(false);
    truncateSync(path, 4_000_000);
    const error = await errorOf(
      (async () => {
        while ((await chunks.next()).done !== true);
      })(),
    );
    await reader.close();
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.message).toMatch(/shrank|was written to/);
    expect(error.details).toMatchObject({ file: path, branch: "mass", tree: "events" });
    expect(error.details["entry"]).toBeGreaterThan(0);
  });

  test("a closed reader does not go on", async () => {
    const reader = await openReader({ path: shared("events-500k.root") }, ["mass"]);
    await reader.close();
    expect((await errorOf(collect(reader))).message).toContain("is closed already");
  });
});

describe("random damage", () => {
  // The same damage each time; what is not compressed reaches deepest.
  test.each(["plain.root", "leaf-list.root", "stl-containers.root", "rntuple.root"])(
    "%s is read or refused",
    async (name) => {
      const whole = await bytesOf(fixture(name));
      const path = directory.write("damaged.root", whole);
      let seed = 12_345;
      const random = (below: number): number => {
        seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
        return Math.floor((seed / 2 ** 32) * below);
      };
      const { error, warn, log } = console;
      // jsroot reports what it stumbles over.
      console.error = console.warn = console.log = () => undefined;
      try {
        for (let i = 0; i < 60; i++) {
          const bytes = whole.slice();
          for (let k = random(4); k >= 0; k--) bytes[random(bytes.length)] = random(256);
          writeFileSync(path, bytes);
          const result = await collectFile({ path }, "all").catch((thrown: unknown) => thrown);
          if (result instanceof Error) expect(result).toBeInstanceOf(ProofError);
        }
      } finally {
        Object.assign(console, { error, warn, log });
      }
    },
  );

  test("a sound file after all that", async () => {
    expect((await describeFile({ path: fixture("leaf-list.root") })).entries).toBe(5);
  });
});
