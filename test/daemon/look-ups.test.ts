/** Strangers who make up names do not keep the daemon waiting; those who are known get in. */
import { expect, test } from "bun:test";
import { LookUps } from "../../src/daemon/look-ups.ts";

function stage(own: readonly string[], others: readonly string[]) {
  let time = 0;
  const asked: string[] = [];
  const lookUps = new LookUps<string>(
    (name) => own.find((known) => known === name),
    (name) => {
      asked.push(name);
      return others.find((known) => known === name);
    },
    () => time,
  );
  return { lookUps, asked, pass: (milliseconds: number) => (time += milliseconds) };
}

test("names of this machine's own files take no question", () => {
  const { lookUps, asked } = stage(["alice"], []);
  for (let i = 0; i < 100; i++) expect(lookUps.find("alice")).toBe("alice");
  expect(asked).toEqual([]);
});

test("made-up names: a few questions a second, and nobody waits for more", () => {
  const { lookUps, asked, pass } = stage([], []);
  const answers = Array.from({ length: 1000 }, (_, i) => lookUps.find(`x${i}`));
  expect(asked.length).toBe(5);
  expect(answers.filter((answer) => answer === "later").length).toBe(995);
  pass(1000);
  expect(lookUps.find("y")).toBeUndefined();
});

test("who was found before is found meanwhile", () => {
  const { lookUps } = stage([], ["bob"]);
  expect(lookUps.find("bob")).toBe("bob");
  for (let i = 0; i < 100; i++) lookUps.find(`x${i}`);
  expect(lookUps.find("x")).toBe("later");
  expect(lookUps.find("bob")).toBe("bob");
});
