/** What a health check has found, judged and laid out. Pure. */
import type { ProofError } from "../lib/errors.ts";
import { sanitizeLine } from "../lib/sanitize.ts";
import { formatDuration } from "../lib/units.ts";
import type { Health, NodeHealth } from "../protocol/health.ts";
import type { Xproofd } from "../protocol/xproofd.ts";
import type { Style } from "./output.ts";
import { describeDisk, judgeDisk } from "./disk-report.ts";
import { formatTable } from "./table.ts";
import { renderXproofd, summarizeXproofd } from "./xproofd-report.ts";

/** Exit codes of monitoring plugins. */
export const LEVELS = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
/** One of them. */
export type Level = keyof typeof LEVELS;

/** What was found out about one daemon. */
export interface Probe {
  where: string;
  /** Milliseconds until the answer. */
  elapsed: number;
  health?: Health | undefined;
  nodes?: NodeHealth[] | undefined;
  /** What it is if it is ROOT's own xproofd. */
  xproofd?: Xproofd | undefined;
  error?: ProofError | undefined;
}

/** How bad it is, in a few words. */
export interface Assessment {
  level: Level;
  text: string;
}

/** Codes of errors that say that nothing (of ours) is there. */
const GONE = ["CONNECT", "TIMEOUT", "RESOLVE", "LINK_LOST", "NOT_PROOF"];
/** Troubles of nodes that the summary names; the table has all. */
const NAMED = 3;

export function assess(probe: Probe): Assessment {
  const { where, health, nodes, xproofd, error } = probe;
  if (xproofd !== undefined) return { level: "OK", text: summarizeXproofd(where, xproofd) };
  if (health === undefined) return unreached(error, error?.message ?? `${where}: no answer`);
  const tops = health.sessions.filter(({ role }) => role === "master").length + health.others;
  const base = `${where}: proof ${health.version}, ${counted(tops, "session")}`;
  const own = troublesOf(health, "");
  if (health.maxsessions > 0 && tops >= health.maxsessions)
    own.push({ level: "WARNING", text: "no session is free" });
  if (error !== undefined) own.push(unreached(error, `its nodes are not known: ${error.message}`));
  if (nodes === undefined) return summed(base, own);

  const all = flatten(nodes);
  const up = all.filter((node) => node.health !== undefined);
  const counts = `${base}, ${up.length} of ${counted(all.length, "worker node")} up`;
  const isUseless = all.length > 0 && !up.some(({ role }) => role === "worker");
  const missing: Assessment[] =
    up.length < all.length || isUseless
      ? [{ level: isUseless ? "CRITICAL" : "WARNING", text: "" }]
      : [];
  return summed(counts, [...missing, ...own, ...all.flatMap(nodeTroubles)]);
}

function unreached(error: ProofError | undefined, text: string): Assessment {
  const isGone = error === undefined || GONE.includes(error.code);
  return { level: isGone ? "CRITICAL" : "UNKNOWN", text };
}

/** One assessment of several: the worst level, and the first few texts. */
function summed(base: string, parts: readonly Assessment[]): Assessment {
  const level = worst(parts.map((part) => part.level));
  const texts = [...new Set(parts.map(({ text }) => text).filter((text) => text !== ""))];
  const more = texts.length - NAMED;
  const named = more > 0 ? [...texts.slice(0, NAMED), `and ${more} more`] : texts;
  return { level, text: [base, ...named].join(", ") };
}

/** All nodes, those below submasters behind these. */
function flatten(nodes: readonly NodeHealth[]): NodeHealth[] {
  return nodes.flatMap((node) => [node, ...flatten(node.nodes ?? [])]);
}

/** What is wrong with a daemon that answers; `name` stands before it. */
function troublesOf(health: Health, name: string): Assessment[] {
  const disks = health.disks.flatMap((disk) => judgeDisk(disk) ?? []);
  const troubles: Assessment[] = disks.map(({ level, text }) => ({ level, text: name + text }));
  if (health.stopping)
    troubles.unshift({ level: "WARNING", text: `${name}the daemon is shutting down` });
  return troubles;
}

