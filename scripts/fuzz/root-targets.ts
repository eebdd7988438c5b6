/** What users of ROOT write for a shell, and what ROOT's xproofd answers. */
import { fits, readGrep, wordsOf } from "../../src/daemon/root/words.ts";
import { readVersions, readWorkers } from "../../src/protocol/xproofd.ts";
import { codec, Finding, type Target } from "./target.ts";

export const ROOT_TARGETS: readonly Target[] = [
  codec("ROOT: words", [Buffer.from("-v \"| SvcMsg\" 'x' \\ y")], (input) => {
    const words = wordsOf(input.toString("latin1"));
    if (words.length > input.length) throw new Finding(`${words.length} words`);
    return readGrep(input.toString("latin1"));
  }),
  codec("ROOT: pattern of a name", [Buffer.from("a*b?c\0aXbYc")], (input) => {
    const [pattern = "", name = ""] = input.toString("latin1").split("\0");
    fits(name, pattern);
    if (!fits(name, "*")) throw new Finding("a name that a star does not fit");
  }),
  codec("xproofd: versions", [Buffer.from("  * peer 5.34/30 /opt/root 36\n\0")], readVersions),
  codec(
    "xproofd: workers",
    [Buffer.from("Selection: all &M: h:1093  sessions: 1 &W: h:1093  sessions: 0 &\0")],
    readWorkers,
  ),
];
