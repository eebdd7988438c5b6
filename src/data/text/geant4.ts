/** The header of the ntuples that Geant4's analysis manager writes as CSV (`tools::wcsv::ntuple`). */
import { dataError } from "../problem.ts";

const LINE = /^#(class|title|separator|vector_separator|column)(?:\s+(.*))?$/;

/** Whether a line is the first of such a header. */
export function isGeant4(line: string | undefined): boolean {
  return line !== undefined && /^#class\s+tools::wcsv::/.test(line);
}

/** Whether a line is one of such a header. */
export function isOfGeant4(line: string): boolean {
  return LINE.test(line);
}

/** What the header declares. Throws FILE_BROKEN. */
export function readGeant4(
  path: string,
  lines: readonly string[],
): { names: string[]; types: string[]; separator: string; vectorSeparator: string } {
  const names: string[] = [];
  const types: string[] = [];
  let separator = ",";
  let vectorSeparator = ";";
  for (const line of lines) {
    const [, command = "", rest = ""] = LINE.exec(line) ?? [];
    if (command === "separator") separator = characterOf(path, line, rest);
    else if (command === "vector_separator") vectorSeparator = characterOf(path, line, rest);
    else if (command === "column") {
      const [, type = "", name = ""] = /^(\S+)\s+(.*\S)\s*$/.exec(rest) ?? [];
      if (name === "") throw broken(path, line, "a type and a name");
      types.push(type);
      names.push(name);
    }
  }
  if (names.length === 0) throw broken(path, lines[0] ?? "", "#column lines");
  return { names, types, separator, vectorSeparator };
}

/** A character by its number, as Geant4 gives it. */
function characterOf(path: string, line: string, number: string): string {
  const code = Number(number);
  const character = String.fromCharCode(code);
  if (Number.isInteger(code) && code > 0 && code < 128 && !/[\w\r\n.+-]/.test(character))
    return character;
  throw broken(path, line, "the number of a character");
}

function broken(path: string, line: string, expected: string): Error {
  const what = `in the header: ${JSON.stringify(line.slice(0, 80))}, expected ${expected}`;
  return dataError("FILE_BROKEN", { file: path }, what);
}

/** What the values of a declared type are; vectors of texts are given as one text. */
export function kindOf(type: string): "number" | "string" | "vector" {
  if (/string|char/.test(type)) return "string";
  return /^(?:std::)?vector<|\[\]$/.test(type) ? "vector" : "number";
}
