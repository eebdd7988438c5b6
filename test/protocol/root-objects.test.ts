import { expect, test } from "bun:test";
import { listOf, slaveInfo } from "../../src/protocol/root-objects.ts";
import { recording } from "../helpers/recording.ts";

/** The first message of kind GETSLAVEINFO that a worker of ROOT's sent: its body. */
function recorded(): Buffer {
  for (const event of recording("process")) {
    if (event.kind !== "response" || event.frame.status !== 4001) continue;
    const { payload } = event.frame;
    if (payload.length > 12 && payload.readInt32BE(8) === 1024) return payload.subarray(12);
  }
  throw new Error("no such message");
}

/** Where two buffers begin to differ. */
const common = (a: Buffer, b: Buffer): number =>
  [...a].findIndex((byte, i) => i >= b.length || byte !== b[i]);

test("a list of workers is laid out as ROOT does it", () => {
  const body = recorded();
  const info = { ordinal: "0.1", host: "vm", isActive: false };
  const ours = listOf([slaveInfo(info)]);
  // Ours has neither a data directory nor a system: so the byte counts differ, and nothing else before those.
  const lengths = [0, 14, 35, 54];
  for (const at of lengths) {
    const difference = ours.readUInt32BE(at) - body.readUInt32BE(at);
    expect({ at, difference }).toEqual({ at, difference: ours.length - body.length });
    ours.writeUInt32BE(body.readUInt32BE(at), at);
  }
  const directory = body.indexOf("/var/proof") - 1;
  expect(common(ours, body)).toBe(directory);
  // Status and the option of the list's entry.
  expect(ours.subarray(-5).toString("hex")).toBe(body.subarray(-5).toString("hex"));
});
