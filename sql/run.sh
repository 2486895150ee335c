#!/bin/sh
# Runs the statements on its standard input, one a call, in order, and stops at the first that fails.
#
#   debezium-udf pipeline tickets.json … | sql/run.sh 'curl -sS --fail-with-body http://localhost:8123/ --data-binary @-'
#
# The argument is any command that runs the one statement on its standard input and fails when the server does. (clickhouse-client
# --multiquery needs no such help.) A statement ends with a semicolon at the end of a line.
#
# An older server gets what it has: what stands between a line `-- Needs ClickHouse VERSION` and one `-- Needs no more than that` is left
# out below that version; and below 26.7, where a view cannot be refreshed just after others, each is by itself, 10 seconds after its
# last time (2 where it appends).
set -eu

if [ $# -ne 1 ] || [ -z "$1" ]; then
    echo "usage: sql/run.sh 'clickhouse-client ...' < statements   (a command that reads one statement from its input)" >&2
    exit 2
fi
command=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP

# older THAN: is the server's version below this one? It is asked for when somebody wants to know.
older() {
    [ -n "${version-}" ] || version=$(echo 'SELECT version()' | sh -c "$command")
    echo "$version.$1" | awk -F . '{ exit !($1 ~ /^[0-9]+$/ && $1 * 1000 + $2 < $(NF - 1) * 1000 + $NF) }'
}

# Each statement into a file of its own, without the comments above it; in its first line what it needs, or nothing.
awk -v folder="$folder" '
    /^-- Needs ClickHouse [0-9.]+/ { needs = $4; sub(/[^0-9]+$/, "", needs) }
    /^-- Needs no more than that/ { needs = "" }
    !inside && /^(--.*|[[:space:]]*)$/ { next }
    !inside { name = sprintf("%s/%05d", folder, statements); inside = 1; print needs > name }
    { print > name }
    /;$/ { close(name); statements++; inside = 0 }'
for file in "$folder"/[0-9]*; do
    [ -e "$file" ] || break
    needs=$(head -n 1 "$file")
    sed 1d "$file" > "$folder/statement"
    if [ -n "$needs" ] && older "$needs"; then
        echo "run: left out, since it needs ClickHouse $needs and this is $version: $(head -n 1 "$folder/statement")" >&2
        continue
    fi
    if grep -q '^REFRESH DEPENDS ON' "$folder/statement" && older 26.7; then
        awk '/^REFRESH DEPENDS ON/ { print / APPEND$/ ? "REFRESH AFTER 2 SECOND APPEND" : "REFRESH AFTER 10 SECOND"; left_out = 1 }
            /^TO / { left_out = 0 } !left_out' \
            "$folder/statement" > "$folder/older"
        mv "$folder/older" "$folder/statement"
    fi
    sh -c "$command" < "$folder/statement" || {
        echo "run: this statement failed:" >&2
        head -n 3 "$folder/statement" >&2
        exit 1
    }
done
