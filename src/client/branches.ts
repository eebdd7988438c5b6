/** The branches that a selector needs, where it does not say. */
import type { Selector } from "../api/index.ts";

/** The branches it names, or those that its code is seen to use, or all of them. */
export function branchesOf(selector: Selector): string[] | "all" {
  const { branches } = selector;
  if (branches === "all") return "all";
  if (branches !== undefined) return [...branches];
  // oxlint-disable-next-line unbound-method -- looked at, not called
  const { process, processChunk } = selector;
  return branchesUsed(String(process ?? processChunk)) ?? "all";
}

/** Names used as `event.NAME` or taken apart in the first parameter; undefined if the event goes elsewhere too. */
export function branchesUsed(source: string): string[] | undefined {
  const list = /^[^(]*\(([\s\S]*?)\)\s*(?:=>\s*)?\{?/.exec(source);
  const first = list?.[1]?.trim() ?? "";
  const taken = /^\{([^{}=]*)\}/.exec(first);
  if (taken !== null) {
    const names = (taken[1] ?? "").split(",").map((part) => part.split(":")[0]?.trim() ?? "");
    return names.some((name) => name.startsWith("..."))
      ? undefined
      : names.filter((name) => name !== "");
  }
  const parameter = /^[A-Za-z_$][\w$]*/.exec(first)?.[0];
  if (parameter === undefined) return undefined;
  const body = source.slice((list?.[0] ?? "").length);
  const names = new Set<string>();
  const use = new RegExp(
    `(?<![\\w$.])${parameter.replaceAll("$", "\\$")}(?![\\w$])(?:\\.([A-Za-z_$][\\w$]*)|\\["([^"]+)"\\]|.)?`,
    "g",
  );
  for (const [, member, quoted] of body.matchAll(use)) {
    const name = member ?? quoted;
    // Handed on as a whole: anything may be read from it.
    if (name === undefined) return undefined;
    names.add(name);
  }
  return [...names];
}
