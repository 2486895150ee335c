#!/bin/sh
# Installs debezium-udf below a ClickHouse server's root folder: / on a machine of its own or in a container's image.
#
#   ./install.sh ROOT              installs or upgrades
#   ./install.sh --remove ROOT     removes what it installed
#
# SCRIPTS_DIR (/var/lib/clickhouse/user_scripts) and CONFIG_DIR (/etc/clickhouse-server) move the program and the settings. A
# setting or layout that was changed since it was installed stays as it is; the new one is put beside it as FILE.new.
set -eu
umask 022

usage() {
    echo 'usage: ./install.sh [--remove] ROOT     (/ for this machine)' >&2
    exit 2
}

remove=
[ "${1-}" != --remove ] || { remove=yes; shift; }
[ $# -eq 1 ] || usage
case $1 in '' | -*) usage ;; esac
[ -d "$1" ] || { echo "install: $1: no such folder" >&2; exit 1; }

root=$(cd "$1" && pwd)
root=${root%/}
here=$(cd "$(dirname "$0")" && pwd)
scripts_dir=${SCRIPTS_DIR:-/var/lib/clickhouse/user_scripts}
config_dir=${CONFIG_DIR:-/etc/clickhouse-server}
# What was installed: a line `SHA256  PATH` for each file.
record=$root/usr/share/debezium-udf/installed

say() { echo "install: $*"; }

sum() { sha256sum <"$1" | cut -d ' ' -f 1; }

recorded() { [ ! -f "$record" ] || awk -v path="$1" '$2 == path { print $1 }' "$record"; }

# The place below ROOT of a file of the archive.
place() {
    case $1 in
    var/lib/clickhouse/user_scripts/*) echo "$scripts_dir/${1#var/lib/clickhouse/user_scripts/}" ;;
    etc/clickhouse-server/*) echo "$config_dir/${1#etc/clickhouse-server/}" ;;
    *) echo "/$1" ;;
    esac
}

# Whether the administrator may change it.
is_setting() {
    case $1 in
    "$config_dir"/* | "$scripts_dir"/*.json) ;;
    *) return 1 ;;
    esac
}

# put FILE PATH: by a rename, so that a program that runs and a server that reads have the old file or the new one.
put() {
    mkdir -p "$(dirname "$root$2")"
    cp "$1" "$root$2.part"
    mv "$root$2.part" "$root$2"
}

install_file() {
    old=$(recorded "$2")
    if ! is_setting "$2"; then
        put "$1" "$2"
    elif [ -z "$old" ] && [ ! -e "$root$2" ]; then
        put "$1" "$2"
    elif [ ! -e "$root$2" ]; then
        say "$2 was deleted, and stays so"
    elif cmp -s "$1" "$root$2" || [ "$old" = "$(sum "$1")" ]; then
        : # nothing new
    elif [ "$old" = "$(sum "$root$2")" ]; then
        put "$1" "$2"
    else
        put "$1" "$2.new"
        say "$2 was changed here, and stays so; the new one is $2.new"
    fi
}

install_all() {
    mkdir -p "$(dirname "$record")"
    : >"$record.part"
    (cd "$here/files" && find . -type f | sort) | while read -r file; do
        file=${file#./}
        path=$(place "$file")
        install_file "$here/files/$file" "$path"
        echo "$(sum "$here/files/$file")  $path" >>"$record.part"
    done
    mkdir -p "$root/usr/bin"
    ln -sf "$scripts_dir/debezium-udf" "$root/usr/bin/debezium-udf"
    if [ "$scripts_dir" != /var/lib/clickhouse/user_scripts ]; then
        echo "<clickhouse><user_scripts_path>$scripts_dir/</user_scripts_path></clickhouse>" >"$record.scripts"
        install_file "$record.scripts" "$config_dir/config.d/debezium_udf_scripts.xml"
        echo "$(sum "$record.scripts")  $config_dir/config.d/debezium_udf_scripts.xml" >>"$record.part"
        rm "$record.scripts"
    fi
    mv "$record.part" "$record"
    say "debezium-udf $(cat "$here/files/usr/share/debezium-udf/VERSION") is in $root/"
    cat <<EOF
Now, on the server:
  set the broker in $config_dir/config.d/experiments_kafka.xml, then
  clickhouse-client --query 'SYSTEM RELOAD CONFIG'        (restart it, where $scripts_dir is new to it)
  clickhouse-client --query 'SYSTEM RELOAD FUNCTIONS'
  debezium-udf check --config-dir $config_dir
  /usr/share/debezium-udf/sql/apply.sh 'clickhouse-client'
EOF
}

remove_all() {
    [ -f "$record" ] || { say "nothing was installed by this program in $root/"; exit 1; }
    while read -r old path; do
        [ -e "$root$path" ] || continue
        if is_setting "$path" && [ "$old" != "$(sum "$root$path")" ]; then
            say "$path was changed here, and stays"
        else
            rm -f "$root$path"
        fi
        rm -f "$root$path.new"
    done <"$record"
    rm -f "$root/usr/bin/debezium-udf" "$record"
    find "$root/usr/share/debezium-udf" "$root/usr/share/doc/debezium-udf" -depth -type d -exec rmdir {} + 2>/dev/null || :
    say "removed. A view that calls the functions fails now and its topic waits: detach it. The tables stay"
}

if [ -n "$remove" ]; then remove_all; else install_all; fi
