import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { defaultConfig, loadConfig, type LoadOptions } from "../../src/config/load.ts";
import { KEYS } from "../../src/config/schema.ts";
import { failureOf, tempFiles, thrownBy } from "./support.ts";

/** A home and a system file that do not exist, so that the machine's own files stay out. */
function options(over: Partial<LoadOptions> = {}): LoadOptions {
  return {
    env: {},
    home: "/nowhere/home",
    systemFile: "/nowhere/proof.toml",
    cwd: "/cwd",
    ...over,
  };
}

/** Loads `text` as the file of `--config`; error messages have the directory cut off. */
function failureIn(text: string | Uint8Array): string {
  const file = join(tempFiles({ "proof.toml": text }), "proof.toml");
  return failureOf(() => loadConfig(options({ file }))).replaceAll(file, "proof.toml");
}

test("without anything every key has its default", () => {
  const loaded = loadConfig(options());
  expect(loaded).toEqual({
    config: {
      daemon: {
        port: 1093,
        host: "::",
        role: "any",
        workers: 0,
        state: "",
        sandbox: "/nowhere/home/.proof",
        log_level: "info",
        log_format: "text",
        drain: 30_000,
      },
      inventory: { conf: "" },
      startup: {
        mode: "serial",
        parallel: 16,
        tcp: 5_000,
        login: 5_000,
        callback: 10_000,
        create: 30_000,
        session: 300_000,
      },
      session: {
        maxoldlogs: 10,
        maxquerykept: 10,
        terminate: 5_000,
        heartbeat: 5_000,
        heartbeat_timeout: 15_000,
        reconnto: 30_000,
        shutdown: "idle",
        shutdown_delay: 30_000,
        result_wait: 3_600_000,
        idle_timeout: 0,
        env: {},
        pass_env: ["LANG", "LC_*", "TZ", "PATH"],
      },
      recovery: {
        wait: 100,
        longest: 10_000,
        deaths: 10,
        deaths_per_node: 3,
        calm: 60_000,
        look: 10_000,
      },
      limits: {
        maxsessions: 64,
        sessions_per_user: 32,
        workers: 0,
        connections: 4096,
        connections_per_address: 2048,
        unauthenticated: 1024,
        queued: 67_108_864,
        slow_reader: 300_000,
        message: 268_435_456,
        line: 8192,
        sandbox: 0,
        log: 67_108_864,
        processes: 512,
        processes_per_session: 256,
        memory: 4 * 2 ** 30,
      },
      proofserv: { program: "", root: "", tag: "root", versions: {} },
      security: {
        auth: "key",
        key: "/nowhere/home/.config/proof/cluster.key",
        accept: [],
        allow: [],
        users: "shared",
        identity: "/nowhere/home/.ssh/id_ed25519",
        allowed_users: [],
        denied_users: [],
        superusers: [],
      },
      tls: { cert: "", key: "", ca: "", required: false, mutual: false },
      node: [],
    },
    origins: {
      ...Object.fromEntries(KEYS.map(({ key }) => [key, { kind: "default", text: "default" }])),
      node: { kind: "default", text: "default" },
    } as never,
    warnings: [],
    file: undefined,
    searched: ["/nowhere/home/.config/proof/proof.toml", "/nowhere/proof.toml"],
  });
  expect(defaultConfig("/nowhere/home")).toEqual(loaded.config);
});

