/** What the first entries of a CSV hold, from which the types of its columns are taken. */
import { type FieldFormat, fieldsOf } from "./fields.ts";
import { exact, isLarge, isMissing, looksNumeric, numberOf } from "./numbers.ts";

/** What the first entries hold in one column. */
export interface Finding {
  numbers: number;
  texts: number;
  /** The first text, and which of the entries it is in, from 1 on. */
  text: string;
  row: number;
  /** Whether all texts look like numbers. */
  looksNumeric: boolean;
  hasDecimals: boolean;
  /** Whether an integer is not exact as a number. */
  hasLarge: boolean;
}

/** What `lines`, all of them entries, hold in each column. */
export function findIn(
  lines: readonly string[],
  names: readonly string[],
  format: FieldFormat,
): Finding[] {
  const findings = names.map((): Finding => ({
    numbers: 0,
    texts: 0,
    text: "",
    row: 0,
    looksNumeric: true,
    hasDecimals: false,
    hasLarge: false,
  }));
  for (const [index, line] of lines.entries()) {
    let fields: string[];
    try {
      fields = fieldsOf(line, format, 0);
    } catch {
      // Reported with its place when the record is read.
      continue;
    }
    // Of one with too few or too many fields nobody knows which are which.
    if (fields.length !== names.length) continue;
    for (const [i, field] of fields.entries()) note(findings[i] as Finding, field, index + 1);
  }
  return findings;
}

function note(finding: Finding, field: string, row: number): void {
  const value = numberOf(field);
  if (value === undefined) {
    if (finding.texts++ === 0) {
      finding.text = field;
      finding.row = row;
    }
    finding.looksNumeric &&= looksNumeric(field);
  } else if (value !== value) {
    if (!isMissing(field.trim())) finding.numbers++;
  } else {
    finding.numbers++;
    finding.hasDecimals ||= !/^\s*[+-]?\d+\s*$/.test(field);
    if (isLarge(value) && Number.isFinite(value)) {
      finding.hasLarge ||= typeof exact(field, value) === "bigint";
    }
  }
}
