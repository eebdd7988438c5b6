import { expect, test } from "bun:test";
import { reportFailures } from "../../src/cli/failures.ts";
import { Output } from "../../src/cli/output.ts";
import type { WorkerFailure } from "../../src/protocol/messages.ts";

function failure(ordinal: string, message: string): WorkerFailure {
  return { code: "CONNECT", phase: "tcp", host: "node7", message, ordinal, remedy: "retry" };
}

async function shown(failures: readonly WorkerFailure[]): Promise<string[]> {
  let text = "";
  const sink = {
    write(part: string, done: () => void) {
      text += part;
      done();
      return true;
    },
    on: () => undefined,
  };
  const output = new Output({ stdout: sink, stderr: sink, env: {} });
  reportFailures(failures, output);
  await output.drain();
  return text.trimEnd().split("\n");
}

test("workers that are missing for one cause are one line, others their own", async () => {
  const alike = Array.from({ length: 100 }, (_, i) => failure(`0.${i}`, "node7: refused"));
  expect(await shown([...alike, failure("0.100", "node7: reset")])).toEqual([
    "  workers 0.0, 0.1, 0.2, 0.3 and 96 more on node7 failed in phase tcp: refused; they are tried again",
    "  worker 0.100 on node7 failed in phase tcp: reset; it is tried again",
  ]);
});
