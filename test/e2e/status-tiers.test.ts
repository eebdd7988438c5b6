/** `proof status --workers` below submasters, and the disks of nodes. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let files = 0;

/** A daemon whose inventory has these nodes: ports, with an "s" before those of submasters. */
async function daemon(
  nodes: readonly string[],
  env: Record<string, string> = {},
): Promise<RunningDaemon> {
  const tables = nodes.map((node) => {
    const role = node.startsWith("s") ? 'role = "submaster"\n' : "";
    return `[[node]]\nhost = "localhost"\nport = ${node.replace("s", "")}\n${role}`;
  });
  const file = home.write(`${++files}.toml`, tables.join("\n"));
  return area.keep(await startDaemon({ home, args: ["--config", file], env }));
}

async function look(address: string, ...args: string[]) {
  const { stdout, exitCode } = await runProof(["status", address, "--workers", ...args], { home });
  return { line: stdout.split("\n")[0] ?? "", stdout, exitCode };
}

test("workers behind a submaster count, and one that is down is no OK", async () => {
  const [first, second] = [await daemon(["1"]), await daemon(["1"])];
  const submaster = await daemon([String(first.port), String(second.port)]);
  const middle = await daemon([`s${submaster.port}`]);
  const top = await daemon([`s${middle.port}`]);
  expect(await look(top.address)).toMatchObject({
    line: expect.stringMatching(/^OK - .*, 4 of 4 worker nodes up$/),
    exitCode: 0,
  });
  await second[Symbol.asyncDispose]();
  const { line, stdout, exitCode } = await look(top.address);
  expect(line).toMatch(/^WARNING - .*, 3 of 4 worker nodes up$/);
  expect(exitCode).toBe(1);
  // Two tiers below: behind the submaster that it belongs to.
  expect(stdout).toMatch(
    new RegExp(`^ {6}127\\.0\\.0\\.1:${second.port} +worker +1 +DOWN .*refused`, "m"),
  );
  await first[Symbol.asyncDispose]();
  expect(await look(top.address, "--json")).toMatchObject({
    stdout: expect.stringContaining('"nodes":[{"host":"127.0.0.1"'),
    exitCode: 2,
  });
});

test("a submaster that leads back to a daemon above it is noticed", async () => {
  const port = 20_000 + (process.pid % 10_000);
  const file = home.write(
    "cycle.toml",
    `[[node]]\nhost = "localhost"\nport = ${port}\nrole = "submaster"\n`,
  );
  const own = area.keep(await startDaemon({ home, port, args: ["--config", file] }));
  const { line, exitCode } = await look(own.address);
  expect(line).toMatch(
    /what is below it is not known: .*its inventory leads back to a daemon above it/,
  );
  expect(exitCode).toBeGreaterThan(0);
});

test("nodes that cannot be asked within --timeout are told, with the time that was allowed", async () => {
  using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const submaster = await daemon([String(silent.port)]);
  const top = await daemon([`s${submaster.port}`]);
  const { line, stdout, exitCode } = await look(top.address, "--timeout", "4s");
  expect(line).toMatch(/^CRITICAL - .*, 1 of 2 worker nodes up$/);
  expect(stdout).toMatch(/DOWN .* within 4 s/);
  expect(exitCode).toBe(2);
});

describe.skipIf(process.getuid?.() !== 0)("disks", () => {
  test("a node whose sandbox is on a full disk is named, by itself and behind a master", async () => {
    const sandbox = join(area.path, "small");
    mkdirSync(sandbox);
    system("mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "none", sandbox);
    try {
      const node = await daemon(["1"], { PROOF_DAEMON_SANDBOX: sandbox });
      const top = await daemon([String(node.port)]);
      expect(await look(top.address)).toMatchObject({ exitCode: 0 });
      system("fallocate", "-l", "4000000", join(sandbox, "large"));
      const nearly = await look(top.address);
      expect(nearly.line).toContain(
        `127.0.0.1:${node.port}: the disk of the sandbox directory ${sandbox} is nearly full`,
      );
      expect(nearly.exitCode).toBe(1);
      system("fallocate", "-l", String(4 * 2 ** 20), join(sandbox, "large"));
      const full = await look(top.address);
      expect(full.line).toMatch(/^CRITICAL - .* is full: [\d.]+ K?i?B of [\d.]+ MiB free/);
      expect(full.exitCode).toBe(2);
      const own = await runProof(["status", node.address, "-q"], { home });
      expect(own.stdout).toMatch(/^CRITICAL - .* is full/);
      await node[Symbol.asyncDispose]();
    } finally {
      system("umount", "-l", sandbox);
    }
  });
});

function system(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}
