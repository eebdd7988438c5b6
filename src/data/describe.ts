/** What a file holds, and whether all files of a data set hold what a query needs. */
import type { DataFile, Description } from "./types.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { withFile } from "./open.ts";
import { dataError } from "./problem.ts";

/** Files described at the same time. */
const AT_ONCE = 16;

/** One thing wrong with one file of a data set. */
export interface Problem {
  file: string;
  code: string;
  message: string;
  hint?: string;
}

/** Problems that are listed in a message; all of them are in the details. */
const LISTED = 20;

/**
 * Describes a file without reading its data.
 *
 * Throws FILE_MISSING, FILE_UNREADABLE, FILE_BROKEN or TREE_MISSING.
 */
export function describe(file: DataFile): Promise<Description> {
  return withFile(file, async (access, format) => {
    const description = await describeAs(format, access, file);
    await access.close();
    return description;
  });
}

async function describeAs(
  format: Description["format"],
  access: Parameters<Parameters<typeof withFile>[1]>[0],
  file: DataFile,
): Promise<Description> {
  if (format === "root") {
    const { describeRoot } = await import("./root/reader.ts");
    return describeRoot(access, file);
  }
  const { describeTable } = await import("./text/table.ts");
  const { openCsv } = await import("./text/csv.ts");
  const { openNdjson } = await import("./text/ndjson.ts");
  return describeTable(access, await (format === "csv" ? openCsv(access) : openNdjson(access)));
}

/**
 * Describes all files of a data set, several at a time, in the order given. `tree` is the one meant where
 * a file names none; `branches` must be there, and readable, in every file.
 *
 * Throws DATA_SET with every problem of every file: `details.problems` is a list of Problem.
 */
export async function describeAll(
  files: readonly DataFile[],
  tree?: string,
  branches: readonly string[] = [],
): Promise<Description[]> {
  const descriptions: Description[] = [];
  const problems: Problem[][] = [];
  let next = 0;
  const one = async (i: number): Promise<void> => {
    const file = files[i] as DataFile;
    const wanted = file.tree ?? tree;
    problems[i] = [];
    try {
      const description = await describe({
        ...file,
        ...(wanted === undefined ? {} : { tree: wanted }),
      });
      descriptions[i] = description;
      problems[i] = await problemsOf(file, description, branches);
    } catch (thrown) {
      problems[i] = [problemOf(file.path, toProofError(thrown))];
    }
  };
  const worker = async (): Promise<void> => {
    while (next < files.length) await one(next++);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, files.length) }, worker));
  const found = problems.flat();
  if (found.length > 0) {
    const broken = problems.filter((own) => own.length > 0).length;
    throw dataSetError(found, broken, files.length);
  }
  return descriptions;
}

/** What a query would stumble over in a file that can be opened. */
async function problemsOf(
  file: DataFile,
  description: Description,
  branches: readonly string[],
): Promise<Problem[]> {
  const where = { file: file.path, tree: description.tree };
  const { checkBranches } = await import("./branch-names.ts");
  const problems = branches.flatMap((branch) => {
    try {
      checkBranches(description.branches, [branch], where);
      return [];
    } catch (thrown) {
      return [problemOf(file.path, toProofError(thrown))];
    }
  });
  const { first = 0, count = 0 } = file;
  const bad = [first, count].some((value) => !Number.isSafeInteger(value) || value < 0);
  if (bad || first > description.size || first + count > description.size) {
    const what = `${count} ${description.unit} from ${first} on are asked for, there are ${description.size}`;
    problems.push(problemOf(file.path, dataError("DATA_SET", where, what)));
  }
  return problems;
}

function problemOf(file: string, { code, message, hint }: ProofError): Problem {
  return { file, code, message, ...(hint === undefined ? {} : { hint }) };
}

function dataSetError(problems: readonly Problem[], broken: number, files: number): ProofError {
  const lines = problems.slice(0, LISTED).map(({ message }) => `  ${message}`);
  if (problems.length > LISTED) lines.push(`  … and ${problems.length - LISTED} more`);
  const [first] = problems;
  return new ProofError(
    "DATA_SET",
    `${broken} of ${files} files can't be used:\n${lines.join("\n")}`,
    { hint: first?.hint, details: { problems: [...problems] } },
  );
}
