/** So many at a time, user by user in turn. */
import { expect, test } from "bun:test";
import { Gate } from "../../src/daemon/gate.ts";

function stage(places: number) {
  const gate = new Gate(places);
  const inside: string[] = [];
  const enter = (user: string): void => void gate.enter(user).then(() => inside.push(user));
  return { gate, inside, enter };
}

test("so many come in at once, the next when one leaves", async () => {
  const { gate, inside, enter } = stage(2);
  for (let i = 0; i < 4; i++) enter("a");
  await Bun.sleep(0);
  expect(inside).toEqual(["a", "a"]);
  gate.leave();
  await Bun.sleep(0);
  expect(inside).toEqual(["a", "a", "a"]);
});

test("who wants many keeps nobody waiting longer than one of them takes", async () => {
  const { gate, inside, enter } = stage(1);
  for (let i = 0; i < 5; i++) enter("a");
  enter("b");
  enter("c");
  enter("b");
  for (let i = 0; i < 8; i++) {
    await Bun.sleep(0);
    expect(inside.length).toBe(i + 1);
    gate.leave();
  }
  expect(inside.join("")).toBe("aabcabaa");
});

test("places that nobody waits for are free again", async () => {
  const { gate, inside, enter } = stage(1);
  for (let round = 0; round < 3; round++) {
    enter("a");
    await Bun.sleep(0);
    gate.leave();
  }
  expect(inside).toEqual(["a", "a", "a"]);
});

test("who does not want to come in yet keeps nobody else out, and comes in when the gate looks again", async () => {
  const { gate, inside, enter } = stage(2);
  let wants = false;
  void gate.enter("a", () => wants).then(() => inside.push("later"));
  enter("a");
  enter("b");
  await Bun.sleep(0);
  // One user's keep their order.
  expect(inside).toEqual(["b"]);
  wants = true;
  gate.look();
  await Bun.sleep(0);
  expect(inside).toEqual(["b", "later"]);
  gate.leave();
  await Bun.sleep(0);
  expect(inside).toEqual(["b", "later", "a"]);
});
