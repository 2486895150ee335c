#!/bin/sh
# Applies the SQL bundle: every numbered file in order, one statement a call. Twice changes nothing.
#
#   sql/apply.sh 'clickhouse-client --host … --password …'
#   sql/apply.sh 'curl -sS --fail-with-body http://localhost:8123/ --data-binary @-'
#
# The argument is any command that runs the one statement on its standard input and fails when the server does.
# Statements end with a semicolon at the end of a line; no other line of the bundle ends with one.
#
# A view that is there already gets the query of its file by MODIFY QUERY, which does not interrupt what flows through it.
# It is recognised by its lines   CREATE MATERIALIZED VIEW IF NOT EXISTS name   and   TO table AS.   A REFRESH that stands
# between the two is left as the server has it.
# A table that is there already is altered by the files of migrations/, each of which runs once.
#
# An older server gets what it has: a file that says `-- Needs ClickHouse …` is left out below that version; and below 26.7,
# where a view cannot be refreshed just after others, each is by itself, 10 seconds after its last time.
set -eu

if [ $# -ne 1 ] || [ -z "$1" ]; then
    echo "usage: sql/apply.sh 'clickhouse-client ...'   (a command that reads one statement from its input)" >&2
    exit 2
fi
command=$1
bundle=${BUNDLE:-$(cd "$(dirname "$0")" && pwd)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP

run() {
    sh -c "$command" < "$1" || {
        echo "apply: $file: this statement failed:" >&2
        head -n 3 "$1" >&2
        exit 1
    }
}

# older THAN: is the server's version below this one? It is asked for when somebody wants to know.
older() {
    [ -n "${version-}" ] || version=$(echo 'SELECT version()' | sh -c "$command")
    echo "$version.$1" | awk -F . '{ exit !($1 ~ /^[0-9]+$/ && $1 * 1000 + $2 < $(NF - 1) * 1000 + $NF) }'
}

# apply FILE: its statements, one after the other.
apply() {
    file=$1
    rm -f "$folder"/*
    needs=$(sed -n 's/^-- Needs ClickHouse \([0-9.]*[0-9]\).*/\1/p' "$file")
    if [ -n "$needs" ] && older "$needs"; then
        echo "apply: ${file##*/} is left out: it needs ClickHouse $needs, this is $version" >&2
        return 0
    fi
    # Each statement into a file of its own, without the comments above it.
    awk -v folder="$folder" '
        !inside && /^(--.*|[[:space:]]*)$/ { next }
        { name = sprintf("%s/%03d", folder, statements); inside = 1; print > name }
        /;$/ { close(name); statements++; inside = 0 }' "$file"
    for statement in "$folder"/[0-9]*; do
        if grep -q '^REFRESH DEPENDS ON' "$statement" && older 26.7; then
            awk '/^REFRESH DEPENDS ON/ { print "REFRESH AFTER 10 SECOND"; left_out = 1 } /^TO / { left_out = 0 } !left_out' \
                "$statement" > "$folder/older"
            mv "$folder/older" "$statement"
        fi
        run "$statement"
        view=$(sed -n '1s/^CREATE MATERIALIZED VIEW IF NOT EXISTS \([^ ]*\)$/\1/p' "$statement")
        if [ -n "$view" ] && grep -q '^TO [^ ]* AS$' "$statement"; then
            { echo "ALTER TABLE $view MODIFY QUERY"; sed '1,/^TO [^ ]* AS$/d' "$statement"; } > "$folder/query"
            run "$folder/query"
        fi
    done
}

# Each file of migrations/ once: what CREATE … IF NOT EXISTS does not alter (migrations/README.md). A server that has no
# table yet gets it as it is now, and takes note of the files alone. A file that failed is run again from its beginning.
migrate() {
    [ -d "$bundle/migrations" ] || return 0
    tables=$(echo "SELECT count() FROM system.tables WHERE database = 'experiments_analytics' AND name = 'events_processed'" |
        sh -c "$command")
    applied=$(echo 'SELECT name FROM experiments_analytics.bundle_migrations' | sh -c "$command")
    for migration in "$bundle"/migrations/[0-9]*.sql; do
        name=$(basename "$migration" .sql)
        if [ ! -e "$migration" ] || echo "$applied" | grep -qxF "$name"; then continue; fi
        if [ "$tables" != 0 ]; then
            echo "apply: migration $name" >&2
            apply "$migration"
        fi
        echo "INSERT INTO experiments_analytics.bundle_migrations (name) VALUES ('$name')" | sh -c "$command"
    done
}

for step in "$bundle"/[0-9]*.sql; do
    apply "$step"
    case ${step##*/} in 01_*) migrate ;; esac
done
