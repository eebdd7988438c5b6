/** Files that people write, and texts that are shown to them. */
import type { Access } from "../../src/data/access.ts";
import { openCsv } from "../../src/data/text/csv.ts";
import { openNdjson } from "../../src/data/text/ndjson.ts";
import { type Table, tableReader } from "../../src/data/text/table.ts";
import { readDocument } from "../../src/config/document.ts";
import { parseProofConf } from "../../src/config/proof-conf.ts";
import { expandRanges, MOST_HOSTS } from "../../src/config/ranges.ts";
import { readKeyLine } from "../../src/daemon/key-options.ts";
import { readPublicKey } from "../../src/lib/ssh-keys.ts";
import { sanitize, sanitizeJson, sanitizeLine } from "../../src/lib/sanitize.ts";
import { readBytes, readDuration } from "../../src/lib/units.ts";
import { codec, Finding, json, type Target } from "./target.ts";

const CONF =
  "# cluster\nmaster gate\nsubmaster joe@sub:2093 perf=5\nworker wn[01-03,7] repeat=2 image=a\tworkdir=/w msd=x\r\nslave [::1]:1093 # more\n";
const EXAMPLE = await Bun.file(new URL("../../proof.toml.example", import.meta.url)).text();
const TOML =
  '[daemon]\nport = 2093\nhost = "::"\n[limits]\nmessage = "64MiB"\n[session]\nenv = { A = "1", "B" = \'2\' }\npass_env = ["LANG", "LC_*"]\n[[node]]\nhost = "wn[01-02]"\nworkers = 3\n';
const CSV = 'run,x,name,ok\n1,2.5,"a ""b"", c",true\n2,-3e5,é,false\n\n3,,"",true\n';
const NDJSON =
  '{"run":1,"x":2.5,"name":"a","list":[1,2]}\n\n{"run":2,"x":null,"name":"b","list":[]}\n';
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIGlJTTT9ZJTTT9ZJTTT9ZJTTT9ZJTTT9ZJTTT9ZJTTT a@b";
const KEY_LINES = [
  KEY,
  `restrict,from="10.0.0.*,!10.0.0.1",expiry-time="20300101" ${KEY}`,
  `command="a \\"b\\" c",no-pty ${KEY}`,
  "# a comment",
].map((line) => Buffer.from(line));
const UNSAFE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** A text format, read from memory as it would be from a file: whole, and in two parts. */
function table(name: string, sample: string, open: (access: Access) => Promise<Table>): Target {
  return {
    name,
    samples: [Buffer.from(sample)],
    async run(input) {
      const access: Access = {
        path: name,
        size: input.length,
        read: (offset, length) => Promise.resolve(input.subarray(offset, offset + length)),
        isEmpty: () => Promise.resolve(input.length === 0),
        close: () => Promise.resolve(),
      };
      const reader = tableReader(access, await open(access), "all");
      const startsIn = async (first: number, count: number): Promise<number[]> => {
        const chunks = await Array.fromAsync(reader.read(first, count));
        return chunks.flatMap(({ starts }) => [...(starts ?? [])]);
      };
      const whole = await startsIn(0, input.length);
      const cut = Bun.hash.crc32(input) % Math.max(1, input.length);
      const parts = await Promise.all([startsIn(0, cut), startsIn(cut, input.length)]).catch(
        (thrown: unknown) => {
          throw new Finding(`cut at ${cut}: ${String(thrown)}`);
        },
      );
      if (String(whole) !== String(parts.flat()))
        throw new Finding(`cut at ${cut}: ${String(parts)}, not ${String(whole)}`);
    },
  };
}

export const TEXT_TARGETS: readonly Target[] = [
  codec("proof.conf", [Buffer.from(CONF)], (input) => parseProofConf(input.toString(), "/p.conf")),
  codec("proof.toml", [Buffer.from(TOML), Buffer.from(EXAMPLE)], (input) =>
    readDocument(input.toString(), "/p.toml", "/h"),
  ),
  codec(
    "host ranges",
    [Buffer.from("wn[01-10,12]"), Buffer.from("r[a,b]n[1-2]"), Buffer.from("[fe80::1]")],
    (input) => {
      const hosts = expandRanges(input.toString());
      if (Array.isArray(hosts) && hosts.length > MOST_HOSTS)
        throw new Finding(`${hosts.length} hosts`);
      return hosts;
    },
  ),
  codec(
    "durations and sizes",
    [Buffer.from("300ms"), Buffer.from("64KiB"), Buffer.from("1.5h")],
    (input) => [readDuration(input.toString()), readBytes(input.toString())],
  ),
  codec(
    "texts that are shown",
    [Buffer.from("log \u001b[31mred\u001b[0m\r\n\u202e x"), json({ a: "\u007f\u0085" })],
    (input) => {
      const text = input.toString();
      if (UNSAFE.test(sanitize(text)) || UNSAFE.test(sanitizeJson(text)))
        throw new Finding("a control character came through");
      if (/[\n\t]/.test(sanitizeLine(text))) throw new Finding("a line became two");
    },
  ),
  codec("lines of authorized_keys", KEY_LINES, (input) => {
    const line = readKeyLine(input.toString());
    return line === undefined ? undefined : readPublicKey(line.key);
  }),
  table("a.csv", CSV, openCsv),
  table("a.ndjson", NDJSON, openNdjson),
];
