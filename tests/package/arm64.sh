#!/bin/sh
# Builds for aarch64 and runs the unit, golden and conformance tests under qemu's user mode: both back ends, with NEON and with
# plain C (where simdjson takes its fallback, too).
#
#   tests/package/arm64.sh [neon] [scalar]      both, where none is named
#   tests/package/arm64.sh part                 NEON, with the unit tests of one back end, and fewer random messages: for `make test`
#
# The programs with NEON are those that `make package` packs. The sandbox's tests need a kernel's filter, which qemu does not
# lend: test_arm64.py asks the filter itself.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- neon scalar

qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu
libraries=$PWD/build/stack/arm64

# build FOLDER FLAGS: both back ends, with the objects that are the same in both built once
build() {
    for json in simdjson cjson; do
        into=$1
        [ "$json" = simdjson ] || into=$into/cjson
        ${MAKE:-make} -s -j"$(nproc)" JSON="$json" BUILD="$into" OBJECTS="$1/obj" CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ AR=aarch64-linux-gnu-ar \
            CFLAGS="-O2 -g $2 -isystem $libraries/include -L$libraries/lib" CXXFLAGS="-O3 -g $2" STATIC=-static-pie \
            all unit-tests >&2
    done
}

# unit FOLDER
unit() {
    for test in "$1"/tests/test_*; do
        case $test in *.[od] | */test_sandbox) continue ;; esac
        "$qemu" "$test" >"build/arm64/unit-$level.log" 2>&1 || { cat "build/arm64/unit-$level.log"; echo "arm64: $test failed"; exit 1; }
        programs=$((programs + 1))
    done
}

# python_tests FOLDER LEVEL: the tests call programs by their names, so that is what starts qemu with each.
python_tests() {
    for json in . cjson; do
        mkdir -p "build/arm64/qemu-$2/$json"
        printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$qemu" "$PWD/$1/$json/debezium-udf" >"build/arm64/qemu-$2/$json/debezium-udf"
        chmod +x "build/arm64/qemu-$2/$json/debezium-udf"
    done
    BUILD=build/arm64/qemu-$2 build/venv/bin/python -m pytest -q -p no:cacheprovider tests/golden tests/conformance
}

mkdir -p build/arm64
for level; do
    programs=0
    folder=build/package/aarch64 flags=
    case $level in
    neon) ;;
    # qemu takes a minute and a half for what a processor does in eight seconds (tests/unit/test_shape.c).
    part) export ROUNDS=30000 ;;
    scalar) folder=build/arm64/scalar flags=-DSCAN_SCALAR; export SIMDJSON_FORCE_IMPLEMENTATION=fallback ;;
    *) echo "arm64: $level is no level: neon scalar part" >&2; exit 2 ;;
    esac
    build $folder "$flags"
    unit $folder
    [ "$level" = part ] || unit $folder/cjson
    python_tests $folder "$level"
    echo "arm64: $level passed $programs unit test programs and the tests above"
    unset SIMDJSON_FORCE_IMPLEMENTATION ROUNDS
done
