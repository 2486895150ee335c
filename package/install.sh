#!/bin/sh
# Installs debezium-udf below a ClickHouse server's root folder: / on a machine of its own or in a container's image.
set -eu
set -f # names and options come from files: nothing of them is a pattern
umask 022

help() {
    cat <<'END'
usage: ./install.sh ROOT              installs or upgrades; ROOT is / for this machine
       ./install.sh --remove ROOT     removes what was installed and not changed since

A file that may be edited (settings, layout, registration) is replaced only where nobody has changed it since it was installed.
A changed one stays; a new one is put beside it as FILE.new, and a line says so. A deleted one stays deleted. The registration
(debezium_udf_function.xml) is written for the layouts that it names; where it names others than the layout of this
release, it counts as changed.

Environment:
  SCRIPTS_DIR   where the program and the layouts go (/var/lib/clickhouse/user_scripts)
  LAYOUTS_DIR   where the layouts go, if elsewhere (SCRIPTS_DIR)
  FILES_DIR     where the page goes (/var/lib/clickhouse/user_files)
  CONFIG_DIR    the server's configuration (/etc/clickhouse-server)
  PREFIX        where the command, its manual, the SQL and the pages go (/usr)
  RESTORE=yes   puts back what was deleted
END
}

complain() { echo "install: $*" >&2; }
say() { echo "install: $*"; }

here=$(cd "$(dirname "$0")" && pwd)
remove=
[ "${1-}" != --remove ] || { remove=yes; shift; }
case ${1-} in --help | -h) help; exit 0 ;; esac
[ $# -eq 1 ] || { help >&2; exit 2; }
case $1 in '' | -*) help >&2; exit 2 ;; esac
[ -d "$1" ] || { complain "$1: no such folder"; exit 1; }
root=$(cd "$1" && pwd)
root=${root%/}

scripts_dir=${SCRIPTS_DIR:-/var/lib/clickhouse/user_scripts}
layouts_dir=${LAYOUTS_DIR:-$scripts_dir}
files_dir=${FILES_DIR:-/var/lib/clickhouse/user_files}
config_dir=${CONFIG_DIR:-/etc/clickhouse-server}
prefix=${PREFIX:-/usr}

# What was installed: a line `SHA256  PATH` for each file, as it was put there or beside it.
record=$root/var/lib/debezium-udf/installed
before=$record
# Until 1.1 the tarball's installer kept it there.
[ -f "$before" ] || before=$root/usr/share/debezium-udf/installed
[ -f "$before" ] || before=/dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ---- What is there, and what was ---------------------------------------------------------------------------------------------

sum() { sha256sum <"$1" | cut -d ' ' -f 1; }

# The checksums that a list has for a name; nothing where it has none.
listed() { awk -v name="$2" 'substr($0, 67) == name { print $1 }' "$1"; }

# The layouts that a registration names, in its order.
layouts_of() { sed -n 's/.*<command>debezium-udf decode \([^ <]*\).*/\1/p' "$1"; }

# Whether somebody has changed the file since it was installed; where nothing was noted, since a release before 2.0.
edited() {
    [ ! -L "$root$1" ] || return 0
    if [ "$1" = "$registration" ] && [ "$(layouts_of "$root$1")" != "$(layouts_of "$shipped")" ]; then
        return 0
    fi
    now=$(sum "$root$1")
    noted=$(listed "$before" "$1")
    [ -n "$noted" ] || noted=$(listed "$here/earlier.sums" "${1##*/}")
    if echo "$noted" | grep -qx "$now"; then
        return 1
    fi
}

# ---- One file ----------------------------------------------------------------------------------------------------------------

make_folder() { [ -d "$root${1%/*}" ] || mkdir -p "$root${1%/*}"; }

# put FILE PATH [LIKE]: by a rename, so that a program that runs and a server that reads have the old file or the new one. With
# the owner and the mode of LIKE, a path that is there.
put() {
    make_folder "$2"
    # The folders may be another user's: nothing is written through a link that lies there.
    part=$(mktemp "$root$2.XXXXXX")
    cp "$1" "$part"
    if [ -n "${3-}" ]; then
        chown "$(stat -L -c %u:%g "$root$3")" "$part" 2>/dev/null || :
        chmod "$(stat -L -c %a "$root$3")" "$part"
    elif [ -x "$1" ]; then
        chmod 755 "$part"
    else
        chmod 644 "$part"
    fi
    mv -f "$part" "$root$2"
}

