#!/usr/bin/env bash
# From nothing to a session: installs, builds, starts a daemon on this machine, opens a session, runs
# something on every worker, runs a query and draws its result, and stops. Needs Node.js with npm; no root,
# no free port of its own choice.
#
#   scripts/demo.sh
#
# It leaves node_modules/ and dist/proof in the checkout, and nothing else: no process, no file, no setting.
set -euo pipefail

SCRIPT=scripts/demo.sh
HERE=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/bootstrap.sh
. "$HERE/bootstrap.sh"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/proof-demo.XXXXXX") || fail "cannot make a temporary directory"
DAEMON=

clean_up() {
  local code=$?
  trap - EXIT INT TERM HUP
  if [ -n "$DAEMON" ] && kill -0 "$DAEMON" 2>/dev/null; then
    kill -TERM "$DAEMON" 2>/dev/null || true
    wait "$DAEMON" 2>/dev/null || true
  fi
  cd /
  rm -rf "$WORK"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

step() { printf '\n==> %s\n' "$1"; }

# Runs proof in a home of its own, and shows the command as one would type it.
proof() {
  local word
  printf '$ proof'
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_.:/=-]*) printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
  "${PROOF[@]}" "$@" --config "$WORK/proof.toml"
}

# Settings of the caller's must not reach into the demonstration.
for name in $(compgen -e PROOF_ || true); do unset "$name"; done

step "Installing the packages (npm ci)"
enter_checkout "$WORK"
install_packages
echo "Bun $("$BUN" --version), Node.js $(node --version)"

step "Building dist/proof"
"$BUN" scripts/build.ts || fail "the build failed"

PROOF=(env -u XDG_RUNTIME_DIR -u XDG_STATE_HOME "HOME=$WORK" "PROOF_DAEMON_STATE=$WORK/state"
  "$CHECKOUT/dist/proof")

step "Starting a daemon on this machine"
printf '[daemon]\nhost = "127.0.0.1"\nport = 0\nworkers = 4\n' >"$WORK/proof.toml"
"${PROOF[@]}" daemon --config "$WORK/proof.toml" 2>"$WORK/daemon.log" &
DAEMON=$!
PORT=
for _ in $(seq 100); do
  PORT=$(sed -n 's/.* listening .* port=\([0-9]*\) .*/\1/p' "$WORK/daemon.log")
  [ -z "$PORT" ] || break
  kill -0 "$DAEMON" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$PORT" ]; then
  cat "$WORK/daemon.log" >&2
  fail "the daemon did not start"
fi
MASTER=localhost:$PORT
echo "it listens on $MASTER, pid $DAEMON"

step "Opening a session and running something on every worker"
proof open "$MASTER" \
  --exec '`worker ${process.env.PROOF_ORDINAL}, pid ${process.pid}`' \
  --exec 'let n = 0; for (let i = 1; i <= 1e6; i++) n += 1 / (i * i); Math.sqrt(6 * n)' \
  --exec '.workers' || fail "the session failed"

step "Looking at the health of the cluster"
proof status "$MASTER" --workers || fail "the cluster is not healthy"

step "Running a query: pi from ten million random points (examples/pi.ts)"
proof open "$MASTER" --process examples/pi.ts 1e7 --seed 7 || fail "the query failed"

step "Stopping the daemon"
kill -TERM "$DAEMON"
CODE=0
wait "$DAEMON" || CODE=$?
DAEMON=
[ "$CODE" -eq 0 ] || { cat "$WORK/daemon.log" >&2; fail "the daemon ended with exit code $CODE"; }
[ ! -e "$WORK/state" ] || fail "the daemon left $WORK/state"
echo "It is gone, and so is everything it wrote."
case $CHECKOUT in
  "$WORK"/*) ;;
  *) echo "Now start your own: dist/proof daemon (README.md goes on from here)" ;;
esac
