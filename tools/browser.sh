#!/usr/bin/env bash
# Make sure that the environment whose bin folder is $1 finds a browser; silent when there is one already.
# As root Debian's package comes first, because it is small and kept up to date with the system; else Playwright's build.
set -euo pipefail
bin=$1

found() { "$bin/python" -c 'from agents.browsing.browser import find; find()' 2>/dev/null; }

found && exit 0
echo "browser: none found; installing one" >&2

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq >/dev/null 2>&1 || true
  for package in chromium-headless-shell chromium; do
    # Ubuntu's chromium only points at a snap: what counts is whether a browser is found after the installation.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 &&
      found && exit 0
  done
  "$bin/playwright" install --with-deps chromium --only-shell >/dev/null 2>&1 && found && exit 0
fi
"$bin/playwright" install chromium --only-shell >/dev/null 2>&1 && found && exit 0

echo "browser: none could be installed; install chromium-headless-shell or chromium (Debian: apt-get install" \
  "chromium-headless-shell), or set CHECKOUT_BROWSER to a Chromium's path, and try again." >&2
exit 1