note() { echo "$(sum "$1")  $2" >>"$work/record"; }

# Where a folder is missing altogether, its files were not deleted: the server's data is new.
note_folders() {
    while read -r _ base place _; do
        path=$(folder_of "$base")/$place
        [ ! -d "$root${path%/*}" ] || echo "${path%/*}"
    done <"$here/manifest" >"$work/folders"
}

# offer FILE PATH: the rule for a file that may be edited.
offer() {
    if [ ! -e "$root$2" ]; then
        if [ -z "${RESTORE-}" ] && [ -n "$(listed "$before" "$2")" ] && grep -qxF "${2%/*}" "$work/folders"; then
            say "$2 was deleted and was not restored (RESTORE=yes restores it)"
        else
            put "$1" "$2"
        fi
    elif cmp -s "$1" "$root$2"; then
        rm -f "$root$2.new"
    elif ! edited "$2"; then
        put "$1" "$2" "$2"
        rm -f "$root$2.new"
    elif [ "$(listed "$before" "$2")" = "$(sum "$1")" ]; then
        say "$2 was changed here and was kept" # there is no newer one
    else
        put "$1" "$2.new" "$2"
        say "$2 was changed here and was kept; the new one is $2.new"
    fi
    note "$1" "$2"
}

# ---- The registration --------------------------------------------------------------------------------------------------------

# Writes what the program writes for the layouts that the registration names now, with its options.
write_registration() {
    options='' names=$(layouts_of "$shipped")
    if [ -e "$root$registration" ] && [ -n "$(layouts_of "$root$registration")" ]; then
        names=$(layouts_of "$root$registration")
        # The fingerprint is the layout's, and the program writes it. Untold, rows are in Native and the other functions in RowBinary.
        options=$(sed -n '/<command>debezium-udf decode /{s/.*decode [^ <]*//;s/<.*//;s/ --fingerprint[ =][^ ]*//;p;q;}' "$root$registration")
        ! grep -q '<format>RowBinary<' "$root$registration" || options=$(printf '%s' "$options" | sed 's/ --format[ =]Native//')
        pool=$(sed -n '/<pool_size>/{s/.*<pool_size> *//;s/ *<.*//;p;q;}' "$root$registration")
        options="$options --pool-size ${pool:-16}"
    fi
    set --
    for name in $names; do
        case $name in
        */*) set -- "$@" "$root$name" ;;
        *) set -- "$@" "$root$scripts_dir/$name" ;;
        esac
    done
    for program in "$here/files/var/lib/clickhouse/user_scripts/debezium-udf" "$root$scripts_dir/debezium-udf"; do
        [ -x "$program" ] || continue
        # shellcheck disable=SC2086 # options are several words
        ! "$program" config "$@" $options >"$work/registration" 2>"$work/problem" || return 0
    done
    return 1
}

# Whether the registration of this release is the one that would be written: the program may be another machine's.
shipped_fits() {
    [ -e "$root$registration" ] || return 0
    layouts_of "$shipped" >"$work/names"
    ! edited "$registration" || return 1
    while read -r name; do
        cmp -s "$here/files/var/lib/clickhouse/user_scripts/$name" "$root$scripts_dir/$name" || return 1
    done <"$work/names"
}

install_registration() {
    if write_registration; then
        offer "$work/registration" "$registration"
    elif shipped_fits; then
        offer "$shipped" "$registration"
    else
        say "$registration stays as it is, since it cannot be rewritten: $(head -n 1 "$work/problem")"
    fi
}

# A layout that is new here is not registered beside others that are.
tell_new_layouts() {
    for name in $(layouts_of "$shipped"); do
        if [ -z "$(listed "$before" "$layouts_dir/$name")" ] && ! layouts_of "$root$registration" | grep -qxF "$name"; then
            say "$registration does not name $name; to register it: debezium-udf register $scripts_dir/$name" \
                "--config-dir $config_dir"
        fi
    done
}

# ---- All of it ---------------------------------------------------------------------------------------------------------------

folder_of() {
    case $1 in
    scripts) echo "$scripts_dir" ;;
    layouts) echo "$layouts_dir" ;;
    files) echo "$files_dir" ;;
    config) echo "$config_dir" ;;
    prefix) echo "$prefix" ;;
    esac
}

install_entry() { # KIND BASE PLACE FILE
    path=$(folder_of "$2")/$3
    case $1 in
    program) put "$here/files/$4" "$path" ;;
    editable) offer "$here/files/$4" "$path" ;;
    link) make_folder "$path"; ln -sf "$(target_of "$4")" "$root$path" ;;
    esac
}

target_of() { echo "$(folder_of "${1%%/*}")/${1#*/}"; }

