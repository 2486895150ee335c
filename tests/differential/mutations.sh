#!/bin/sh
# Does the differential test find each fault that the fast path has had? Each of tests/differential/faults puts one of them back,
# into a copy of the program; the copy must then answer a message differently.
#
#   tests/differential/mutations.sh [FAULT...]
#
# A fault's first line names the file that it changes.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- tests/differential/faults/*.sed
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/tests"
cp -r udf sql package Makefile VERSION CHANGELOG.md build "$copy"
cp -r tests/differential tests/versions "$copy/tests"
[ ! -d bench ] || cp -r bench "$copy"
missed=0
for fault; do
    name=$(basename "$fault" .sed)
    file=$(sed -n '1s/^# //p' "$fault")
    sed -f "$fault" "$file" >"$copy/$file"
    if cmp -s "$file" "$copy/$file"; then
        echo "$name: changes nothing in $file"
        missed=1
        continue
    fi
    make -s -C "$copy" WERROR= build/libdebezium-udf.a
    make -s -C "$copy" WERROR= differential-program
    if (cd "$copy" && build/tests/differential messages=2000000) >"$copy/log"; then
        echo "$name: not found"
        missed=1
    else
        echo "$name: $(grep -a '^DIFFERENCE' "$copy/log" || echo 'no difference')"
        grep -aq '^DIFFERENCE' "$copy/log" || missed=1
    fi
    cp "$file" "$copy/$file"
done
exit "$missed"
