/** How long sessions stay that nobody is connected to. */
import { expect, test } from "bun:test";
import { patience, type Vacant } from "../../src/daemon/departure.ts";
import { loadConfig } from "../../src/config/load.ts";

const { session } = loadConfig({ env: {}, home: "/nowhere", systemFile: "/nowhere" }).config;
const TIMES = { shutdown_delay: 1, result_wait: 2, reconnto: 3 };

test.each<["idle" | "always" | "never", Partial<Vacant>, number]>([
  ["idle", {}, 1],
  ["idle", { isBusy: true }, Number.POSITIVE_INFINITY],
  ["idle", { hasResult: true }, 2],
  ["idle", { isBusy: true, hasResult: true }, Number.POSITIVE_INFINITY],
  ["always", {}, 1],
  ["always", { isBusy: true, hasResult: true }, 1],
  ["never", {}, Number.POSITIVE_INFINITY],
  ["never", { hasResult: true }, Number.POSITIVE_INFINITY],
  // A master comes back soon or not at all, whatever happens to sessions of clients.
  ["never", { role: "worker", isBusy: true }, 3],
  ["always", { role: "submaster" }, 3],
])("shutdown %s, %j: %d ms", (shutdown, vacant, expected) => {
  const whole: Vacant = { role: "master", isBusy: false, hasResult: false, ...vacant };
  expect(patience(whole, { ...session, ...TIMES, shutdown })).toBe(expected);
});

test("a result never shortens the wait", () => {
  const settings = { ...session, shutdown: "idle", shutdown_delay: 5, result_wait: 2 } as const;
  expect(patience({ role: "master", isBusy: false, hasResult: true }, settings)).toBe(5);
});
