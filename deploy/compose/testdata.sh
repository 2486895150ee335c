#!/bin/sh
# Writes test data into the outbox: VISITORS of an experiment in the last two weeks, and a few messages that nobody can read.
#
#   docker compose run --rm testdata [VISITORS]
set -eu
visitors=${1:-2000}
case $visitors in
'' | *[!0-9]* | ???????*) echo "testdata: $visitors is not a number of visitors: 1 to 999999" >&2; exit 2 ;;
esac
[ -z "${POSTGRES_PASSWORD_FILE-}" ] || POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
export PGHOST="${POSTGRES_HOST:-postgres}" PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB" PGPASSWORD="$POSTGRES_PASSWORD"
left=${WAIT_SECONDS:-300}
until said=$(psql -qAtc 'SELECT 1 FROM outbox LIMIT 1' 2>&1); do
    [ "$left" -gt 0 ] || { echo "testdata: no outbox in $PGDATABASE at $PGHOST: $said" >&2; exit 1; }
    left=$((left - 1))
    sleep 1
done
psql -qAt -v ON_ERROR_STOP=1 -v visitors="$visitors" -f /testdata.sql
