#!/bin/sh
# One fuzzer for run.sh, which builds it and writes its seeds: says how many executions there were, and what broke.
#
#   tests/fuzz/one.sh SECONDS NAME
set -eu
seconds=$1
name=$2
cd "$(dirname "$0")/../.."
build=build/fuzz
log=$build/$name.log
status=0

# The fast path against the general decoder, in the optimised build, without a fuzzer: about so many messages in the time.
if [ "$name" = shapes ]; then
    make -s build/tests/test_shape
    ROUNDS=$((seconds * 30000 + 50000)) build/tests/test_shape >"$log" 2>&1 || status=$?
    echo "fuzz shapes: $(($(sed -n 's/^\([0-9]*\) messages without a difference.*/\1/p' "$log" | paste -sd+) + 0)) executions"
    [ "$status" -eq 0 ] || grep -aE 'SEED|ERROR|column' "$log" || tail -n 20 "$log"
    exit "$status"
fi

mkdir -p "$build/corpus/$name" "$build/findings/$name"
set -- "$build/corpus/$name" "$build/seeds/$name"
[ ! -d "tests/fuzz/findings/$name" ] || set -- "$@" "tests/fuzz/findings/$name"
# With 0 seconds (which libFuzzer takes for no limit) nothing but the seeds and findings is run.
limit="-max_total_time=$seconds"
[ "$seconds" -gt 0 ] || limit='-runs=0'
"$build/fuzz_$name" "$limit" -max_len=8192 -timeout=20 -rss_limit_mb=2048 -dict=tests/fuzz/json.dict -print_final_stats=1 \
    -seed="${SEED:-0}" -artifact_prefix="$build/findings/$name/" "$@" >"$log" 2>&1 || status=$?
count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
echo "fuzz $name: ${count:-0} executions"
[ "${count:-0}" -gt 0 ] || status=1
[ "$status" -eq 0 ] || grep -aE 'does not hold|runtime error|ERROR|SUMMARY|artifact_prefix' "$log" || tail -n 20 "$log"
exit "$status"
