/**
 * JSROOT's own build for histograms in SVG, with its licence. Both are files inside the compiled binary,
 * read only when a page is written. By path, because jsroot does not export its builds by name.
 */
import library from "../../node_modules/jsroot/build/hist2d.min.js" with { type: "file" };
import license from "../../node_modules/jsroot/LICENSE" with { type: "file" };

/** What a page needs to draw. */
export interface JsrootLibrary {
  /** A classic script that defines `JSROOT`. */
  readonly script: string;
  readonly license: string;
}

/** Reads both; rejects where jsroot is not installed. */
export async function loadJsrootLibrary(): Promise<JsrootLibrary> {
  const [script, notice] = await Promise.all([Bun.file(library).text(), Bun.file(license).text()]);
  // The file of this version has lost its copyright sign to a wrong encoding.
  return { script, license: notice.replaceAll("\ufffd", "©").trim() };
}
