import { expect, test } from "bun:test";
import { ProofError } from "../../src/lib/errors.ts";
import {
  formatBytes,
  formatDuration,
  parseBytes,
  parseDuration,
  parseWait,
  roughBytes,
  readBytes,
  readDuration,
} from "../../src/lib/units.ts";

test.each([
  ["5", 5_000],
  ["0", 0],
  ["0.5", 500],
  ["1.1", 1_100],
  ["300ms", 300],
  ["5s", 5_000],
  ["1.5s", 1_500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["1H", 3_600_000],
  [" 7 s ", 7_000],
])("duration %j is %i ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  "",
  " ",
  "s",
  "-1s",
  "+1s",
  "1d",
  "1s2",
  "1h30m",
  ".5s",
  "5.",
  "1e3",
  "0x10",
  "0.1ms",
  "0.0001s",
  "Infinity",
  "NaN",
  "99999999999999999h",
  "5\n5",
])("%j is no duration", (text) => {
  expect(readDuration(text)).toBeUndefined();
});

test.each([
  ["17", 17],
  ["17B", 17],
  ["64KiB", 65_536],
  ["64kib", 65_536],
  ["256MiB", 268_435_456],
  ["1.5GiB", 1_610_612_736],
  ["1TiB", 1_099_511_627_776],
  ["1KB", 1_000],
  ["1GB", 1_000_000_000],
])("size %j is %i bytes", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(["", "-1", "64K", "1M", "1.5B", "0.3", "1PB", "MiB", "1 000", "9007199254740993B"])(
  "%j is no size",
  (text) => {
    expect(readBytes(text)).toBeUndefined();
  },
);

test.each([
  [0, "0s"],
  [1, "1ms"],
  [1_500, "1500ms"],
  [5_000, "5s"],
  [90_000, "90s"],
  [120_000, "2m"],
  [7_200_000, "2h"],
])("%i ms is written %j and reads back", (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  [0, "0B"],
  [17, "17B"],
  [1_024, "1KiB"],
  [1_000, "1KB"],
  [1_024_000, "1000KiB"],
  [268_435_456, "256MiB"],
  [3_000_000_000, "3GB"],
  [1_001, "1001B"],
])("%i bytes are written %j and read back", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  [0, "0 B"],
  [17, "17 B"],
  [1_023, "1023 B"],
  [1_536, "1.5 KiB"],
  [270_553_174_016, "251 GiB"],
  [75_270_451_200, "70.1 GiB"],
  [1_023.9 * 2 ** 20, "1023 MiB"],
  [2 ** 40, "1 TiB"],
  [5 * 2 ** 50, "5120 TiB"],
])("%d bytes read %j", (bytes, text) => {
  expect(roughBytes(bytes)).toBe(text);
});

test("a wait of no time is refused", () => {
  expect(() => parseWait("0")).toThrow('expected more than 0s, found "0"');
  expect(parseWait("0.001")).toBe(1);
});

test("a wrong duration says what was expected and what was found", () => {
  const wrong = () => parseDuration("5 days");
  expect(wrong).toThrow(ProofError);
  expect(wrong).toThrow(
    'expected a duration such as "300ms", "5s", "2m" or "1h" (a bare number is seconds), found "5 days"',
  );
});

test("a wrong size says what was expected and what was found", () => {
  expect(() => parseBytes("64K")).toThrow(
    'expected a size such as "64KiB", "256MiB" or "1GB" (a bare number is bytes), found "64K"',
  );
});
