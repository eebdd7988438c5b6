/** Opening a file of any format for reading. */
import type { DataFile, Format, Reader } from "./types.ts";
import { type Access, isHttp, openAccess } from "./access.ts";
import { dataError } from "./problem.ts";

/** Bytes looked at to tell formats apart. */
const HEAD = 512;

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/**
 * Opens a file for reading the branches named, or all that can be read.
 *
 * Throws FILE_MISSING, FILE_UNREADABLE, FILE_BROKEN (not of its format, truncated, damaged), TREE_MISSING,
 * BRANCH_MISSING, BRANCH_TYPE; each names the file and the host.
 */
export function openReader(file: DataFile, branches: readonly string[] | "all"): Promise<Reader> {
  return withFile(file, async (access, format) => {
    switch (format) {
      case "root": {
        const { openRootReader } = await import("./root/reader.ts");
        return openRootReader(access, file, branches);
      }
      case "csv": {
        const [{ openCsv }, { tableReader }] = await Promise.all([
          import("./text/csv.ts"),
          import("./text/table.ts"),
        ]);
        checkNoTree(file, "CSV");
        return tableReader(access, await openCsv(access), branches);
      }
      default: {
        const [{ openNdjson }, { tableReader }] = await Promise.all([
          import("./text/ndjson.ts"),
          import("./text/table.ts"),
        ]);
        checkNoTree(file, "NDJSON");
        return tableReader(access, await openNdjson(access), branches);
      }
    }
  });
}

/** A tree that is named for a text is a mistake, in the name of the file or in the data set. */
function checkNoTree({ path, tree }: DataFile, format: string): void {
  if (tree === undefined || tree === "") return;
  throw dataError("TREE_MISSING", { file: path, tree }, `${format} files have no trees`, {
    hint: "the name of a tree stands behind # and in --tree",
  });
}

/** Opens the file, finds out its format, and closes it again should `use` fail. */
export async function withFile<T>(
  file: DataFile,
  use: (access: Access, format: Format) => Promise<T>,
): Promise<T> {
  const access = await openAccess(file.path);
  try {
    return await use(access, await formatOf(access));
  } catch (thrown) {
    await access.close();
    throw thrown;
  }
}

/** The format of a file: by its first bytes, then by its name. Throws FILE_BROKEN or FILE_UNREADABLE. */
export async function formatOf(access: Access): Promise<Format> {
  const where = { file: access.path };
  if (access.size === 0) {
    const what = (await access.isEmpty())
      ? "is empty"
      : "has no size, as files of /proc and /sys: copy it to a file first";
    throw dataError("FILE_BROKEN", where, what);
  }
  const head = await access.read(0, Math.min(HEAD, access.size));
  const begins = (bytes: readonly number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  if (begins([...Buffer.from("root")])) return "root";
  // In an address, what is behind the path is no part of the name.
  const path = isHttp(access.path) ? access.path.replace(/[?#].*$/, "") : access.path;
  const name = path.toLowerCase();
  if (begins(GZIP) || begins(ZSTD) || /\.(gz|zst|bz2|xz|zip)$/.test(name)) {
    throw dataError(
      "FILE_UNREADABLE",
      where,
      "compressed texts can't be read: no worker could begin in the middle",
      { hint: "decompress the file first" },
    );
  }
  if (name.endsWith(".root")) throw dataError("FILE_BROKEN", where, "not a ROOT file");
  if (/\.(csv|tsv|tab)$/.test(name)) return "csv";
  if (/\.(ndjson|jsonl)$/.test(name)) return "ndjson";
  if (
    /^\s*\{/.test(
      Buffer.from(head)
        .toString("latin1")
        .replace(/^\u00ef\u00bb\u00bf/, ""),
    )
  ) {
    return "ndjson";
  }
  throw dataError(
    "FILE_BROKEN",
    where,
    "neither a ROOT file, nor a CSV nor an NDJSON by its name",
    {
      hint: "texts are told by their extension: .csv, .tsv, .ndjson or .jsonl",
    },
  );
}
