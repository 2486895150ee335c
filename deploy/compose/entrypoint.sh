#!/bin/sh
# Before the image's own entry point: the settings of the account that the environment names, and the page of this release, which is
# on the volume.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

complain() { echo "clickhouse: $*" >&2; }

if [ -n "${CLICKHOUSE_PASSWORD_FILE-}" ]; then
    CLICKHOUSE_PASSWORD=$(cat "$CLICKHOUSE_PASSWORD_FILE") || { complain "CLICKHOUSE_PASSWORD_FILE cannot be read"; exit 1; }
    export CLICKHOUSE_PASSWORD
fi
# The image writes both into XML as they are.
case ${CLICKHOUSE_USER:-default} in *[!A-Za-z0-9_]*) complain "CLICKHOUSE_USER can only contain letters, digits and _"; exit 1 ;; esac
case ${CLICKHOUSE_PASSWORD-} in *[\<\&]*) complain "CLICKHOUSE_PASSWORD must not contain < or &: set another in .env"; exit 1 ;; esac

settings=/etc/clickhouse-server/users.d/zz_compose.xml
sed "s/CLICKHOUSE_USER/${CLICKHOUSE_USER:-default}/" "$here/users.xml" >"$settings" ||
    { complain "user $(id -u) cannot write to $settings"; exit 1; }

page=/usr/share/debezium-udf/user_files/experiments.html
folder=/var/lib/clickhouse/user_files
if mkdir -p "$folder" && cp "$page" "$folder/.experiments.html" && mv -f "$folder/.experiments.html" "$folder/experiments.html"; then
    # The server's user owns what is on its volume.
    [ "$(id -u)" -ne 0 ] || chown "${CLICKHOUSE_UID:-clickhouse}:${CLICKHOUSE_GID:-clickhouse}" "$folder" "$folder/experiments.html"
else
    complain "user $(id -u) cannot write to $folder, so the page /experiments is old or missing"
fi
exec "$@"
