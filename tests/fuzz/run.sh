#!/bin/sh
# Runs the fuzzers: first over the seeds and earlier findings, then each for SECONDS, and says how many executions there were.
#
#   tests/fuzz/run.sh SECONDS [NAME...]         a NAME: fuzz_NAME.c, or shapes
#
# SEED=n in the environment begins with the same inputs each time; without it each run has others.
#
# What they find new grows build/fuzz/corpus; an input that breaks something is left in build/fuzz/findings. Put it, named after
# what was wrong, into tests/fuzz/findings/NAME.
set -eu

[ $# -gt 0 ] || { echo 'usage: tests/fuzz/run.sh SECONDS [NAME...]' >&2; exit 2; }
seconds=$1
shift
cd "$(dirname "$0")/../.."
build=build/fuzz
make -s -j"$(nproc)" fuzzers
if [ $# -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=${source#tests/fuzz/fuzz_}
        set -- "$@" "${name%.c}"
    done
    set -- "$@" shapes
fi
rm -rf "$build/seeds"
python3 tests/fuzz/seeds.py "$build/seeds"

total=0
failed=0

# The fast path against the general decoder, in the optimised build, without a fuzzer: about so many messages in the time.
run_shapes() {
    make -s build/tests/test_shape
    log=$build/shapes.log
    status=0
    ROUNDS=$((seconds * 30000 + 50000)) build/tests/test_shape >"$log" 2>&1 || status=$?
    count=$(($(sed -n 's/^\([0-9]*\) messages without a difference.*/\1/p' "$log" | paste -sd+) + 0))
    echo "fuzz shapes: $count executions"
    total=$((total + count))
    [ "$status" -eq 0 ] || { failed=1; grep -aE 'SEED|ERROR|column' "$log"; }
}

for name; do
    [ "$name" != shapes ] || { run_shapes; continue; }
    mkdir -p "$build/corpus/$name" "$build/findings/$name"
    set -- "$build/corpus/$name" "$build/seeds/$name"
    [ ! -d "tests/fuzz/findings/$name" ] || set -- "$@" "tests/fuzz/findings/$name"
    log=$build/$name.log
    status=0
    # With 0 seconds (which libFuzzer takes for no limit) nothing but the seeds and findings is run.
    limit="-max_total_time=$seconds"
    [ "$seconds" -gt 0 ] || limit='-runs=0'
    "$build/fuzz_$name" "$limit" -max_len=8192 -timeout=20 -rss_limit_mb=2048 -dict=tests/fuzz/json.dict -print_final_stats=1 \
        -seed="${SEED:-0}" \
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
