/** What `proof status` says of ROOT's own xproofd. Pure. */
import { sanitizeLine } from "../lib/sanitize.ts";
import { statusName, type Xproofd } from "../protocol/xproofd.ts";
import type { Style } from "./output.ts";
import { formatTable } from "./table.ts";

/** One line: what it is, and how much of it there is. */
export function summarizeXproofd(where: string, { protocol, ...rest }: Xproofd): string {
  const { versions, sessions, user, workers } = rest;
  const release = versions.find(({ isDefault }) => isDefault)?.release ?? "unknown";
  const count = workers.nodes.filter(({ role }) => role === "worker").length;
  const what = `ROOT's xproofd (protocol ${protocol}, ROOT ${release})`;
  return `${where}: ${what}, ${counted(sessions.length, "session")} of ${user}, ${counted(count, "worker")}`;
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** Its versions, the user's sessions, its workers. */
export function renderXproofd(where: string, xproofd: Xproofd, style: Style): string[] {
  const { versions, sessions, workers } = xproofd;
  const nodes = workers.nodes.map((node) => [
    `  ${node.host}:${node.port}`,
    node.role,
    node.sessions,
  ]);
  const lines = [
    style.bold(`ROOT's xproofd ${where}`),
    `  selects workers: ${workers.selection}`,
    ...versions.map(
      ({ tag, release, directory, isDefault }) =>
        `  ROOT ${release} (${tag}${isDefault ? ", default" : ""}) in ${directory}`,
    ),
  ];
  const rows = sessions.map(({ tag, sid, alias, status, clients }) => [
    `  ${tag}`,
    sid,
    alias,
    statusName(status),
    clients,
  ]);
  if (rows.length > 0)
    lines.push(...formatTable(rows, ["  session", "number", "alias", "state", "clients"]));
  if (nodes.length > 0) lines.push(...formatTable(nodes, ["  node", "role", "sessions"]));
  return lines.map((line) => sanitizeLine(line));
}
