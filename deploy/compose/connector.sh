#!/bin/sh
# Registers the connector of sql/connectors/bare.json at the worker CONNECT, or updates it, and waits until it runs.
set -eu
service=connector
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=deploy/compose/wait.sh
. "$here/wait.sh"
url=${CONNECT:-http://connect:8083}/connectors
file=${CONNECTOR:-$root/sql/connectors/bare.json}
name=$(sed -n 's/^  "name": "\(.*\)",$/\1/p' "$file")
advice="See docker logs experiments-connect"

ask() { wget -q -T 30 -O - "$@"; }

# The file is what POST takes; PUT, which also updates, takes the settings alone.
settings=$(mktemp)
trap 'rm -f "$settings"' EXIT
awk '/^  "config": \{$/ { print "{"; inside = 1; next } inside { print } /^  }$/ { inside = 0 }' "$file" >"$settings"

wait_for "Kafka Connect ($url)" "$advice" ask "$url"

# Connect refuses for a moment after it has started or while it rebalances.
put() { ask --content-on-error --method=PUT --header='Content-Type: application/json' --body-file="$settings" "$url/$name/config"; }
WAIT_SECONDS=60 wait_for "$url/$name/config" "$advice" put

runs() {
    status=$(ask "$url/$name/status") || { echo "$status"; return 1; }
    case $status in
    *'"tasks":[{'*'"state":"FAILED"'*) echo FAILED; return 0 ;;
    *'"tasks":[{'*'"state":"RUNNING"'*) echo RUNNING; return 0 ;;
    esac
    echo "$status"
    return 1
}
wait_for "$name" "$advice" runs
[ "$answer" = RUNNING ] || die "$name has failed: $(ask "$url/$name/status" | sed 's/.*"trace":"//; s/\\n.*//'). $advice, fix it, then start" \
    "this service again"
echo "connector: $name is running"