describe("order", () => {
  test("a flag wins over a variable, a variable over the file, the file over the default", () => {
    const directory = tempFiles({
      "p.toml":
        '[daemon]\nport = 1\nworkers = 1\nrole = "worker"\n[session]\nenv.A = "file"\n[[node]]\nhost = "a"\n',
    });
    const file = join(directory, "p.toml");
    const { config, origins } = loadConfig(
      options({
        file: "p.toml",
        cwd: directory,
        env: { PROOF_DAEMON_PORT: "2", PROOF_DAEMON_WORKERS: "2" },
        flags: [
          { key: "daemon.port", flag: "-p", value: "3" },
          { key: "daemon.port", flag: "--port", value: "4" },
        ],
      }),
    );
    expect(config.daemon).toMatchObject({ port: 4, workers: 2, role: "worker", log_level: "info" });
    expect(config.session.env).toEqual({ A: "file" });
    expect(config.node).toEqual([
      {
        host: "a",
        port: 1093,
        tls: false,
        user: "",
        workers: 1,
        role: "worker",
        perf: 100,
        image: "",
        workdir: "",
        msd: "",
      },
    ]);
    expect({
      port: origins["daemon.port"],
      workers: origins["daemon.workers"],
      role: origins["daemon.role"],
      level: origins["daemon.log_level"],
      env: origins["session.env"],
      node: origins.node,
    }).toEqual({
      port: { kind: "flag", text: "--port" },
      workers: { kind: "environment", text: "PROOF_DAEMON_WORKERS" },
      role: { kind: "file", text: `${file}:4:1` },
      level: { kind: "default", text: "default" },
      env: { kind: "file", text: `${file}:6:1` },
      node: { kind: "file", text: `${file}:7:3` },
    });
  });

  test("the file of the home wins over that of the machine, and neither needs to exist", () => {
    const home = tempFiles({ ".config/proof/proof.toml": "[daemon]\nport = 5\n" });
    const etc = tempFiles({ "proof.toml": "[daemon]\nport = 6\nworkers = 6\n" });
    const systemFile = join(etc, "proof.toml");
    const both = loadConfig(options({ home, systemFile }));
    expect(both.config.daemon).toMatchObject({ port: 5, workers: 0 });
    expect(both.file).toBe(join(home, ".config/proof/proof.toml"));
    expect(both.searched).toEqual([join(home, ".config/proof/proof.toml")]);
    const machine = loadConfig(options({ systemFile }));
    expect(machine.config.daemon).toMatchObject({ port: 6, workers: 6 });
    expect(machine.searched).toEqual(["/nowhere/home/.config/proof/proof.toml", systemFile]);
  });

  test("the current directory is never searched", () => {
    const cwd = tempFiles({ "proof.toml": "rubbish", ".config/proof/proof.toml": "rubbish" });
    expect(loadConfig(options({ cwd })).file).toBeUndefined();
  });

  test("the home is $HOME of the given environment", () => {
    const home = tempFiles({ ".config/proof/proof.toml": "[daemon]\nport = 5\n" });
    const loaded = loadConfig({ env: { HOME: home }, systemFile: "/nowhere/proof.toml" });
    expect(loaded.config.daemon).toMatchObject({ port: 5, sandbox: join(home, ".proof") });
  });
});

describe("values", () => {
  test("every type is read from a file", () => {
    const directory = tempFiles({
      "p.toml": `\uFEFF[daemon]
port = 0
host = "fe80::1%eth0"
sandbox = "~"
state = "run"
log_level = 'trace'
[startup]
tcp = 3
login = 0.5
callback = "300ms"
[limits]
message = 65536
[session]
env = { A = "1", B = "two words" }
pass_env = ["LANG", "XRD_*"]
terminate = 0
[security]
key = "~/k"
auth = "none"
allow = ["10.0.0.1", "::1"]
`,
    });
    const { config } = loadConfig(options({ file: join(directory, "p.toml") }));
    expect(config).toMatchObject({
      daemon: {
        port: 0,
        host: "fe80::1%eth0",
        sandbox: "/nowhere/home",
        state: join(directory, "run"),
        log_level: "trace",
      },
      startup: { tcp: 3_000, login: 500, callback: 300 },
      limits: { message: 65_536 },
      session: { env: { A: "1", B: "two words" }, pass_env: ["LANG", "XRD_*"], terminate: 0 },
      security: { key: "/nowhere/home/k", auth: "none", allow: ["10.0.0.1", "::1"] },
    });
  });

  test("every type is read from variables and flags", () => {
    const { config } = loadConfig(
      options({
        env: {
          PROOF_DAEMON_STATE: "run",
          PROOF_STARTUP_TCP: "1m",
          PROOF_LIMITS_MESSAGE: "1MiB",
          PROOF_SESSION_ENV: "A=1, B=x=y,C=",
          PROOF_SESSION_PASS_ENV: "TZ, LC_*",
          PROOF_DAEMON_WORKERS: "",
        },
        flags: [{ key: "security.allow", flag: "--allow", value: "" }],
      }),
    );
    expect(config).toMatchObject({
      daemon: { state: "/cwd/run", workers: 0 },
      startup: { tcp: 60_000 },
      limits: { message: 1_048_576 },
      session: { env: { A: "1", B: "x=y", C: "" }, pass_env: ["TZ", "LC_*"] },
      security: { allow: [] },
    });
  });
});

