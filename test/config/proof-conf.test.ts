import { describe, expect, test } from "bun:test";
import type { InventoryNode } from "../../src/config/node.ts";
import { parseProofConf } from "../../src/config/proof-conf.ts";
import { failureOf, thrownBy } from "./support.ts";

function node(host: string, over: Partial<InventoryNode> = {}): InventoryNode {
  return {
    role: "worker",
    host,
    port: 1093,
    tls: false,
    user: "",
    perf: 100,
    image: "",
    workdir: "",
    msd: "",
    ...over,
  };
}

/** The nodes of a text that must not lead to warnings. */
function nodesOf(text: string): readonly InventoryNode[] {
  const { nodes, warnings } = parseProofConf(text, "p.conf");
  expect(warnings).toEqual([]);
  return nodes;
}

describe("what is read", () => {
  test.each<[string, InventoryNode[]]>([
    ["", []],
    ["\n  \t\n# x\n   # worker a\n\t#worker b\n#", []],
    ["worker a", [node("a")]],
    ["slave a", [node("a")]],
    ["master a", [node("a", { role: "master" })]],
    ["node a", [node("a", { role: "master" })]],
    ["submaster a msd=x", [node("a", { role: "submaster", msd: "x" })]],
    ["  \tworker\t \ta \t perf=5\t", [node("a", { perf: 5 })]],
    ["worker a\r\nworker b perf=7\r\n", [node("a"), node("b", { perf: 7 })]],
    ["\uFEFFworker a", [node("a")]],
    ["worker a # not far\nworker b #port=x", [node("a"), node("b")]],
    ["worker a\nworker b\nworker a", [node("a"), node("b"), node("a")]],
    ["worker joe@a", [node("a", { user: "joe" })]],
    ["worker joe@a:2093", [node("a", { user: "joe", port: 2093 })]],
    ["worker a:2093 port=2094", [node("a", { port: 2094 })]],
    ["worker proofs://u@a:2093", [node("a", { user: "u", port: 2093, tls: true })]],
    ["worker a port=1 port=65535", [node("a", { port: 65_535 })]],
    [
      "worker a workdir=/d=x,[1] image=i#1 msd=m perf=0",
      [node("a", { workdir: "/d=x,[1]", image: "i#1", msd: "m", perf: 0 })],
    ],
    ["worker a image= workdir=", [node("a")]],
    ["worker a repeat=3", [node("a"), node("a"), node("a")]],
    ["worker n[1-2] repeat=2", [node("n1"), node("n2"), node("n1"), node("n2")]],
    ["worker n[08-10,12]", [node("n08"), node("n09"), node("n10"), node("n12")]],
    ["worker n[8-10]x:2000", ["n8x", "n9x", "n10x"].map((host) => node(host, { port: 2000 }))],
    ["worker n[a-c,F-G]", ["na", "nb", "nc", "nF", "nG"].map((host) => node(host))],
    ["worker r[a,b]n[1-2]", ["ran1", "ran2", "rbn1", "rbn2"].map((host) => node(host))],
    ["worker n[3]", [node("n3")]],
    ["worker [1-2].org", [node("1.org"), node("2.org")]],
    ["worker 10.0.0.[1-2]", [node("10.0.0.1"), node("10.0.0.2")]],
    ["worker [fe80::1]:2093", [node("fe80::1", { port: 2093 })]],
    ["worker joe@[fe80::1%eth0]", [node("fe80::1%eth0", { user: "joe" })]],
    ["worker fe80::1", [node("fe80::1")]],
  ])("%j", (text, nodes) => {
    expect(nodesOf(text)).toEqual(nodes);
  });

  test("4096 hosts in one range and 65536 workers in one file are not too many", () => {
    expect(nodesOf("worker n[0001-4096]")).toHaveLength(4096);
    expect(nodesOf("worker n[1-4096] repeat=16").at(-1)).toEqual(node("n4096"));
  });
});

describe("what is passed over with a warning", () => {
  test.each([
    ["worker a foo=1", 'p.conf:1:10: unknown option "foo=1" is not used'],
    ["worker a prot=1", 'p.conf:1:10: unknown option "prot=1" is not used (did you mean "port"?)'],
    ["worker a  perf", "p.conf:1:11: option perf without a value is not used"],
    ["worker a PERF=1", 'p.conf:1:10: unknown option "PERF=1" is not used (did you mean "perf"?)'],
    ["worker a toString=1", 'p.conf:1:10: unknown option "toString=1" is not used'],
    ["worker proof://a", "p.conf:1:8: the protocol in the host is not used"],
    ["worker :secret@a", "p.conf:1:8: the password in the host is not used"],
  ])("%j", (text, warning) => {
    expect(parseProofConf(text, "p.conf")).toEqual({ nodes: [node("a")], warnings: [warning] });
  });

  test("repeat on a master line", () => {
    expect(parseProofConf("master a repeat=2", "p.conf")).toEqual({
      nodes: [node("a", { role: "master" })],
      warnings: ["p.conf:1:1: repeat= means nothing on a master line"],
    });
  });
});

