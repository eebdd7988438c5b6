/** `proof daemon`: the daemon of a node. */
import { describeConfig, describeConfigJson } from "../config/describe.ts";
import { InventorySource } from "../config/inventory-source.ts";
import { type ConfigFlag, loadConfig, type LoadedConfig } from "../config/load.ts";
import { stateDirectory } from "../config/paths.ts";
import type { Config, ConfigKey } from "../config/schema.ts";
import { EXIT, toProofError } from "../lib/errors.ts";
import { createLog } from "../lib/log.ts";
import { handleSignals } from "../lib/signals.ts";
import { COMMON_ARGS, CONFIG_ARG, defineProofCommand } from "./command.ts";
import type { Output } from "./output.ts";

export default defineProofCommand({
  meta: { name: "daemon", description: "Run the daemon of a node" },
  args: {
    port: {
      type: "string",
      alias: "p",
      valueHint: "PORT",
      description: "TCP port to listen on (1093)",
    },
    host: {
      type: "string",
      valueHint: "ADDRESS",
      description: "Address to listen on (all interfaces)",
    },
    ...CONFIG_ARG,
    conf: {
      type: "string",
      valueHint: "FILE",
      description: "Worker list in PROOF's proof.conf format",
    },
    workers: {
      type: "string",
      valueHint: "N",
      description: "Local workers when there is no worker list (one per processor)",
    },
    role: {
      type: "string",
      valueHint: "ROLE",
      description: "What this node serves as: any, master, submaster or worker",
    },
    logLevel: {
      type: "string",
      valueHint: "LEVEL",
      description: "error, warn, info, debug or trace",
    },
    logFormat: { type: "string", valueHint: "FORMAT", description: "text or json" },
    check: {
      type: "boolean",
      description: "Check the configuration, print it with the origin of every value, and exit",
    },
    showKeyFingerprint: {
      type: "boolean",
      description: "Print the fingerprints of the cluster's keys and their files, and exit",
    },
    systemdUnit: {
      type: "boolean",
      description: "Print a service unit for systemd that starts the daemon with these options",
    },
    systemdSocket: {
      type: "boolean",
      description: "Print a socket unit for systemd to go with it",
    },
    ...COMMON_ARGS,
  },
  examples: [
    { run: "proof daemon", does: "a working cluster of one node: one worker per processor" },
    {
      run: "proof daemon --conf /etc/proof/proof.conf",
      does: "a master that opens the workers of a proof.conf",
    },
    {
      run: "proof daemon --role worker --port 2093",
      does: "a node that only serves workers, on another port",
    },
    {
      run: "proof daemon --systemd-unit > /etc/systemd/system/proof-daemon.service",
      does: "have systemd run it",
    },
    {
      run: "proof daemon --check",
      does: "show the configuration in force, and where each value comes from",
    },
  ],
  exitCodes: [
    [EXIT.ok, "ended by SIGTERM or SIGINT after all sessions, or has printed what was asked for"],
    [EXIT.failed, "could not start: port in use, state directory unusable"],
    [EXIT.usage, "bad option, configuration, worker list or key file"],
  ],
  async run(values, { output, env, argv }) {
    const flags: ConfigFlag[] = [];
    const flag = (key: ConfigKey, name: string, value: string | undefined): void => {
      if (value !== undefined) flags.push({ key, flag: name, value });
    };
    flag("daemon.port", "--port", values.port);
    flag("daemon.host", "--host", values.host);
    flag("inventory.conf", "--conf", values.conf);
    flag("daemon.workers", "--workers", values.workers);
    flag("daemon.role", "--role", values.role);
    flag("daemon.log_level", "--log-level", values.logLevel);
    flag("daemon.log_format", "--log-format", values.logFormat);
    const reload = (): LoadedConfig => loadConfig({ env, flags, file: values.config });
    const loaded = reload();
    const inventory = new InventorySource({ reload });
    const listed = inventory.current(loaded.config.daemon.port);
    const { loadServerTls } = await import("../daemon/tls.ts");
    const tls = await loadServerTls(loaded.config);
    if (values.check === true) {
      for (const warning of [...loaded.warnings, ...listed.warnings]) output.warn(warning);
      if (output.wantsJson) output.json(describeConfigJson(loaded, listed));
      else output.result(describeConfig(loaded, listed));
      return EXIT.ok;
    }

    const { config } = loaded;
    if (values.systemdUnit === true || values.systemdSocket === true) {
      await printUnits(values, { config, argv }, output);
      return EXIT.ok;
    }
    const { readKeys, readKeysAgain, readOrMakeKeys } = await import("../daemon/key-ring.ts");
    if (values.showKeyFingerprint === true) {
      const { primary, accepted } = readKeys(config.security);
      const [key, ...accept] = [primary, ...accepted].map(({ fingerprint, file }) => ({
        fingerprint,
        file,
      }));
      if (output.wantsJson) output.json({ key, accept });
      else {
        output.result(`${primary.fingerprint}  ${primary.file}`);
        for (const { fingerprint, file } of accept)
          output.result(`${fingerprint}  ${file}  (accepted)`);
      }
      return EXIT.ok;
    }
    const log = createLog({
      level: config.daemon.log_level,
      format: config.daemon.log_format,
      line: config.limits.line,
    });
    for (const warning of [...loaded.warnings, ...listed.warnings]) log.warn(warning);
    const { keys, made } = readOrMakeKeys(config.security);
    if (made) {
      log.info(
        "made a cluster key; copy it to the nodes and accounts that belong to this cluster",
        {
          file: config.security.key,
        },
      );
    }
    const { Daemon } = await import("../daemon/daemon.ts");
    const { Service } = await import("./service.ts");
    const service = await Service.of(env);
    const { users } = config.security;
    const stateBase = stateDirectory(config.daemon.state, env, process.getuid?.() ?? 0, users);
    const checkUser =
      users === "system" ? (await import("../daemon/user-check.ts")).checkUser : undefined;
    const { reapOrphans } = await import("../lib/reaper.ts");
    reapOrphans();
    // Before the daemon says that it listens: whoever reads that may send one at once.
    const stopped = Promise.withResolvers<void>();
    const stop = (signal: string): void => {
      service.stopping(`${signal}: ending sessions`);
      void daemon.stop(signal).then(stopped.resolve, stopped.reject);
    };
    handleSignals("SIGTERM", "SIGINT", "SIGHUP");
    // The last is what batch systems send before they end a job that has used its time.
    for (const signal of ["SIGTERM", "SIGINT", "SIGXCPU"] as const)
      process.on(signal, () => stop(signal));
    process.on("SIGUSR1", () => {
      daemon.handOver();
      stopped.resolve();
    });
    const readAgain = async (): Promise<void> => {
      service.reloading();
      try {
        const fresh = reload();
        for (const warning of fresh.warnings) log.warn(warning);
        daemon.reload(
          fresh.config,
          readKeysAgain(fresh.config.security),
          await loadServerTls(fresh.config),
        );
      } catch (error) {
        log.error("configuration not read again, the old one stays in force", {
          error: toProofError(error).message,
        });
      }
      service.ready(status());
    };
    process.on("SIGHUP", () => void readAgain());
    // A fault in serving one peer must not take the sessions of the others down.
    process.on("uncaughtException", (error) =>
      log.error("internal error", { error: Bun.inspect(error) }),
    );
    process.on("unhandledRejection", (error) =>
      log.error("internal error", { error: Bun.inspect(error) }),
    );
    const { sockets } = service;
    const daemon = Daemon.start({
      config,
      inventory,
      log,
      keys,
      tls,
      checkUser,
      stateBase,
      sockets,
    });
    const status = (): string => `listening on port ${daemon.port}`;
    service.ready(status());
    await stopped.promise;
    service.end();
    return EXIT.ok;
  },
});

