#!/bin/sh
# Applies the bundle of the experiments to one node of a cluster; call it for each node. Twice changes nothing.
#
#   sql/cluster/apply.sh CLUSTER 'clickhouse-client --host node1 …'
#   REPLICATED=1 sql/cluster/apply.sh CLUSTER 'clickhouse-client …'      tables are Replicated… : a keeper is configured
#
# CLUSTER is a name of remote_servers, and the name of the database that holds the node's own rows (docs/cluster.md). The statements are
# those of one node, as `debezium-udf pipeline --cluster` prints them.
set -eu

if [ $# -ne 2 ] || [ -z "$2" ] || ! echo "$1" | grep -qxE '[A-Za-z_][A-Za-z0-9_]*'; then
    echo "usage: sql/cluster/apply.sh CLUSTER 'clickhouse-client ...'   (a command that reads one statement from its input)" >&2
    exit 2
fi
export CLUSTER="$1" REPLICATED="${REPLICATED:-}"
"$(dirname "$0")/../apply.sh" "$2"
