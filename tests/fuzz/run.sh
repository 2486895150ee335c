#!/bin/sh
# Runs the fuzzers: first over the seeds and earlier findings, then each for SECONDS, and says how many executions there were.
#
#   tests/fuzz/run.sh SECONDS [NAME...]
#
# What they find new grows build/fuzz/corpus; an input that breaks something is left in build/fuzz/findings. Put it, named after
# what was wrong, into tests/fuzz/findings/NAME.
set -eu

[ $# -gt 0 ] || { echo 'usage: tests/fuzz/run.sh SECONDS [NAME...]' >&2; exit 2; }
seconds=$1
shift
cd "$(dirname "$0")/../.."
build=build/fuzz
make -s fuzzers
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(make -s -f tests/fuzz/Makefile list)
rm -rf "$build/seeds"
python3 tests/fuzz/seeds.py "$build/seeds"

total=0
failed=0
for name; do
    mkdir -p "$build/corpus/$name" "$build/findings/$name"
    set -- "$build/corpus/$name" "$build/seeds/$name"
    [ ! -d "tests/fuzz/findings/$name" ] || set -- "$@" "tests/fuzz/findings/$name"
    log=$build/$name.log
    status=0
    # With 0 seconds (which libFuzzer takes for no limit) nothing but the seeds and findings is run.
    limit="-max_total_time=$seconds"
    [ "$seconds" -gt 0 ] || limit='-runs=0'
    "$build/fuzz_$name" "$limit" -max_len=8192 -timeout=20 -rss_limit_mb=2048 -dict=tests/fuzz/json.dict -print_final_stats=1 \
        -artifact_prefix="$build/findings/$name/" "$@" >"$log" 2>&1 || status=$?
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz $name: ${count:-0} executions"
    total=$((total + ${count:-0}))
    if [ "$status" -ne 0 ] || [ "${count:-0}" -eq 0 ]; then
        failed=1
        grep -aE 'does not hold|runtime error|ERROR|SUMMARY|artifact_prefix' "$log" || tail -n 20 "$log"
    fi
done
echo "fuzz: $total executions in all"
exit "$failed"
