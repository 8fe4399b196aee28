#!/usr/bin/env bash
# Make the secrets that compose.yaml mounts, once: docker/secrets.sh [folder]. What is there already is left as it is.
#
# One file per setting, named like the setting. The folder is its owner's alone (0700); the files in it are 0644, because
# an engine shows a container a mounted file with the owner and mode it has outside, and each image runs as a user of its
# own. Whoever cannot enter the folder cannot read them; in a container only the secrets of its own service are mounted.
set -euo pipefail
folder=${1:-$(dirname "$0")/secrets}

umask 077
mkdir -p "$folder"
chmod 0700 "$folder"

# Letters and digits only, so that it can stand in a URL: 43 of them hold 256 bits.
random() { head -c 256 /dev/urandom | base64 -w 0 | tr -dc 'A-Za-z0-9' | head -c 43 || true; }

write() { # name, value
  [ -e "$folder/$1" ] && return
  printf '%s\n' "$2" >"$folder/$1.new"
  chmod 0644 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  echo "made $folder/$1"
}

# The database's password, and the whole setting that holds it.
if [ ! -e "$folder/checkout_database_url" ]; then
  password=$(random)
  write postgres_password "$password"
  write checkout_database_url "postgresql://checkout:$(cat "$folder/postgres_password")@postgres:5432/checkout"
fi

# Redis: the service may use our keys, an agent worker may read its queue, the health check may say PING, nobody else
# anything. No one may FLUSHALL, SHUTDOWN, write a file or load code.
if [ ! -e "$folder/redis_acl" ]; then
  service=$(random) agents=$(random)
  write redis_acl "user default off
user checkout on >$service ~* &* +@all -@dangerous +info +config|get
user agents on >$agents ~agents* ~_kombu.binding* ~unacked* resetchannels +@all -@dangerous
user health on nopass -@all +ping"
  write checkout_redis_url "redis://checkout:$service@redis:6379/0"
  write agents_redis_url "redis://agents:$agents@redis:6379/0"
fi

# Seals payment tokens: a Fernet key. Losing it loses every card token of a purchase under way.
write checkout_secret_key "$(head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_')"

# Yours to fill in: an empty file is a setting that is not set.
for name in stripe_api_key anthropic_api_key checkout_agent_key checkout_agent_card; do write "$name" ""; done
