#!/usr/bin/env bash
# Everything that CI checks: build, types, lint, format, all tests, the demonstration. Needs Node.js with
# npm; as root it also runs the tests that need network namespaces.
#
#   scripts/test.sh            all of it
#   scripts/test.sh types lint only these checks; their names are in scripts/test.ts
#
# The last line is "N passed, N failed, N skipped"; the exit status is 0 only if nothing failed. Logs and
# the JUnit file are written to .test-results/.
set -euo pipefail

SCRIPT=scripts/test.sh
HERE=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/bootstrap.sh
. "$HERE/bootstrap.sh"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/proof-test.XXXXXX") || fail "cannot make a temporary directory"
trap 'cd /; rm -rf "$WORK"' EXIT

enter_checkout "$WORK"
case ${CI:-} in
  '' | 0 | false) install_packages ;;
  *) install_packages always ;;
esac
"$BUN" scripts/test.ts "$@"
