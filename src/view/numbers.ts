/** Numbers as text. */

/**
 * As C's `%.{digits}g`: that many significant digits, without zeros at the end, and with an exponent where
 * the number is very large or small. ROOT's statistics box uses 4 digits (gStyle->SetStatFormat, "6.4g").
 */
export function general(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return "0";
  const [mantissa = "", power = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits)
    return withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${withoutZeros(mantissa)}e${exponent < 0 ? "-" : "+"}${size}`;
}

/** A number of fills: whole up to 10 million, as ROOT prints it, 7 digits beyond. */
export function entries(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? String(value) : general(value, 7);
}

/** The text without zeros behind its decimal point. */
export function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
