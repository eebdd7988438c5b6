/** What happens to the links of hosts that are network namespaces. */
import type { Host, Hosts } from "../../test/helpers/namespaces.ts";

/** Programs that these faults take, beside `ip`. */
export const TOOLS = ["iptables", "tc"] as const;

/** A link that is throttled: a small message passes, a result takes its time. */
const TRICKLE = ["tbf", "rate", "32kbit", "burst", "4kb", "latency", "4s"];

function within(netns: string, ...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["ip", "netns", "exec", netns, ...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}

/** Lets nothing of `other` arrive at `host`; returns how to undo that. */
export function deafen(host: Host, other: Host): () => void {
  const rule = ["INPUT", "-s", other.address, "-j", "DROP"];
  within(host.netns, "iptables", "-w", "-A", ...rule);
  return () => within(host.netns, "iptables", "-w", "-D", ...rule);
}

/** Cuts a host off; returns how to undo that. */
export function unplug(hosts: Hosts, host: Host): () => void {
  hosts.linkDown(host);
  return () => hosts.linkUp(host);
}

/** Throttles a host's link in both directions; returns how to undo that. */
export function throttle(hosts: Hosts, host: Host): () => void {
  const ends = [
    [host.netns, "eth0"],
    [hosts.switch, host.name],
  ] as const;
  for (const [netns, device] of ends)
    within(netns, "tc", "qdisc", "add", "dev", device, "root", ...TRICKLE);
  return () => {
    for (const [netns, device] of ends) within(netns, "tc", "qdisc", "del", "dev", device, "root");
  };
}