const DURATION = 'expected a duration such as "300ms", "5s", "2m" or "1h", from';

describe("mistakes in a file", () => {
  test.each([
    [
      "[daemon]\nport = 70000",
      "2:1: daemon.port: expected a port number from 0 to 65535, found 70000",
    ],
    ["[daemon]\nport = -1", "2:1: daemon.port: expected a port number from 0 to 65535, found -1"],
    [
      "[daemon]\nport = 99999999999999999",
      "2:1: daemon.port: expected a port number from 0 to 65535, found 99999999999999999",
    ],
    [
      "[daemon]\n  port = '1093'",
      '2:3: daemon.port: expected a port number from 0 to 65535, found "1093"',
    ],
    [
      "daemon.port = 1093.0",
      "1:1: daemon.port: expected a port number from 0 to 65535, found 1093.0",
    ],
    [
      "[daemon]\nport = true",
      "2:1: daemon.port: expected a port number from 0 to 65535, found true",
    ],
    [
      "[daemon]\nport = [1]",
      "2:1: daemon.port: expected a port number from 0 to 65535, found a list",
    ],
    [
      "[daemon.port]\nx = 1",
      "1:2: daemon.port: expected a port number from 0 to 65535, found a table",
    ],
    [
      "[daemon]\nport = 1979-05-27",
      "2:1: daemon.port: expected a port number from 0 to 65535, found a date",
    ],
    [
      "[daemon]\nworkers = inf",
      "2:1: daemon.workers: expected a whole number from 0 to 65536, found Infinity",
    ],
    [
      '[daemon]\nlog_level = "debgu"',
      '2:1: daemon.log_level: expected one of "error", "warn", "info", "debug", "trace", found "debgu" (did you mean "debug"?)',
    ],
    ["[daemon]\nlog_format = 1", '2:1: daemon.log_format: expected one of "text", "json", found 1'],
    [
      '[daemon]\nhost = "[::]"',
      '2:1: daemon.host: expected a host name or an IP address without brackets, found "[::]"',
    ],
    [
      '[daemon]\nhost = ""',
      '2:1: daemon.host: expected a host name or an IP address without brackets, found ""',
    ],
    [
      '[daemon]\nstate = "~joe/x"',
      '2:1: daemon.state: expected a path without ~USER, found "~joe/x"',
    ],
    [
      '[daemon]\nstate = "a\\u0000b"',
      '2:1: daemon.state: expected no control characters, found "a\\u0000b"',
    ],
    ["[startup]\ntcp = 0", `2:1: startup.tcp: ${DURATION} 1ms to 596h, found 0`],
    ['[startup]\ntcp = "5 days"', `2:1: startup.tcp: ${DURATION} 1ms to 596h, found "5 days"`],
    ['[startup]\ntcp = "597h"', `2:1: startup.tcp: ${DURATION} 1ms to 596h, found "597h"`],
    ["[session]\nterminate = -1", `2:1: session.terminate: ${DURATION} 0s to 596h, found -1`],
    [
      '[limits]\nmessage = "1"',
      '2:1: limits.message: expected a size such as "64KiB", "256MiB" or "1GB", from 4KiB to 2047MiB, found "1"',
    ],
    ["[security]\nallow = '::1'", '2:1: security.allow: expected a list of strings, found "::1"'],
    ["[security]\nallow = [1]", "2:1: security.allow: expected a string, found 1"],
    [
      '[security]\nallow = ["10.0.0.0/8"]',
      '2:1: security.allow: expected an IPv4 or IPv6 address, found "10.0.0.0/8"',
    ],
    ["[session]\nenv = []", "2:1: session.env: expected a table of strings, found a list"],
    ["[session]\nenv = {A = 1}", '2:1: session.env: "A": expected a string, found 1'],
    [
      '[session.env]\n"A B" = "1"',
      '1:2: session.env: "A B": expected a variable name (letters, digits and _), found "A B"',
    ],
    [
      '[session.env]\nLD_PRELOAD = "x"',
      '1:2: session.env: "LD_PRELOAD": expected another variable: names beginning with BUN_, LD_, NODE_, DYLD_ make a proofserv load other code, found "LD_PRELOAD"',
    ],
    ["daemon = 1", "1:1: daemon: expected a table, found 1"],
    ["[[daemon]]\nport = 1", "1:3: daemon: expected a table, found a list"],
    ["[node]\nhost = 'a'", "1:2: node: expected [[node]] tables, found a table"],
    ["node = ['a']", "1:1: node: expected [[node]] tables, found a list"],
  ])("%j", (text, message) => {
    expect(failureIn(text)).toBe(`CONFIG_VALUE proof.toml:${message}`);
  });

  test.each([
    ["[daemon]\n# x\nprot = 1", '3:1: unknown key "daemon.prot" (did you mean "daemon.port"?)'],
    [
      "[session]\nmaxsessions = 1",
      '2:1: unknown key "session.maxsessions" (did you mean "limits.maxsessions"?)',
    ],
    [
      "[startup]\nworkers = 1",
      '2:1: unknown key "startup.workers" (did you mean "daemon.workers" or "limits.workers"?)',
    ],
    ["port = 1", '1:1: unknown key "port" (did you mean "daemon.port"?)'],
    ["xyzzy = [1]", '1:1: unknown key "xyzzy"'],
    ["[deamon]\nport = 1", '1:2: unknown table "deamon" (did you mean "daemon"?)'],
    ["[[nodes]]\nhost = 'a'", '1:3: unknown table "nodes" (did you mean "node"?)'],
    ["[constructor]\nx = 1", '1:2: unknown table "constructor"'],
    ["[daemon]\n__proto__ = 1", '2:1: unknown key "daemon.__proto__"'],
    ["[daemon]\ntoString = 1", '2:1: unknown key "daemon.toString"'],
    ["[[node]]\nhost = 'a'\nprot = 1", '3:1: unknown key "node.prot" (did you mean "port"?)'],
  ])("%j", (text, message) => {
    expect(failureIn(text)).toBe(`CONFIG_KEY proof.toml:${message}`);
  });

  test.each([
    ["port = 1", "2:3: expected a host in this [[node]] table"],
    ["host = ''", "3:1: node.host: expected a host"],
    ["host = 5", "3:1: node.host: expected a string, found 5"],
    ["host = 'a b'", '3:1: node.host: expected a host (letters, digits, . - _), found "a b"'],
    ["host = '-a'", '3:1: node.host: expected a host (letters, digits, . - _), found "-a"'],
    ["host = 'a|b'", '3:1: node.host: expected a host (letters, digits, . - _), found "a|b"'],
    ["host = 'a[1'", "3:1: node.host: [ without a ] after it"],
    ["host = 'a[1-5000]'", "3:1: node.host: expected at most 4096 hosts in one range"],
    [
      "host = 'joe@a'",
      '3:1: node.host: expected the user in a key of its own (user = "…"), found @',
    ],
    [
      "host = 'a:1093'",
      '3:1: node.host: expected the port in a key of its own (port = …), found "a:1093"',
    ],
    [
      "host = '[::1]:1093'",
      '3:1: node.host: expected the port in a key of its own (port = …), found "[::1]:1093"',
    ],
    ["host = 'a'\nport = 0", "4:1: node.port: expected a port number from 1 to 65535, found 0"],
    [
      "host = 'a'\nworkers = 0",
      "4:1: node.workers: expected a whole number from 1 to 65536, found 0",
    ],
    [
      "host = 'a'\nrole = 'master'",
      '4:1: node.role: expected one of "worker", "submaster", found "master"',
    ],
    ["host = 'a'\nimage = 'x|y'", '4:1: node.image: expected no | or &, found "x|y"'],
    ["host = 'a'\nmsd = 'x&y'", '4:1: node.msd: expected no | or &, found "x&y"'],
    [
      "host = 'a'\nuser = '-x'",
      '4:1: node.user: expected a user name (letters, digits, _ . - $), found "-x"',
    ],
  ])("[[node]] %j", (text, message) => {
    expect(failureIn(`\n[[node]]\n${text}\n`)).toBe(`CONFIG_VALUE proof.toml:${message}`);
  });

  test("all mistakes are reported together, in file order", () => {
    const file = join(
      tempFiles({ "p.toml": "[daemon]\nport = -1\nprot = 1\n[[node]]\nperf = -1\n[x]\n" }),
      "p.toml",
    );
    expect(thrownBy(() => loadConfig(options({ file })))).toEqual({
      code: "CONFIG_VALUE",
      message: `${file}:2:1: daemon.port: expected a port number from 0 to 65535, found -1`,
      hint: "proof daemon --check without this file shows every key with its default",
      details: {
        file,
        line: 2,
        column: 1,
        more: [
          `${file}:3:1: unknown key "daemon.prot" (did you mean "daemon.port"?)`,
          `${file}:4:3: expected a host in this [[node]] table`,
          `${file}:5:1: node.perf: expected a whole number from 0 to 1000000, found -1`,
          `${file}:6:2: unknown table "x"`,
        ],
      },
    });
  });

  test("text that is no TOML has its place, its line and an excerpt", () => {
    const file = join(tempFiles({ "p.toml": "[daemon]\n  port = \n" }), "p.toml");
    expect(thrownBy(() => loadConfig(options({ file })))).toEqual({
      code: "CONFIG_SYNTAX",
      message: `${file}:2:10: invalid value`,
      causes: ["Invalid TOML document: invalid value"],
      hint: "The line reads: port =",
      details: {
        file,
        line: 2,
        column: 10,
        codeblock: "1:  [daemon]\n2:    port = \n             ^\n",
      },
    });
  });

  test("bytes that are no UTF-8 are named by their line", () => {
    const bytes = new Uint8Array([0x23, 0x0a, 0x23, 0xff, 0x0a]);
    expect(failureIn(bytes)).toBe("CONFIG_SYNTAX proof.toml:2:1: expected UTF-8 text");
  });
});

