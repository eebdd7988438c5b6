/** Hosts with names as the kernel allows them: sessions open, their tags lead to their logs, nothing is left. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { binary } from "../helpers/binary.ts";
import { startDaemon } from "../helpers/daemon.ts";
import { namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();

/** HOST_NAME_MAX. */
const LONGEST = 64;

describe.skipIf(!namespaces.possible)(`a host${SKIPPED}`, () => {
  test.each([
    ["of 64 characters", "n".repeat(LONGEST)],
    ["with a domain, 64 characters", `${"a".repeat(50)}.${"b".repeat(13)}`],
    ["that begins with a hyphen, with capitals and an underscore", "-Node_A"],
    ["with characters that no host has", "a b|c/d"],
  ])("with a name %s", async (_, name) => {
    const home = area.home();
    const program = join(home.path, "renamed");
    const script = `printf %s "$NAME" > /proc/sys/kernel/hostname && exec "$0" "$@"`;
    writeFileSync(program, `#!/bin/sh\nexec unshare --uts sh -c '${script}' "$P" "$@"`);
    chmodSync(program, 0o755);
    const env = { P: await binary(), NAME: name };
    await using daemon = await startDaemon({ home, program, env, args: ["--workers", "2"] });
    const opened = await runProof(["open", daemon.address, "-e", "1+1"], { home });
    expect(opened.stdout).toBe("0.0-0.1: 2\n");
    const tag = /^new session (\S+)$/m.exec(opened.stderr)?.[1] ?? "";
    expect(tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]*-\d{10}-\d+$/);
    expect(tag.length).toBeLessThanOrEqual(64);
    const listed = await runProof(["logs", daemon.address, "--json"], { home });
    expect(listed.stdout).toContain(tag);
    const log = await runProof(["logs", daemon.address, tag], { home });
    expect([log.exitCode, log.stdout]).toEqual([0, expect.stringContaining("is up")]);
    expect((await daemon.stop()).exitCode).toBe(0);
    expect(home.traces()).toEqual([]);
  });
});
