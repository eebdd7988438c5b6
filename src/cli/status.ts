/** `proof status`: health, in the convention of monitoring plugins: one summary line, exit codes 0 to 3. */
import { sanitizeLine } from "../lib/sanitize.ts";
import type { Identity } from "../comm/log-in.ts";
import type { Deadline as WholeDeadline } from "../lib/clock.ts";
import { parseWait } from "../lib/units.ts";
import { accountName } from "../lib/account.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import type { Health, NodeHealth } from "../protocol/health.ts";
import type { Xproofd } from "../protocol/xproofd.ts";
import { COMMON_ARGS, CONFIG_ARG, defineProofCommand } from "./command.ts";
import type { Output } from "./output.ts";
import {
  type Assessment,
  assess,
  LEVELS,
  overall,
  type Probe,
  renderProbe,
} from "./status-report.ts";

/** Milliseconds by which the last net comes later than the steps below it, which know what they wait for. */
const GRACE = 100;
/** Never longer than this, in milliseconds. */
const MAX_TIMEOUT = 5_000;
/** Milliseconds between two looks of --watch. */
const WATCH_INTERVAL = 2_000;

export default defineProofCommand({
  meta: { name: "status", description: "Check the health of a cluster" },
  args: {
    host: {
      type: "positional",
      required: false,
      multiple: true,
      description: "Daemons, [proofs://]host[:port] (localhost:1093)",
    },
    workers: {
      type: "boolean",
      alias: "w",
      description: "Ask every node of the worker list too, on all tiers",
    },
    timeout: {
      type: "string",
      alias: "t",
      valueHint: "TIME",
      description: "Wait at most this long for all of it, up to 5s (5s)",
      parse: parseWait,
    },
    watch: { type: "boolean", description: "Look again every 2 seconds, until Ctrl-C" },
    ...CONFIG_ARG,
    ...COMMON_ARGS,
  },
  examples: [
    { run: "proof status", does: "the daemon of this machine" },
    { run: "proof status master.example.org --workers", does: "a master and all its worker nodes" },
    { run: "proof status node1 node2:2093 --json", does: "several daemons, for a program" },
  ],
  exitCodes: [
    [LEVELS.OK, "OK: all daemons are up"],
    [
      LEVELS.WARNING,
      "WARNING: a node is missing, a daemon ends or has no session free, a disk is nearly full",
    ],
    [LEVELS.CRITICAL, "CRITICAL: a daemon or all of its nodes are out of reach, or a disk is full"],
    [LEVELS.UNKNOWN, "UNKNOWN: bad option or configuration, or the daemon refused to answer"],
  ],
  usageExit: LEVELS.UNKNOWN,
  async run(values, { output }) {
    try {
      const look = await prepare(values);
      if (values.watch !== true) return report(await look(), output);
      return await watch(look, output);
    } catch (thrown) {
      // Here 1 and 2 mean something else than elsewhere: what can't be found out is UNKNOWN.
      const error = toProofError(thrown);
      const summary = `UNKNOWN - ${error.message}`;
      if (output.wantsJson) output.json({ status: "UNKNOWN", summary, error: error.toJSON() });
      else output.result(sanitizeLine(summary));
      if (error.hint !== undefined) output.info(`hint: ${error.hint}`);
      return LEVELS.UNKNOWN;
    }
  },
});

/** What a daemon says about itself, and about its nodes if it is asked. */
interface Answer {
  health?: Health;
  nodes?: NodeHealth[];
  /** Why its nodes are not known. */
  error?: ProofError;
  /** What it is if it is none of ours. */
  xproofd?: Xproofd;
}

