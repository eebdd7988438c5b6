/** The locale of a process, as far as characters are concerned. */

/**
 * Whether text may hold more than ASCII. As POSIX has it, LC_ALL decides, else LC_CTYPE, else LANG; one that is
 * empty is as if it were not set, and without any the locale is "C", which is ASCII.
 */
export function isUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "C";
  // language_TERRITORY.codeset@modifier; macOS sets LC_CTYPE to the codeset alone.
  return /(?:^|\.)utf-?8(?:@|$)/i.test(locale);
}
