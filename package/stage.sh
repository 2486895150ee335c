#!/bin/sh
# Copies what files.list names into a folder from which install.sh installs.
#
#   package/stage.sh STAGE PROGRAM RUNS LAYOUT
#
# PROGRAM is installed; RUNS is the same for this machine, and writes the registration of LAYOUT. STAGE/files has every file where a
# stock server looks for it, STAGE/manifest a line `KIND BASE PLACE FILE` for each: FILE is below STAGE/files, or a link's target.
set -eu
umask 022
cd "$(dirname "$0")/.."
stage=$1 program=$2 runs=$3 layout=$4
rm -rf "$stage"
mkdir -p "$stage/files"
cp package/install.sh package/earlier.sums "$stage"
chmod 755 "$stage/install.sh"
chmod 644 "$stage/earlier.sums"

folder_of() {
    case $1 in
    scripts | layouts) echo var/lib/clickhouse/user_scripts ;;
    files) echo var/lib/clickhouse/user_files ;;
    config) echo etc/clickhouse-server ;;
    prefix) echo usr ;;
    *) echo "files.list: no such base: $1" >&2; exit 1 ;;
    esac
}

# put KIND MODE BASE PLACE FILE: one file, whose place is complete.
put() {
    to=$(folder_of "$3")/$4
    mkdir -p "$stage/files/${to%/*}"
    install -m "$2" "$5" "$stage/files/$to"
    echo "$1 $3 $4 $to" >>"$stage/manifest"
}

put_tree() {
    find "$4" -type f ! -name '.*' ! -name '*~' | LC_ALL=C sort | while read -r file; do
        case $file in *.sh) mode=755 ;; *) mode=644 ;; esac
        put "$1" $mode "$2" "$3$file" "$file"
    done
}

put_files() {
    kind=$1 mode=$2 base=$3 place=${4#./}
    shift 4
    for file; do
        case $file in
        @PROGRAM@) file=$program ;;
        @LAYOUT@) file=$layout ;;
        esac
        case $place in
        '' | */) put "$kind" "$mode" "$base" "$place$(basename "$file")" "$file" ;;
        *) put "$kind" "$mode" "$base" "$place" "$file" ;;
        esac
    done
}

grep -v '^#' package/files.list | while read -r kind mode base place source; do
    case $kind,$mode in
    link,*) echo "link $base $place $source" >>"$stage/manifest" ;;
    registration,*)
        "$runs" config "$layout" >"$stage/registration"
        put "$kind" "$mode" "$base" "$place" "$stage/registration"
        rm "$stage/registration"
        ;;
    *,tree) put_tree "$kind" "$base" "$place" "$source" ;;
    *)
        # shellcheck disable=SC2086 # the list's own patterns
        put_files "$kind" "$mode" "$base" "$place" $source
        ;;
    esac
done
