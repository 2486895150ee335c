#!/bin/sh
# Installs an unpacked release into an image of clickhouse-server. Run by the Dockerfiles.
set -eu

die() {
    echo "image.sh: $*" >&2
    exit 1
}

release=$1
here=$(cd "$(dirname "$0")" && pwd)
oldest=$(cat "$here/oldest_clickhouse")

[ -x "$release/install.sh" ] || die "no install.sh in the build context. DEBEZIUM_UDF must name the root of an unpacked release; for" \
    "the sources, set DEBEZIUM_UDF_DOCKERFILE=deploy/compose/Dockerfile.source"
[ ! -e "$here/.env" ] || die "the build context holds deploy/compose/.env, whose passwords would be in the image: the .dockerignore of the" \
    "release is missing"
[ -x /entrypoint.sh ] || die "CLICKHOUSE_IMAGE has no /entrypoint.sh: it must be an official image of clickhouse-server"

version=$(clickhouse-server --version | sed -n 's/.*version \([0-9][0-9.]*[0-9]\).*/\1/p')
echo "$version.$oldest" | awk -F . '{ exit !($1 * 1000 + $2 >= $(NF - 1) * 1000 + $NF) }' ||
    die "CLICKHOUSE_IMAGE is ClickHouse ${version:-of an unknown version}, and debezium-udf needs $oldest or later"

# /var/lib/clickhouse is a volume, which would hide what an image has there.
SCRIPTS_DIR=/usr/lib/clickhouse/user_scripts FILES_DIR=/usr/share/debezium-udf/user_files "$release/install.sh" / >/tmp/installed ||
    { cat /tmp/installed >&2; exit 1; }
rm /tmp/installed
/usr/lib/clickhouse/user_scripts/debezium-udf --version ||
    die "the release's program does not run here: take the release for $(uname -m)"

cp "$here/page.xml" /etc/clickhouse-server/users.d/zz_page.xml
cp "$here/config.xml" /etc/clickhouse-server/config.d/zz_compose.xml
