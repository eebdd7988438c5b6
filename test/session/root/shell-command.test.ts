import { expect, test } from "bun:test";
import { ShellCommand } from "../../../src/session/root/shell-command.ts";

const fine = (ordinal: string) => ({ ordinal, host: "h", ok: true, text: "" });

test("one worker is shown at a time, line by line; the others wait for it", () => {
  const shell = new ShellCommand(1);
  expect(shell.output({ ordinal: "0.0", text: "a\nb" })).toBe("a\n");
  expect(shell.output({ ordinal: "0.1", text: "x\ny\n" })).toBe("");
  expect(shell.output({ ordinal: "0.0", text: "c\n" })).toBe("bc\n");
  expect(shell.result(fine("0.1"))).toBe("");
  expect(shell.output({ ordinal: "0.2", text: "p\nq" })).toBe("");
  // Those that are done come as a whole, then the next one has the floor.
  expect(shell.result(fine("0.0"))).toBe("x\ny\np\n");
  expect(shell.output({ ordinal: "0.2", text: "r" })).toBe("");
  expect(shell.result(fine("0.2"))).toBe("qr\n");
});

test("a failure is told behind the output, and the first one is the status", () => {
  const shell = new ShellCommand(1);
  shell.add(7);
  shell.add(8);
  const failed = { ordinal: "0.0", host: "n1", ok: false, text: "exit code 3", exitCode: 3 };
  shell.output({ ordinal: "0.0", text: "half" });
  expect(shell.result(failed)).toBe("half\n0.0 (n1): exit code 3\n");
  expect(shell.result({ ...failed, ordinal: "0.1", exitCode: 4 })).toContain("0.1 (n1)");
  expect(shell.done(7)).toBeUndefined();
  expect(shell.done(7)).toBeUndefined();
  expect(shell.done(8)).toBe(3);
});

test("of a worker that waits no more than a megabyte is kept", () => {
  const shell = new ShellCommand(1);
  shell.output({ ordinal: "0.0", text: "first\n" });
  const much = `${"x".repeat(1024 * 1024)}\n`;
  expect(shell.output({ ordinal: "0.1", text: much })).toBe(much);
});
