/** The kinds of outputs that we know, by the names under which users know them. */
import { show, withArticle } from "./check.ts";
import { Counter, Sum } from "./counter.ts";
import { H1 } from "./h1.ts";
import { H2 } from "./h2.ts";
import { List } from "./list.ts";
import { Counts } from "./map.ts";
import { Profile } from "./profile.ts";
import { TopN } from "./top.ts";

/** A class of outputs that we know: how it is saved and loaded. */
export interface Kind {
  new (...parameters: never): { save(): Record<string, unknown> };
  load(saved: unknown): unknown;
}

export const KINDS: Readonly<Record<string, Kind>> = {
  H1,
  H2,
  Profile,
  Sum,
  Counter,
  List,
  TopN,
  Counts,
};

/** An output in an error message. The binary's classes have other names than those in the source. */
export function showOutput(value: unknown): string {
  const known = Object.entries(KINDS).find(([, kind]) => value instanceof kind);
  return known === undefined ? show(value) : withArticle(known[0]);
}
