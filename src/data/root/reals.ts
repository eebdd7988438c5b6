/**
 * Double32_t and Float16_t: real numbers that take fewer bits in a file.
 * Format: ROOT's TBufferFile::ReadFloat16, ReadDouble32 and TStreamerElement::GetRange.
 */
import type { Cursor } from "./cursor.ts";

/** How a real number is stored. */
export type Real =
  /** As an integer of 32 bits: integer / factor + least. */
  | { type: "range"; factor: number; least: number }
  /** A byte of exponent and two of mantissa, of which `bits` count. */
  | { type: "bits"; bits: number }
  /** As a float32. */
  | { type: "plain" };

/** Bits of mantissa, where nothing else is said. */
const DEFAULT_BITS = 12;

/** Fewer bits than these without a range mean a shortened mantissa. */
const FEW_BITS = 15;

/** How the numbers of a member or leaf are stored, from its title: `[min,max]` or `[min,max,bits]`. */
export function realOf(title: string, kind: "float64" | "float32"): Real {
  const range = rangeIn(title);
  if (range !== undefined) {
    const { least, most, bits } = range;
    if (least < most) {
      return {
        type: "range",
        factor: (bits < 32 ? 2 ** bits : 0xffff_ffff) / (most - least),
        least,
      };
    }
    if (bits < FEW_BITS) return { type: "bits", bits };
  }
  return kind === "float64" ? { type: "plain" } : { type: "bits", bits: DEFAULT_BITS };
}

function rangeIn(title: string): { least: number; most: number; bits: number } | undefined {
  // The first brackets may be a dimension.
  const found = [...title.matchAll(/\[([^\]]*)\]/g)].slice(0, 2);
  const inside = found.map(([, text]) => text ?? "").find((text) => text.includes(","));
  if (inside === undefined) return undefined;
  const [least = "", most = "", bits = "32"] = inside.split(",");
  const n = Number.parseInt(bits, 10);
  return { least: limit(least), most: limit(most), bits: n >= 2 && n <= 32 ? n : 32 };
}

/** A limit of a range: a number, or a part of pi. */
function limit(text: string): number {
  const parts: readonly (readonly [RegExp, number])[] = [
    [/2\*?pi|twopi/, 2 * Math.PI],
    [/pi\/2/, Math.PI / 2],
    [/pi\/4/, Math.PI / 4],
    [/pi/, Math.PI],
  ];
  const part = parts.find(([pattern]) => pattern.test(text))?.[1];
  if (part === undefined) return Number.parseFloat(text) || 0;
  return text.includes("-") ? -part : part;
}

const shape = new DataView(new ArrayBuffer(4));

/** One number. */
export function readReal(cursor: Cursor, real: Real, kind: "float64" | "float32"): number {
  switch (real.type) {
    case "range": {
      const value = cursor.u32() / real.factor + real.least;
      return kind === "float64" ? value : Math.fround(value);
    }
    case "bits": {
      const { bits } = real;
      const exponent = cursor.u8();
      const mantissa = cursor.u16();
      const size = mantissa & ((1 << (bits + 1)) - 1);
      shape.setUint32(0, ((exponent << 23) | (size << (23 - bits))) >>> 0);
      const value = shape.getFloat32(0);
      return ((1 << (bits + 1)) & mantissa) === 0 ? value : -value;
    }
    default:
      return cursor.f32();
  }
}
