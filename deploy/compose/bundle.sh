#!/bin/sh
# Applies the SQL bundle to the server CLICKHOUSE, by the account of CLICKHOUSE_USER and CLICKHOUSE_PASSWORD. Nothing is applied unless
# the server is one that the bundle runs on.
set -eu
service=bundle
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=deploy/compose/wait.sh
. "$here/wait.sh"
if [ -n "${CLICKHOUSE_PASSWORD_FILE-}" ]; then
    CLICKHOUSE_PASSWORD=$(cat "$CLICKHOUSE_PASSWORD_FILE") || die "CLICKHOUSE_PASSWORD_FILE cannot be read"
    export CLICKHOUSE_PASSWORD
fi
server=${CLICKHOUSE:-clickhouse}

query() { clickhouse-client --host "$server" --query "$1"; }

# A server that refuses the account has answered.
answers() {
    said=$(query 'SELECT version()' 2>&1) || case $said in
    *AUTHENTICATION_FAILED* | *'Authentication failed'*) ;;
    *) echo "$said"; return 1 ;;
    esac
    echo "$said"
}

wait_for "ClickHouse ($server)" "See docker logs experiments-clickhouse" answers
case $answer in
*[Aa]uthentication* | *AUTHENTICATION*) die "$server refuses user ${CLICKHOUSE_USER:-default}: CLICKHOUSE_PASSWORD is not the server's. Nothing was applied" ;;
esac

oldest=$(cat "$here/oldest_clickhouse")
echo "$answer.$oldest" | awk -F . '{ exit !($1 * 1000 + $2 >= $(NF - 1) * 1000 + $NF) }' ||
    die "$server is ClickHouse $answer, and the bundle needs $oldest or later. Nothing was applied"

query 'SYSTEM RELOAD FUNCTIONS'
query "SELECT throwIf(experimentEvent('{}').outcome = '')" >/dev/null || die "$server cannot run experimentEvent. Are the program," \
    "its layout and debezium_udf_function.xml where the server looks for them? Nothing was applied"

PATH=$PATH:/usr/lib/clickhouse/user_scripts:/var/lib/clickhouse/user_scripts
export PATH
"$root/sql/apply.sh" "clickhouse-client --host '$server'" || die "the bundle was applied only in part. Fix what the server reported" \
    "above, then start this service again: what is there stays, and the rest follows"
echo "bundle: applied. The page is /experiments on the server's HTTP port"
