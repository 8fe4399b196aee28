#!/usr/bin/env bash
# Make the virtual environment $1 from the hashed lock $2: with uv where it is, else with venv and pip.
# It installs exactly what the lock names, then this project itself, and says in one sentence what is missing.
set -euo pipefail
venv=$1 lock=$2

fail() { echo "set-up: $*" >&2; exit 1; }

find_python() {
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$candidate"; return; }
  done
  fail "Python 3.11 or newer is needed; install it (Debian, Ubuntu: apt-get install python3 python3-venv)."
}

python=$(find_python)
if command -v uv >/dev/null 2>&1; then
  [ -x "$venv/bin/python" ] || uv venv -q --python "$("$python" -c 'import sys; print(sys.executable)')" "$venv"
  uv pip install -q --python "$venv/bin/python" --require-hashes -r "$lock"
else
  if [ ! -x "$venv/bin/pip" ]; then
    rm -rf "$venv"
    if ! "$python" -m venv "$venv" 2>/dev/null; then
      rm -rf "$venv"
      # Debian splits venv from python3; only root may add it.
      [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null &&
        { apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } ||
        fail "this Python has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv) or install uv."
      "$python" -m venv "$venv"
    fi
  fi
  "$venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$lock"
fi

# The project itself is put on the path rather than built: the checkout is what runs, with no build tool to fetch.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
pwd > "$site/agentic_checkout.pth"
"$venv/bin/python" tools/register.py "$site"
