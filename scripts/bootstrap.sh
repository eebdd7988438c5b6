# Sourced by demo.sh and test.sh: finds the checkout and installs what the project needs from npm.
# Nothing is installed outside the checkout.

fail() {
  printf '%s: error: %s\n' "$SCRIPT" "$1" >&2
  exit 1
}

# Goes to the checkout that this script is part of. One that we may not write to (somebody else's, a
# read-only mount) is copied to $1 first.
enter_checkout() {
  CHECKOUT=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || fail "cannot find the checkout"
  if [ ! -w "$CHECKOUT" ] || { [ -e "$CHECKOUT/node_modules" ] && [ ! -w "$CHECKOUT/node_modules" ]; } ||
    { [ -e "$CHECKOUT/dist" ] && [ ! -w "$CHECKOUT/dist" ]; }; then
    mkdir -p "$1/checkout"
    (cd "$CHECKOUT" && tar -cf - --exclude=./node_modules --exclude=./.git --exclude=./dist \
      --exclude=./.test-results .) | (cd "$1/checkout" && tar -xf -) ||
      fail "cannot copy $CHECKOUT to $1"
    echo "$CHECKOUT may not be written to by this account: working in a copy, $1/checkout"
    CHECKOUT=$1/checkout
  fi
  cd "$CHECKOUT" || fail "cannot enter $CHECKOUT"
  # npm and Bun keep caches in the home directory, which some service accounts lack.
  [ -w "${HOME:-/nonexistent}" ] || export npm_config_cache="$1/npm" BUN_INSTALL_CACHE_DIR="$1/bun"
}

# Installs the packages of package-lock.json, Bun among them. "always" does so even if they are there.
install_packages() {
  local tool
  for tool in node npm; do
    command -v "$tool" >/dev/null 2>&1 ||
      fail "$tool is not installed; on Debian: apt-get install nodejs npm"
  done
  BUN=$CHECKOUT/node_modules/.bin/bun
  if [ "${1:-}" != always ] && [ node_modules/.package-lock.json -nt package-lock.json ] &&
    "$BUN" --version >/dev/null 2>&1; then
    return 0
  fi
  # Install scripts are run below by ourselves: npm may not run them, and under root it may run them as
  # the owner of the checkout.
  npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error ||
    fail "npm ci failed; it needs the npm registry (behind a proxy: npm config set proxy URL)"
  if ! "$BUN" --version >/dev/null 2>&1; then
    node node_modules/bun/install.js || fail "Bun's install script failed"
  fi
  "$BUN" --version >/dev/null || fail "Bun does not run on this machine"
}
