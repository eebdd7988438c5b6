/**
 * CSV: a header line with the names, then one entry per record (RFC 4180), separated by commas, semicolons
 * or tabs, or by what the file itself names; and the ntuples that Geant4 writes as CSV.
 */
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import type { BranchDescription } from "../types.ts";
import { readHeader } from "./csv-header.ts";
import { type Field, parseCsv } from "./csv-columns.ts";
import { type Finding, findIn } from "./csv-sample.ts";
import { fieldsOf } from "./fields.ts";
import { kindOf } from "./geant4.ts";
import { numberOf, shown } from "./numbers.ts";
import { RecordReader } from "./records.ts";
import { readSample, type Table } from "./table.ts";

/** What Excel writes for a value that could not be computed. */
const EXCEL_ERROR = /^#(?:N\/A|DIV\/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)/;

/** Takes the names and types of a CSV file from its beginning. Throws FILE_BROKEN or FILE_UNREADABLE. */
export async function openCsv(access: Access): Promise<Table> {
  const header = await readHeader(access);
  const { encoding, format, names, types } = header;
  let { layout } = header;
  let sample = await readSample(new RecordReader(access, layout), encoding);
  const isEntry = (line: string): boolean => {
    const first = line.charCodeAt(0);
    if (first > 35) return true;
    if (first === 35) return !layout.comments;
    return line.trim() !== "" || line.includes(format.separator);
  };
  const count = (line: string): number => {
    try {
      return fieldsOf(line, format, 0).length;
    } catch {
      // Reported with its place when the record is read.
      return 0;
    }
  };
  const hashes = sample.lines.filter((line) => line.startsWith("#"));
  const others = sample.lines.filter((line) => isEntry(line) && !line.startsWith("#"));
  const [first] = findIn(others, names, format);
  // Where the first column is one of numbers, what begins with # is no entry.
  const isNumeric = first !== undefined && first.texts === 0 && first.numbers > 0;
  const isComment = hashes.length > 0 && hashes.every((line) => count(line) !== names.length);
  if (!layout.comments && (isNumeric || (isComment && types === undefined))) {
    layout = { ...layout, comments: true };
    if (hashes.length > 0) sample = await readSample(new RecordReader(access, layout), encoding);
  }
  const findings = findIn(sample.lines.filter(isEntry), names, format);
  // Texts above numbers are names for certain.
  const isHeader = findings.some(({ texts, numbers }) => texts === 0 && numbers > 0);
  if (header.doubt !== undefined && !isHeader) {
    const what = `${shown(header.doubt)} may be the header, and a comment as well`;
    throw dataError("FILE_BROKEN", { file: access.path }, what, {
      hint: "take the # away, or the comma",
    });
  }
  const fields = names.map((name, i) => fieldOf(name, types?.[i], findings[i] as Finding));
  return {
    format: "csv",
    branches: fields.map(describe),
    layout,
    encoding,
    remarks: types === undefined ? remarksOn(fields, findings) : new Map<string, string>(),
    parse: (lines, wanted) =>
      parseCsv(lines, wanted, {
        fields,
        format,
        encoding,
        vectorSeparator: header.vectorSeparator,
        isEntry,
        isDoubtful: (line) =>
          line.startsWith("#") &&
          (EXCEL_ERROR.test(line) || (!isNumeric && names.length > 1)) &&
          count(line) === names.length,
      }),
  };
}

function fieldOf(name: string, type: string | undefined, finding: Finding): Field {
  const declared = type === undefined ? undefined : kindOf(type);
  if (declared === "string" || declared === "vector") return { name, kind: declared };
  if (declared === undefined && finding.texts > 0) return { name, kind: "string" };
  return { name, kind: finding.hasLarge && !finding.hasDecimals ? "integer" : "number" };
}

function describe({ name, kind }: Field): BranchDescription {
  const type = kind === "string" ? "string" : kind === "integer" ? "int64" : "float64";
  const shape = kind === "string" ? "string" : kind === "vector" ? "vector" : "scalar";
  return { name, type, shape, readable: true };
}

/** Columns that are texts although they look like numbers, and a name that may be a value. */
function remarksOn(fields: readonly Field[], findings: readonly Finding[]): Table["remarks"] {
  const remarks = new Map<string, string>();
  const number = fields.find(({ name }) => Number.isFinite(numberOf(name)));
  if (number !== undefined) {
    const what = `column "${number.name}" is called like a number: the first line is taken for the header`;
    remarks.set(number.name, what);
  }
  for (const [i, { name, kind }] of fields.entries()) {
    const { numbers, texts, text, row, looksNumeric } = findings[i] as Finding;
    if (kind !== "string" || (numbers === 0 && !looksNumeric)) continue;
    const why = `${shown(text)} in row ${row} is no number`;
    const of = numbers === 0 ? "" : `, ${numbers} of the first ${numbers + texts} values are`;
    remarks.set(name, `column "${name}" is read as text: ${why}${of}`);
  }
  return remarks;
}
