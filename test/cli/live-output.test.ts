/** Parts of a long line are marked where they go on, and only there. */
import { expect, test } from "bun:test";
import { LiveOutput } from "../../src/cli/live-output.ts";
import { Output, type Sink } from "../../src/cli/output.ts";

/** The lines that pieces are shown as. */
function shown(...pieces: string[]): string[] {
  let text = "";
  const sink: Sink = {
    write(part, done) {
      text += part;
      done();
      return true;
    },
    on: () => undefined,
  };
  const live = new LiveOutput(new Output({ stdout: sink, stderr: sink, env: {} }));
  for (const piece of pieces) live.add({ ordinal: "0.0", text: piece });
  live.end();
  return text.split("\n").slice(0, -1);
}

const long = "w".repeat(64 * 1024 + 1);

test("what ends with a part that is as long as one may be has no mark at its end", () => {
  expect(shown(long)).toEqual([`0.0: ${long}`]);
  expect(shown(long, "")).toEqual([`0.0: ${long}`]);
  expect(shown(long, "\n")).toEqual([`0.0: ${long}`]);
  expect(shown(`${long}\r`, "\nnext\n")).toEqual([`0.0: ${long}`, "0.0: next"]);
  expect(shown(long, "\r\nnext")).toEqual([`0.0: ${long}`, "0.0: next"]);
});

test("each part but the last says that it goes on, each but the first that it did", () => {
  expect(shown(long, long, long)).toEqual([`0.0: ${long} …`, `0.0: … ${long} …`, `0.0: … ${long}`]);
  expect(shown(long, "end\nnext\n")).toEqual([`0.0: ${long} …`, "0.0: … end", "0.0: next"]);
});