tell_server() {
    [ "$scripts_dir" != /var/lib/clickhouse/user_scripts ] || return 0
    echo "<clickhouse><user_scripts_path>$scripts_dir/</user_scripts_path></clickhouse>" >"$work/scripts.xml"
    offer "$work/scripts.xml" "$config_dir/config.d/debezium_udf_scripts.xml"
}

# Notes the programs, and what another installation put elsewhere, so that --remove knows it.
write_record() {
    (cd "$here/files" && find . -type f -exec sha256sum {} +) |
        awk -v scripts="$scripts_dir" -v files="$files_dir" -v prefix="$prefix" '
            BEGIN { folder["scripts"] = scripts; folder["files"] = files; folder["prefix"] = prefix }
            NR == FNR { sum[substr($2, 3)] = $1; next }
            $1 == "program" { print sum[$4] "  " folder[$2] "/" $3 }' - "$here/manifest" >>"$work/record"
    awk '{ path = substr($0, 67) } NR == FNR { new[path] = 1; next } !(path in new)' "$work/record" "$before" >"$work/elsewhere"
    while read -r sum path; do
        [ ! -e "$root$path" ] || echo "$sum  $path" >>"$work/record"
    done <"$work/elsewhere"
    make_folder "${record#"$root"}"
    cp "$work/record" "$record.part"
    mv -f "$record.part" "$record"
    rm -f "$root/usr/share/debezium-udf/installed"
}

install_all() {
    : >"$work/record"
    note_folders
    while read -r kind base place file; do
        install_entry "$kind" "$base" "$place" "$file"
    done <"$here/manifest"
    install_registration
    [ ! -e "$root$registration" ] || tell_new_layouts
    tell_server
    write_record
    cat <<END
Now, on the server:
  set the broker in $config_dir/config.d/experiments_kafka.xml, then
  clickhouse-client --query 'SYSTEM RELOAD CONFIG'        (restart it if $scripts_dir is new to it)
  clickhouse-client --query 'SYSTEM RELOAD FUNCTIONS'
  debezium-udf check --config-dir $config_dir
  $prefix/share/debezium-udf/sql/apply.sh 'clickhouse-client'
END
}

remove_all() {
    [ "$before" != /dev/null ] || { complain "nothing was installed by this program in $root/"; exit 1; }
    while read -r sum path; do
        rm -f "$root$path.new"
        [ -e "$root$path" ] || continue
        if edited "$path"; then
            say "$path was changed here and was kept"
        else
            rm -f "$root$path"
        fi
    done <"$before"
    while read -r kind base place file; do
        path=$root$(folder_of "$base")/$place
        [ "$kind" != link ] || [ "$(readlink "$path")" != "$(target_of "$file")" ] || rm -f "$path"
    done <"$here/manifest"
    rm -f "$before"
    rmdir "${record%/*}" 2>/dev/null || :
    find "$root$prefix/share/debezium-udf" "$root$prefix/share/doc/debezium-udf" -depth -type d -exec rmdir {} + 2>/dev/null || :
    say "removed. Views that call the functions now fail and their topics wait: detach them. The tables stay"
}

registration=$config_dir/$(sed -n 's/^registration config \([^ ]*\) .*/\1/p' "$here/manifest")
shipped=$here/files/$(sed -n 's/^registration config [^ ]* //p' "$here/manifest")
if [ -n "$remove" ]; then remove_all; else install_all; fi