describe("what makes a line unusable", () => {
  const KEYWORDS = "expected one of master, node, submaster, worker, slave";
  const HOST = "expected a host (letters, digits, . - _), found";

  test.each([
    ["worker", "1:7: expected a host after worker"],
    ["\n  worker  # a", "2:9: expected a host after worker"],
    ["wroker a", `1:1: ${KEYWORDS}, found "wroker" (did you mean "worker"?)`],
    [" Worker a", `1:2: ${KEYWORDS}, found "Worker" (did you mean "worker"?)`],
    ["masterfoo a", `1:1: ${KEYWORDS}, found "masterfoo" (did you mean "master"?)`],
    ["user joe on a", `1:1: ${KEYWORDS}, found "user"`],
    ["toString a", `1:1: ${KEYWORDS}, found "toString"`],
    [
      "condorworker a",
      '1:1: "condorworker" is not supported: workers are not taken from Condor, list them as worker HOST',
    ],
    [
      "condorslave",
      '1:1: "condorslave" is not supported: workers are not taken from Condor, list them as worker HOST',
    ],
    ["worker a:0", '1:10: port: expected a whole number from 1 to 65535, found "0"'],
    ["worker a:", '1:10: port: expected a whole number from 1 to 65535, found ""'],
    ["worker j@a:99999", '1:12: port: expected a whole number from 1 to 65535, found "99999"'],
    ["worker a port=abc", '1:15: port: expected a whole number from 1 to 65535, found "abc"'],
    ["worker a port=", '1:15: port: expected a whole number from 1 to 65535, found ""'],
    ["worker a port=1093x", '1:15: port: expected a whole number from 1 to 65535, found "1093x"'],
    ["worker a perf=-1", '1:15: perf: expected a whole number from 0 to 1000000, found "-1"'],
    ["worker a perf=1.5", '1:15: perf: expected a whole number from 0 to 1000000, found "1.5"'],
    ["worker a repeat=0", '1:17: repeat: expected a whole number from 1 to 65536, found "0"'],
    ["worker a repeat=two", '1:17: repeat: expected a whole number from 1 to 65536, found "two"'],
    ["worker a image=x|y", "1:16: image: expected no | or &"],
    ["worker a workdir=x&y", "1:18: workdir: expected no | or &"],
    ["worker a msd=x\u0007", "1:14: msd: expected no control characters"],
    ["worker a|b", `1:8: ${HOST} "a|b"`],
    ["worker a\u0000", `1:8: ${HOST} "a\\u0000"`],
    ["worker a\u00a0perf=1", `1:8: ${HOST} "a\u00a0perf=1"`],
    ["worker -a", `1:8: ${HOST} "-a"`],
    ["worker perf=5", `1:8: ${HOST} "perf=5"`],
    ["worker joe@", "1:12: expected a host"],
    ["worker j|e@a", '1:8: expected a user name (letters, digits, _ . - $), found "j|e"'],
    ["worker a:b:c", '1:10: port: expected a whole number from 1 to 65535, found "b:c"'],
    ["worker [fe80:::1]", '1:8: expected a host, found "[fe80:::1]", which is no IPv6 address'],
    ["worker n[1:2]", '1:8: expected a host, found "n[1:2]", which is no IPv6 address'],
    ["worker n[1-3", "1:9: [ without a ] after it"],
    ["worker n1-3]", "1:12: ] without a [ before it"],
    ["worker n[]", '1:10: bad range "": expected numbers such as 01-10 or letters such as a-f'],
    ["worker n[1,]", '1:12: bad range "": expected numbers such as 01-10 or letters such as a-f'],
    [
      "worker n[1-b]",
      '1:10: bad range "1-b": expected numbers such as 01-10 or letters such as a-f',
    ],
    [
      "worker n[a-F]",
      '1:10: bad range "a-F": expected numbers such as 01-10 or letters such as a-f',
    ],
    [
      "worker n[1-2-3]",
      '1:10: bad range "1-2-3": expected numbers such as 01-10 or letters such as a-f',
    ],
    [
      "worker n[[1-2]]",
      '1:10: bad range "[1-2": expected numbers such as 01-10 or letters such as a-f',
    ],
    ["worker j@n[7,10-1]", '1:14: bad range "10-1": 1 comes before 10'],
    ["worker n[1-4097]", "1:9: expected at most 4096 hosts in one range"],
    ["worker n[1-999999999]", "1:9: expected at most 4096 hosts in one range"],
    ["worker n[1-100]m[1-100]", "1:17: expected at most 4096 hosts in one range"],
    ["worker n[1-4096] repeat=17", "1:1: expected at most 65536 workers in one file"],
    ["worker a\nworker n[1-4096] repeat=16", "2:1: expected at most 65536 workers in one file"],
  ])("%j", (text, message) => {
    expect(failureOf(() => parseProofConf(text, "p.conf"))).toBe(`INVENTORY p.conf:${message}`);
  });

  test("all unusable lines are reported together", () => {
    expect(
      thrownBy(() => parseProofConf("worker\nworker a\nslave b:x perf=y\n", "p.conf")),
    ).toEqual({
      code: "INVENTORY",
      message: "p.conf:1:7: expected a host after worker",
      hint: "a line is: KEYWORD [user@]HOST[:port] [option=value ...], with master, submaster or worker as KEYWORD",
      details: {
        file: "p.conf",
        line: 1,
        column: 7,
        more: [
          'p.conf:3:9: port: expected a whole number from 1 to 65535, found "x"',
          'p.conf:3:16: perf: expected a whole number from 0 to 1000000, found "y"',
        ],
      },
    });
  });
});
