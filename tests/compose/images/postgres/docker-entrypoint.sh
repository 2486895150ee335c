#!/bin/bash
# POSTGRES_USER, POSTGRES_PASSWORD(_FILE), POSTGRES_DB, PGDATA and /docker-entrypoint-initdb.d, as the official image documents them.
set -eu
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown postgres:postgres "$PGDATA"
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password=${POSTGRES_PASSWORD:-}
    [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(cat "$POSTGRES_PASSWORD_FILE")
    [ -n "$password" ] || { echo "Error: superuser password is not specified" >&2; exit 1; }
    initdb -D "$PGDATA" -U "$user" --pwfile=<(echo "$password") -A scram-sha-256 --auth-local=trust -E UTF8 --locale=C >/dev/null
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start >/dev/null
    [ "$database" = postgres ] || psql -v ON_ERROR_STOP=1 -U "$user" -d postgres -c "CREATE DATABASE \"$database\""
    for file in /docker-entrypoint-initdb.d/*.sql; do
        [ ! -e "$file" ] || psql -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$file"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec "$@"
