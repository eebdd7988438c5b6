/** The fields of a record of a CSV. */
import { LineError } from "./table.ts";

/** How a record is taken apart. */
export interface FieldFormat {
  separator: string;
  /** Whether fields may be in quotes. */
  quoted: boolean;
  /** The character that ends lines in other files, which may stand in quotes only; "" for not to look. */
  stray: string;
}

/** The fields of a record. Throws LineError, for record `index`, for quotes that don't close. */
export function fieldsOf(line: string, format: FieldFormat, index: number): string[] {
  const { separator, quoted, stray } = format;
  if (!quoted || !line.includes('"')) {
    if (stray !== "" && line.includes(stray)) throw strayEnd(stray, index);
    return line.split(separator);
  }
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] !== '"') {
      const end = line.indexOf(separator, at);
      const field = line.slice(at, end < 0 ? line.length : end);
      if (stray !== "" && field.includes(stray)) throw strayEnd(stray, index);
      fields.push(field);
      if (end < 0) return fields;
      at = end + 1;
      continue;
    }
    let field = "";
    for (at++; ; at++) {
      const quote = line.indexOf('"', at);
      if (quote < 0) throw new LineError(index, "quotes that don't close");
      field += line.slice(at, quote);
      at = quote + 1;
      if (line[at] !== '"') break;
      field += '"';
    }
    fields.push(field);
    if (at >= line.length) return fields;
    if (line[at] !== separator) throw new LineError(index, "text behind closing quotes");
    at++;
  }
  return fields;
}

function strayEnd(stray: string, index: number): LineError {
  const name = stray === "\r" ? "a carriage return" : "a line feed";
  return new LineError(index, `${name} inside a line: this file has line ends of two kinds`);
}
