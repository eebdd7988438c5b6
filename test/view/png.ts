/** Reads the PNG files that a browser writes: 8 bits per channel, RGB or RGBA, not interlaced. */
import { inflateSync } from "node:zlib";

/** A picture, row by row from the top. */
export class Picture {
  readonly width: number;
  readonly height: number;
  readonly #channels: number;
  readonly #pixels: Uint8Array;

  constructor(png: Uint8Array) {
    const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
    if (view.getBigUint64(0) !== 0x89504e470d0a1a0an) throw new Error("not a PNG");
    const data: Uint8Array[] = [];
    let header: DataView | undefined;
    for (let at = 8; at < png.length;) {
      const length = view.getUint32(at);
      const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
      const body = png.subarray(at + 8, at + 8 + length);
      if (type === "IHDR") header = new DataView(png.buffer, body.byteOffset, length);
      if (type === "IDAT") data.push(body);
      at += 12 + length;
    }
    if (header === undefined) throw new Error("a PNG without a header");
    this.width = header.getUint32(0);
    this.height = header.getUint32(4);
    const [depth, color, interlace] = [header.getUint8(8), header.getUint8(9), header.getUint8(12)];
    if (depth !== 8 || (color !== 2 && color !== 6) || interlace !== 0)
      throw new Error(`a PNG of depth ${depth}, colour type ${color}, interlace ${interlace}`);
    this.#channels = color === 2 ? 3 : 4;
    this.#pixels = unfilter(
      inflateSync(Buffer.concat(data)),
      this.width,
      this.height,
      this.#channels,
    );
  }

  /** Whether a pixel is of the colour, each channel within `tolerance`. */
  is(x: number, y: number, color: readonly [number, number, number], tolerance = 2): boolean {
    const at = (y * this.width + x) * this.#channels;
    return color.every((value, i) => Math.abs(this.#pixels[at + i]! - value) <= tolerance);
  }

  /** How many pixels of each column are of the colour. */
  columnsOf(color: readonly [number, number, number]): number[] {
    return Array.from({ length: this.width }, (_, x) => {
      let count = 0;
      for (let y = 0; y < this.height; y++) if (this.is(x, y, color)) count++;
      return count;
    });
  }
}

/** Undoes the filter of each row (PNG specification, "Filter types for filter method 0"). */
function unfilter(raw: Uint8Array, width: number, height: number, channels: number): Uint8Array {
  const stride = width * channels;
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    for (let i = 0; i < stride; i++) {
      const at = y * stride + i;
      const before = i >= channels ? out[at - channels]! : 0;
      const above = y > 0 ? out[at - stride]! : 0;
      const corner = i >= channels && y > 0 ? out[at - stride - channels]! : 0;
      const predicted = [0, before, above, (before + above) >> 1, paeth(before, above, corner)];
      out[at] = raw[y * (stride + 1) + 1 + i]! + predicted[filter]!;
    }
  }
  return out;
}

function paeth(a: number, b: number, c: number): number {
  const [toA, toB, toC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}
