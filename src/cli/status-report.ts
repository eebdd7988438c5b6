/** What a health check has found, judged and laid out. Pure. */
import type { ProofError } from "../lib/errors.ts";
import { sanitizeLine } from "../lib/sanitize.ts";
import { formatDuration } from "../lib/units.ts";
import type { Health, NodeHealth } from "../protocol/health.ts";
import type { Xproofd } from "../protocol/xproofd.ts";
import type { Style } from "./output.ts";
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

export function assess(probe: Probe): Assessment {
  const { where, health, nodes, xproofd, error } = probe;
  if (xproofd !== undefined) return { level: "OK", text: summarizeXproofd(where, xproofd) };
  if (health === undefined) {
    const text = error?.message ?? `${where}: no answer`;
    return {
      level: error === undefined || GONE.includes(error.code) ? "CRITICAL" : "UNKNOWN",
      text,
    };
  }
  if (health.stopping) return { level: "WARNING", text: `${where}: the daemon is shutting down` };
  const tops = health.sessions.filter(({ role }) => role === "master").length + health.others;
  const base = `${where}: proof ${health.version}, ${counted(tops, "session")}`;
  if (health.maxsessions > 0 && tops >= health.maxsessions)
    return { level: "WARNING", text: `${base}, no session is free` };
  if (nodes === undefined) return { level: "OK", text: base };
  const up = nodes.filter((node) => node.health !== undefined);
  const text = `${base}, ${up.length} of ${counted(nodes.length, "worker node")} up`;
  if (up.length === 0 && nodes.length > 0) return { level: "CRITICAL", text };
  return { level: up.length < nodes.length ? "WARNING" : "OK", text };
}

/** The worst of all, and the summary line. */
export function overall(assessments: readonly Assessment[]): { level: Level; summary: string } {
  const order: Level[] = ["CRITICAL", "UNKNOWN", "WARNING", "OK"];
  const level =
    order.find((candidate) => assessments.some((each) => each.level === candidate)) ?? "UNKNOWN";
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
  if (nodes !== undefined) {
    const rows = nodes.map((node) => [
      `  ${node.host}:${node.port}`,
      node.role,
      node.workers,
      node.health === undefined ? "DOWN" : "up",
      node.health?.version ?? "-",
      node.health?.sessions.length ?? "-",
      `${node.elapsed.toFixed(1)} ms`,
      node.failure === undefined ? "" : `${node.failure.phase}: ${node.failure.message}`,
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

function formatAge(seconds: number): string {
  return formatDuration(seconds * 1000);
}
