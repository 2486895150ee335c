#!/bin/sh
# Applies the SQL bundle to one node of a cluster; call it for each node. Twice changes nothing.
#
#   sql/cluster/apply.sh CLUSTER 'clickhouse-client --host node1 …'
#   REPLICATED=1 sql/cluster/apply.sh CLUSTER 'clickhouse-client …'      tables are Replicated… : a keeper is configured
#
# CLUSTER is a name of remote_servers, and the name of the database that holds the node's own rows (sql/CLUSTER.md).
# The statements are those of sql/*.sql; statement.sh says what becomes of them on the way.
set -eu

if [ $# -ne 2 ] || [ -z "$2" ] || ! echo "$1" | grep -qxE '[A-Za-z_][A-Za-z0-9_]*'; then
    echo "usage: sql/cluster/apply.sh CLUSTER 'clickhouse-client ...'   (a command that reads one statement from its input)" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
export CLUSTER="$1" COMMAND="$2" REPLICATED="${REPLICATED:-}"

# ask STATEMENT: for what must hold before anything is changed.
ask() { echo "$1" | sh -c "$COMMAND"; }
[ "$(ask "SELECT count() > 0 FROM system.clusters WHERE cluster = '$CLUSTER'")" = 1 ] || {
    echo "apply: no cluster $CLUSTER in this server's remote_servers" >&2
    exit 1
}
[ "$(ask "SELECT value FROM system.settings WHERE name = 'distributed_foreground_insert'")" = 1 ] || {
    echo "apply: distributed_foreground_insert is not 1: copy sql/cluster/users.d" >&2
    exit 1
}
ask "CREATE DATABASE IF NOT EXISTS $CLUSTER"

"$here/../apply.sh" "'$here/statement.sh'"
