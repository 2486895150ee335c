#!/bin/sh
# Runs the fuzzers, several side by side: first over the seeds and earlier findings, then each for SECONDS, and says how many executions
# there were.
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

# As many side by side as there are processors.
status=0
said=$build/said
printf '%s\n' "$@" | xargs -P "$(nproc)" -I NAME tests/fuzz/one.sh "$seconds" NAME >"$said" || status=1
cat "$said"
echo "fuzz: $(($(sed -n 's/^fuzz [a-z]*: \([0-9]*\) executions$/\1/p' "$said" | paste -sd+) + 0)) executions in all"
exit "$status"