describe("a file that cannot be read", () => {
  const failureFor = (file: string) => failureOf(() => loadConfig(options({ file })));

  test("is missing", () => {
    const file = join(tempFiles(), "p.toml");
    const reason = `cannot read configuration file ${file}: no such file`;
    expect(failureFor(file)).toBe(`CONFIG_FILE ${reason}`);
    expect(failureFor(`${file}/p.toml`)).toBe(
      `CONFIG_FILE cannot read configuration file ${file}/p.toml: no such file`,
    );
  });

  test("is a directory", () => {
    const file = tempFiles();
    expect(failureFor(file)).toBe(
      `CONFIG_FILE cannot read configuration file ${file}: is a directory`,
    );
  });

  test("is a device", () => {
    expect(failureFor("/dev/null")).toBe(
      "CONFIG_FILE cannot read configuration file /dev/null: not a regular file",
    );
  });

  test("is larger than 1 MiB", () => {
    const file = join(tempFiles({ "p.toml": "#".repeat(1_048_577) }), "p.toml");
    expect(failureFor(file)).toBe(
      `CONFIG_FILE cannot read configuration file ${file}: 1048577 bytes, more than the limit of 1MiB`,
    );
    const largest = join(tempFiles({ "p.toml": "#".repeat(1_048_576) }), "p.toml");
    expect(loadConfig(options({ file: largest })).file).toBe(largest);
  });
});

