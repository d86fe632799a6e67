#!/usr/bin/env bash
# A Ray cluster of plain machines, for film run --address.
#
#   docs/cluster/hosts.sh head               on the first machine
#   docs/cluster/hosts.sh join HEAD:6379     on every other one
#
# What follows is handed to `ray start`, such as --num-gpus=0. It runs until it is
# stopped: Ctrl-C, or SIGTERM to its process. All machines need one token: the first call
# on the head makes ~/.ray/auth_token, and you copy it to the others (docs/cluster.md).
set -euo pipefail

export RAY_AUTH_MODE=token
export RAY_USAGE_STATS_ENABLED=0
export RAY_raylet_start_wait_time_s=120 # a busy machine takes more than Ray's 30 s
export RAY_memory_monitor_refresh_ms=0 # its killer would end a whole sweep; film has its own

token=${RAY_AUTH_TOKEN_PATH:-$HOME/.ray/auth_token}

case ${1:-} in
head)
  shift
  if [[ -z ${RAY_AUTH_TOKEN:-} && ! -s $token ]]; then
    mkdir -p "$(dirname "$token")"
    (umask 077 && python3 -c 'import secrets; print(secrets.token_hex(32), end="")' >"$token")
    echo "made $token; copy it to the other machines" >&2
  fi
  exec ray start --head --block --port="${RAY_PORT:-6379}" --include-dashboard=false "$@"
  ;;
join)
  head=${2:?"give HOST:PORT of the head"}
  shift 2
  if [[ -z ${RAY_AUTH_TOKEN:-} && ! -s $token ]]; then
    echo "no token here: copy $token from the head first" >&2
    exit 2
  fi
  exec ray start --block --address="$head" "$@"
  ;;
*)
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