/** Reads the settings once; the function returned looks at all daemons. */
async function prepare(values: {
  host: readonly string[];
  workers: boolean | undefined;
  timeout: number | undefined;
  config: string | undefined;
}): Promise<() => Promise<Probe[]>> {
  const [{ clientSettings }, { parseAddress }, { askHealth, askNodes }] = await Promise.all([
    import("../client/settings.ts"),
    import("../client/address.ts"),
    import("../comm/ask-health.ts"),
  ]);
  const { withUserKey } = await import("../comm/log-in.ts");
  const { Deadline, withDeadline } = await import("../lib/clock.ts");
  const { formatAddress } = await import("../comm/socket.ts");
  const { askPassphrase } = await import("./passphrase.ts");
  const timeout = values.timeout ?? MAX_TIMEOUT;
  if (timeout > MAX_TIMEOUT)
    throw new ProofError("USAGE", "--timeout is at most 5s: a check must not hang");
  const addresses = (values.host.length > 0 ? values.host : ["localhost"]).map((text) =>
    parseAddress(text),
  );
  const { identity, secure } = clientSettings({
    user: accountName(),
    config: values.config,
    passphrase: askPassphrase,
  });
  let isFirst = true;
  return () => {
    const looks = Promise.all(
      addresses.map(async (address): Promise<Probe> => {
        const where = formatAddress(address);
        const start = performance.now();
        try {
          const daemon = { ...address, secure: secure(address) };
          const who = { ...identity, user: address.user };
          const answer = (me: Identity, deadline: WholeDeadline): Promise<Answer> =>
            (values.workers === true
              ? askNodes(daemon, me, deadline).then(({ health, nodes, failure }) =>
                  failure === undefined ? { health, nodes } : { health, error: failure },
                )
              : askHealth(daemon, me, deadline).then((health) => ({ health }))
            ).catch(async (error: unknown): Promise<Answer> => {
              if (!(error instanceof ProofError) || error.details["isXproofd"] !== true)
                throw error;
              const { askXproofd } = await import("../comm/ask-xproofd.ts");
              return { xproofd: await askXproofd(daemon, me.user, deadline) };
            });
          // On a busy machine the start of this command is a part of the wait, typing a passphrase is none.
          let spent = isFirst ? performance.now() : 0;
          const found = await withUserKey(who, (me) => {
            const deadline = new Deadline(timeout, Math.max(1, timeout - spent));
            spent = 0;
            const late = (): ProofError =>
              new ProofError("TIMEOUT", `${where}: no answer ${deadline.within}`);
            return withDeadline(answer(me, deadline), deadline.left + GRACE, late);
          });
          return {
            where,
            elapsed: performance.now() - start,
            ...found,
          };
        } catch (error) {
          return { where, elapsed: performance.now() - start, error: toProofError(error) };
        }
      }),
    );
    isFirst = false;
    return looks;
  };
}

function report(probes: readonly Probe[], output: Output): number {
  const assessments = probes.map(assess);
  const { level, summary } = overall(assessments);
  if (output.wantsJson) {
    output.json({
      status: level,
      summary,
      daemons: probes.map((probe, i) => described(probe, assessments[i])),
    });
    return LEVELS[level];
  }
  output.result(sanitizeLine(summary));
  if (!output.isQuiet)
    for (const probe of probes)
      for (const line of renderProbe(probe, output.style)) output.result(line);
  return LEVELS[level];
}

function described(probe: Probe, assessment: Assessment | undefined): Record<string, unknown> {
  const { where, elapsed, health, nodes, xproofd, error } = probe;
  return {
    address: where,
    status: assessment?.level,
    summary: assessment?.text,
    milliseconds: Math.round(elapsed * 1000) / 1000,
    ...(health === undefined ? {} : { health }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(xproofd === undefined ? {} : { xproofd }),
    ...(error === undefined ? {} : { error: error.toJSON() }),
  };
}

/** Looks again and again until Ctrl-C or until nobody reads; the last look decides the exit code. */
async function watch(look: () => Promise<Probe[]>, output: Output): Promise<number> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  let code: number = LEVELS.UNKNOWN;
  while (!stop.signal.aborted && !output.stdoutClosed.aborted) {
    const probes = await look();
    output.clearScreen();
    code = report(probes, output);
    await output.drain();
    const pause = Promise.withResolvers<void>();
    const timer = setTimeout(pause.resolve, WATCH_INTERVAL);
    stop.signal.addEventListener("abort", () => pause.resolve());
    await pause.promise;
    clearTimeout(timer);
  }
  return code;
}