describe("variables and flags", () => {
  test.each([
    ["PROOF_DAEMON_PORT", "abc", 'expected a port number from 0 to 65535, found "abc"'],
    ["PROOF_DAEMON_PORT", " 1", 'expected a port number from 0 to 65535, found " 1"'],
    ["PROOF_DAEMON_PORT", "0x10", 'expected a port number from 0 to 65535, found "0x10"'],
    ["PROOF_DAEMON_PORT", "1e3", 'expected a port number from 0 to 65535, found "1e3"'],
    ["PROOF_STARTUP_TCP", "soon", `${DURATION} 1ms to 596h, found "soon"`],
    ["PROOF_SESSION_ENV", "A", 'expected NAME=VALUE, separated by commas, found "A"'],
    [
      "PROOF_SESSION_PASS_ENV",
      "TZ,L*",
      'expected a narrower name: names beginning with BUN_, LD_, NODE_, DYLD_ make a proofserv load other code, found "L*"',
    ],
  ])("%s=%j", (name, value, message) => {
    const run = () => loadConfig(options({ env: { [name]: value } }));
    expect(failureOf(run)).toBe(`CONFIG_VALUE ${name}: ${message}`);
  });

  test("a wrong flag is named as it was typed", () => {
    const flags = [{ key: "startup.mode", flag: "--startup", value: "paralel" }] as const;
    expect(failureOf(() => loadConfig(options({ flags })))).toBe(
      'CONFIG_VALUE --startup: expected one of "serial", "parallel", found "paralel" (did you mean "parallel"?)',
    );
  });

  test("near misses of a variable are warned of, other PROOF_* variables are not", () => {
    const { warnings } = loadConfig(
      options({
        env: {
          PROOF_DAEMON_PROT: "1",
          PROOF_DEAMON_PORT: "1",
          PROOF_DAEMONPORT: "1",
          proof_daemon_port: "1",
          PROOF_DAEMON_HOSTS: "x",
          PROOF_DAEMON_POSTS: "",
          PROOF_SESSION_ID: "x",
          PROOF_NWORKERS: "4",
          PROOF_INTWAIT: "5",
          ROOTPROOF_DAEMON_PORT: "x",
        },
      }),
    );
    expect(warnings).toEqual([
      "environment variable PROOF_DAEMON_PROT is not used (did you mean PROOF_DAEMON_PORT?)",
      "environment variable PROOF_DEAMON_PORT is not used (did you mean PROOF_DAEMON_PORT?)",
      "environment variable PROOF_DAEMONPORT is not used (did you mean PROOF_DAEMON_PORT?)",
      "environment variable proof_daemon_port is not used (did you mean PROOF_DAEMON_PORT?)",
      "environment variable PROOF_DAEMON_HOSTS is not used (did you mean PROOF_DAEMON_HOST?)",
    ]);
  });
});

