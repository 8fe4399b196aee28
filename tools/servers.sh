#!/usr/bin/env bash
# Make sure that the tests can start PostgreSQL and Redis of their own; silent when they can already.
# Servers that are given by URL need nothing. Debian's packages would start services: they are told not to.
set -euo pipefail

missing=()
[ -n "${CHECKOUT_TEST_POSTGRES_URL:-}" ] || command -v postgres >/dev/null 2>&1 ||
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
[ -n "${CHECKOUT_TEST_REDIS_URL:-}" ] || command -v redis-server >/dev/null 2>&1 || missing+=(redis-server)
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "servers: installing ${missing[*]}" >&2
  apt-get update -qq >/dev/null 2>&1 || true
  # No cluster of its own, and no service: a policy for this installation alone, unless the machine has one.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && trap 'rm -f "$policy"' EXIT
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && exit 0
fi

echo "servers: the tests need ${missing[*]}; install (Debian, Ubuntu: apt-get install ${missing[*]}), or name running" \
  "ones in CHECKOUT_TEST_POSTGRES_URL and CHECKOUT_TEST_REDIS_URL, and try again." >&2
exit 1
