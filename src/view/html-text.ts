/** Text inside a page: nothing that comes from outside becomes markup or code. */
import { sanitize } from "../lib/sanitize.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for between tags, and for attribute values in quotes. */
export function escapeHtml(text: string): string {
  return sanitize(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** JSON for a script element of type application/json: no `</script>` or `<!--` can come up in it. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** The source of a content security policy that allows exactly this inline script. */
export function hashSource(script: string): string {
  return `'sha256-${new Bun.CryptoHasher("sha256").update(script).digest("base64")}'`;
}
