/** Unit files for systemd, as `proof daemon --systemd-unit` and `--systemd-socket` print them. Pure. */
import type { Config } from "../config/schema.ts";

/** What the units are made for. */
export interface UnitTerms {
  /** Path of the binary, and the flags that the daemon is to get. */
  command: readonly string[];
  config: Config;
  /** The account that the daemon runs under. */
  account: string;
}

/** Seconds in which systemd wants a sign of life; three times as often as that there is one. */
const WATCHDOG = 60;
/** Seconds that the daemon may need to start, and those beside draining and ending its sessions that it may need to stop. */
const PATIENCE = 30;

/** The service. */
export function serviceUnit({ command, config, account }: UnitTerms): string {
  const { daemon, session, security } = config;
  const stop = Math.ceil((daemon.drain + session.terminate) / 1000) + PATIENCE;
  return `# proof-daemon.service: the daemon of a PROOF node.
[Unit]
Description=PROOF daemon
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
User=${account}
ExecStart=${command.map(quote).join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
WatchdogSec=${WATCHDOG}
TimeoutStartSec=${PATIENCE}

# SIGTERM drains (daemon.drain), then ends the sessions (session.terminate); only the daemon gets it.
# Proofservs end with their sessions, or are taken over by the next daemon.
KillMode=process
TimeoutStopSec=${stop}

# The state directory: short, private, kept while the daemon is restarted.
RuntimeDirectory=proof
RuntimeDirectoryMode=${security.users === "system" ? "0711" : "0700"}
RuntimeDirectoryPreserve=restart
Environment=PROOF_DAEMON_STATE=/run/proof

LimitNOFILE=16384
TasksMax=infinity
LimitCORE=0

# What neither the daemon nor what users run in it needs.
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`;
}

/** The socket: the port is open from boot on, also while the daemon is restarted. */
export function socketUnit({ config }: UnitTerms): string {
  const { host, port } = config.daemon;
  const isEverywhere = host === "::" || host === "0.0.0.0";
  const address = host.includes(":") ? `[${host}]` : host;
  return `# proof-daemon.socket: the port of a PROOF node, for proof-daemon.service.
[Unit]
Description=PROOF daemon's port

[Socket]
ListenStream=${isEverywhere ? "" : `${address}:`}${port}
Backlog=4096
NoDelay=yes
KeepAlive=yes

[Install]
WantedBy=sockets.target
`;
}

/** A word of a command line as systemd reads it. */
function quote(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w./:@%$=,+-]+$/.test(escaped)
    ? escaped
    : `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