/** Prints units of systemd; paths among the daemon's options become absolute. */
async function printUnits(
  values: { systemdUnit: boolean | undefined; systemdSocket: boolean | undefined },
  { config, argv }: { config: Config; argv: readonly string[] },
  output: Output,
): Promise<void> {
  const { serviceUnit, socketUnit } = await import("./systemd-units.ts");
  const [{ accountName }, { resolve }] = await Promise.all([
    import("../lib/account.ts"),
    import("node:path"),
  ]);
  const flags = argv.filter((word) => !/^--(systemd-(unit|socket)|json|quiet)$|^-q$/.test(word));
  const isPath = (i: number): boolean => /^(--config|--conf|-c)$/.test(flags[i - 1] ?? "");
  const options = flags.map((word, i) => {
    const [name, path] = /^(--config|--conf)=(.+)$/.exec(word)?.slice(1) ?? [];
    if (path !== undefined) return `${name}=${resolve(path)}`;
    return isPath(i) ? resolve(word) : word;
  });
  const terms = {
    command: [process.execPath, "daemon", ...options],
    config,
    account: config.security.users === "system" ? "root" : accountName(),
  };
  const units = {
    ...(values.systemdUnit === true ? { service: serviceUnit(terms) } : {}),
    ...(values.systemdSocket === true ? { socket: socketUnit(terms) } : {}),
  };
  if (output.wantsJson) output.json(units);
  else output.result(Object.values(units).join("\n"));
}
