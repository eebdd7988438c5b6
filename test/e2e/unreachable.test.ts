/** A daemon that cannot be reached: each cause under its own name, at the client, at a master and at a daemon. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { useArea } from "../helpers/area.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";

setDefaultTimeout(120_000);
const area = useArea();

/** Whether this machine has IPv6. */
const hasSix = existsSync("/proc/net/if_inet6");

const REFUSED = "connection refused: nothing listens there";
const NO_ROUTE = "no route to the host";

const iptables = Bun.which("iptables", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
const WITHOUT = iptables === null ? " (skipped: no iptables)" : "";

describe.skipIf(!namespaces.possible)(`hosts that cannot be reached${SKIPPED}`, () => {
  let here: Host;
  let there: Host;

  beforeAll(async () => {
    const hosts = area.keep(Hosts.create(area, 2));
    [here, there] = [hosts.at(1), hosts.at(2)];
    if (hasSix) here.ip("addr", "add", "fd77::1/64", "dev", "eth0", "nodad");
    for (const [kind, net, net6] of [
      ["prohibit", "10.78.1.0/24", "fd78:1::/64"],
      ["blackhole", "10.78.2.0/24", "fd78:2::/64"],
      ["unreachable", "10.78.3.0/24", "fd78:3::/64"],
    ] as const) {
      here.ip("route", "add", kind, net);
      if (hasSix) here.ip("-6", "route", "add", kind, net6);
    }
    // Nobody has 10.77.0.99; that is found out in a tenth of the usual time.
    for (const table of ["arp_cache", "ndisc_cache"])
      if (hasSix || table === "arp_cache")
        here.ip("ntable", "change", "name", table, "dev", "eth0", "retrans", "100");
    here.writeEtc(
      "hosts",
      "127.0.0.1 localhost\n10.77.0.2 several\n10.77.0.99 several both\nfd78:1::1 several\n10.77.0.1 both\n",
    );
    here.writeEtc("resolv.conf", "nameserver 10.77.0.2\noptions timeout:1 attempts:1\n");
    const config = inventory([there], "port = 2000\n") + '[[node]]\nhost = "10.77.0.99"\n';
    area.keep(await here.startDaemon({ config }));
  });

  async function cause(address: string, ...more: string[]): Promise<string> {
    const { stdout, exitCode } = await here.runProof(["status", "-q", address, ...more]);
    expect(exitCode).toBe(2);
    return stdout.trimEnd().replace(/^CRITICAL - .*?:\d+: /, "");
  }

  const cases: readonly (readonly [what: string, address: string, expected: string])[] = [
    ["a closed port here", "localhost:9", REFUSED],
    ["a closed port elsewhere", "10.77.0.2", REFUSED],
    ["a host that is down", "10.77.0.99", NO_ROUTE],
    ["no route", "10.99.0.1", "the network is unreachable"],
    ["a prohibit route", "10.78.1.1", "this machine does not allow the connection (EACCES)"],
    ["a blackhole route", "10.78.2.1", "this machine refuses to send to that address (EINVAL)"],
    ["an unreachable route", "10.78.3.1", NO_ROUTE],
    ["no route, IPv6", "[fd99::1]", "the network is unreachable"],
    ["a host that is down, IPv6", "[fd77::99]", NO_ROUTE],
    [
      "a prohibit route, IPv6",
      "[fd78:1::1]",
      "this machine does not allow the connection (EACCES)",
    ],
    [
      "a blackhole route, IPv6",
      "[fd78:2::1]",
      "this machine refuses to send to that address (EINVAL)",
    ],
    ["an unreachable route, IPv6", "[fd78:3::1]", NO_ROUTE],
  ];
  test.concurrent.each(cases.filter(([what]) => hasSix || !what.endsWith("IPv6")))(
    "%s",
    async (_what, address, expected) => {
      expect(await cause(address)).toBe(expected);
    },
  );

  test.concurrent("each address of a name is tried, and each cause told", async () => {
    const text = await cause("several");
    for (const each of [
      `10.77.0.2: ${REFUSED}`,
      `10.77.0.99: ${NO_ROUTE}`,
      ...(hasSix ? ["fd78:1::1: this machine does not allow the connection (EACCES)"] : []),
    ])
      expect(text.split("; ")).toContain(each);
  });

  test.concurrent("one address that answers is enough", async () => {
    const { stdout, exitCode } = await here.runProof(["status", "-q", "both"]);
    expect({ stdout, exitCode }).toEqual({
      stdout: expect.stringMatching(/^OK - both:1093/),
      exitCode: 0,
    });
  });

  test.concurrent("a name server that does not answer is named", async () => {
    const text =
      'the look-up of the name "master.example.org" got no answer from name server 10.77.0.2';
    expect(await cause("master.example.org")).toBe(text);
  });

  test("a master says the same of its workers", async () => {
    const { stdout, exitCode } = await here.runProof(["open", "-q", "--json", "-e", "1"]);
    expect(stdout).toContain(`10.77.0.2:2000: ${REFUSED}`);
    expect(stdout).toContain(`10.77.0.99:1093: ${NO_ROUTE}`);
    expect(exitCode).toBe(1);
  });

  test("and so does a daemon that asks its nodes", async () => {
    const { stdout } = await here.runProof(["status", "--workers"]);
    expect(stdout).toContain(`10.77.0.2:2000: ${REFUSED}`);
    expect(stdout).toContain(`10.77.0.99:1093: ${NO_ROUTE}`);
  });

  test.skipIf(iptables === null).each([
    [
      "icmp-host-prohibited",
      "a firewall rejects the connection (ICMP host prohibited, sent by 10.77.0.2)",
    ],
    [
      "icmp-admin-prohibited",
      "a firewall rejects the connection (ICMP administratively prohibited, sent by 10.77.0.2)",
    ],
    [
      "icmp-port-unreachable",
      "a firewall rejects the connection (ICMP port unreachable, sent by 10.77.0.2)",
    ],
    ["tcp-reset", REFUSED],
  ])(`a firewall: %s${WITHOUT}`, async (reply, expected) => {
    const rule = ["-p", "tcp", "-j", "REJECT", "--reject-with", reply];
    there.run(iptables ?? "", "-A", "INPUT", ...rule);
    const { stdout } = await here.runProof(["status", "-q", "10.77.0.2"]);
    there.run(iptables ?? "", "-D", "INPUT", ...rule);
    expect(stdout.trimEnd()).toBe(`CRITICAL - 10.77.0.2:1093: ${expected}`);
  });

  test.skipIf(iptables === null)(
    `packets that are dropped: the time that was allowed is named${WITHOUT}`,
    async () => {
      there.run(iptables ?? "", "-A", "INPUT", "-p", "tcp", "-j", "DROP");
      const { stdout } = await here.runProof(["status", "-q", "10.77.0.2", "-t", "700ms"]);
      expect(stdout.trimEnd()).toBe("CRITICAL - 10.77.0.2:1093: no connection within 0.7 s");
    },
  );
});
