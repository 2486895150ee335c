#!/bin/sh
# Runs the unit, golden and conformance tests of both builds under the address and undefined behaviour sanitizers, and then under
# valgrind; a leak is a failure in both.
#
#   tests/sanitize.sh [address] [valgrind]      both, where none is named
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- address valgrind

# build FOLDER FLAGS: both builds and their unit tests. Linked dynamically, since both tools replace malloc.
build() {
    for json in simdjson cjson; do
        folder=$1
        [ "$json" = simdjson ] || folder=$1/cjson
        make -s JSON="$json" BUILD="$folder" OBJECTS="$1/obj" STATIC=-pie STRIP= SANDBOX=no HARDEN=-fPIE CFLAGS="$2" CXXFLAGS="$2" all unit-tests >&2
    done
}

# unit FOLDER COMMAND...: every unit test program of both builds, under COMMAND.
unit() {
    folder=$1
    shift
    for test in "$folder"/tests/test_* "$folder"/cjson/tests/test_*; do
        case $test in *.[od]) continue ;; esac
        "$@" "$test" >"$folder/unit.log" 2>&1 || { cat "$folder/unit.log"; echo "sanitize: $test failed"; exit 1; }
        programs=$((programs + 1))
    done
}

# python_tests FOLDER: as many parts of them side by side as there are processors.
python_tests() {
    parts=$(nproc)
    seq "$parts" | BUILD=$1 xargs -P "$parts" -I N \
        build/venv/bin/python -m pytest -q -p no:cacheprovider --part="N/$parts" tests/golden tests/conformance
}

run_address() {
    build build/sanitize '-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
    unit build/sanitize env
    python_tests build/sanitize
}

run_valgrind() {
    build build/valgrind/programs '-O1 -g'
    checker='valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all'
    # shellcheck disable=SC2086
    unit build/valgrind/programs $checker
    # The tests call these by the programs' names.
    for folder in . cjson; do
        mkdir -p "build/valgrind/$folder"
        printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$checker" "$PWD/build/valgrind/programs/$folder/debezium-udf" \
            >"build/valgrind/$folder/debezium-udf"
        chmod +x "build/valgrind/$folder/debezium-udf"
    done
    python_tests build/valgrind
}

for tool; do
    programs=0
    echo "sanitize: $tool"
    "run_$tool"
    echo "sanitize: $tool found nothing in $programs unit test programs and the tests above"
done