function nodeTroubles(node: NodeHealth): Assessment[] {
  const { host, port, health, failure } = node;
  if (health === undefined) return [];
  const name = `${formatNode(host, port)}: `;
  const troubles = troublesOf(health, name);
  if (failure !== undefined) {
    const text = `${name}what is below it is not known: ${failure.message}`;
    troubles.push({ level: "WARNING", text });
  }
  return troubles;
}

function formatNode(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const ORDER: readonly Level[] = ["CRITICAL", "UNKNOWN", "WARNING", "OK"];

function worst(levels: readonly Level[]): Level {
  return ORDER.find((level) => levels.includes(level)) ?? "OK";
}

/** The worst of all, and the summary line. */
export function overall(assessments: readonly Assessment[]): { level: Level; summary: string } {
  const level = assessments.length === 0 ? "UNKNOWN" : worst(assessments.map((each) => each.level));
  const telling = level === "OK" ? assessments : assessments.filter((each) => each.level !== "OK");
  return { level, summary: `${level} - ${telling.map(({ text }) => text).join("; ")}` };
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** Lines below the summary. */
export function renderProbe(probe: Probe, style: Style): string[] {
  const { where, health, nodes, xproofd, error } = probe;
  if (xproofd !== undefined) return renderXproofd(where, xproofd, style);
  if (health === undefined) {
    return error?.hint === undefined ? [] : [`${where}: hint: ${sanitizeLine(error.hint)}`];
  }
  const { host, port, version, role, pid, uptime, auth } = health;
  const lines = [
    style.bold(`daemon ${where}`),
    sanitizeLine(
      `  host ${host}, port ${port}, version ${version}, role ${role}, pid ${pid}, up ${formatAge(uptime)}, auth ${auth}`,
    ),
  ];
  const sessions = health.sessions.map(({ tag, user, ordinal, state, workers, clients, age }) => [
    `  ${tag}`,
    user,
    ordinal,
    state,
    workers,
    clients,
    formatAge(age),
  ]);
  if (sessions.length > 0) {
    lines.push(
      ...formatTable(sessions, [
        "  session",
        "user",
        "ordinal",
        "state",
        "workers",
        "clients",
        "age",
      ]),
    );
  }
  if (health.others > 0) lines.push(`  and ${counted(health.others, "session")} of other users`);
  if (error !== undefined) {
    lines.push(`  its nodes: ${sanitizeLine(error.message)}`);
    if (error.hint !== undefined) lines.push(`  hint: ${sanitizeLine(error.hint)}`);
  }
  for (const disk of health.disks) lines.push(sanitizeLine(`  ${describeDisk(disk)}`));
  if (nodes !== undefined) {
    const rows = tiers(nodes).map(({ node, tier }) => [
      `  ${"  ".repeat(tier)}${formatNode(node.host, node.port)}`,
      node.role,
      node.workers,
      node.health === undefined ? "DOWN" : "up",
      node.health?.version ?? "-",
      node.health?.sessions.length ?? "-",
      `${node.elapsed.toFixed(1)} ms`,
      nodeCause(node),
    ]);
    lines.push(
      ...formatTable(rows, [
        "  node",
        "role",
        "workers",
        "state",
        "version",
        "proofservs",
        "answer",
        "cause",
      ]),
    );
  }
  return lines;
}

/** All nodes with the tier that each is on, 0 for the first, those below a submaster behind it. */
function tiers(nodes: readonly NodeHealth[], tier = 0): { node: NodeHealth; tier: number }[] {
  return nodes.flatMap((node) => [{ node, tier }, ...tiers(node.nodes ?? [], tier + 1)]);
}

/** What is wrong with a node, for the table. */
function nodeCause({ health, failure }: NodeHealth): string {
  const own = health === undefined ? [] : troublesOf(health, "").map(({ text }) => text);
  const failed = failure === undefined ? [] : [`${failure.phase}: ${failure.message}`];
  return [...failed, ...own].join("; ");
}

function formatAge(seconds: number): string {
  return formatDuration(seconds * 1000);
}