describe("heartbeat", () => {
  const tail = "expected session.heartbeat_timeout (15s) to be longer than session.heartbeat (15s)";

  test("a time-out that is not longer is an error at the key that was set", () => {
    expect(failureIn("[session]\nheartbeat = '15s'")).toBe(`CONFIG_VALUE proof.toml:2:1: ${tail}`);
    expect(failureIn("[session]\nheartbeat = '15s'\nheartbeat_timeout = 15")).toBe(
      `CONFIG_VALUE proof.toml:3:1: ${tail}`,
    );
    const env = { PROOF_SESSION_HEARTBEAT: "15" };
    expect(failureOf(() => loadConfig(options({ env })))).toBe(
      `CONFIG_VALUE PROOF_SESSION_HEARTBEAT: ${tail}`,
    );
  });
});

describe("[tls]", () => {
  test.each([
    ['cert = "/c"', "proof.toml:2:1: tls.cert needs tls.key as well"],
    ['key = "/k"', "proof.toml:2:1: tls.key needs tls.cert as well"],
    ["mutual = true", "proof.toml:2:1: tls.mutual needs tls.ca as well"],
    ['mutual = true\nca = "/a"', "proof.toml:2:1: tls.mutual needs tls.required = true as well"],
  ])("%s", (text, message) => {
    expect(failureIn(`[tls]\n${text}\n`)).toContain(message);
  });

  test("a [[node]] with proofs:// in its host is told the key for it", () => {
    expect(failureIn('[[node]]\nhost = "proofs://a"')).toContain(
      "node.host: expected TLS in a key of its own (tls = true)",
    );
  });
});
