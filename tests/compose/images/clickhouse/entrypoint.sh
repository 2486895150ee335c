#!/bin/bash
# CLICKHOUSE_USER, CLICKHOUSE_PASSWORD and CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT, as the official image documents them; but `default`,
# which that one takes away, is left for the engine's own session, and reached from nowhere.
set -eu
user=${CLICKHOUSE_USER:-default}
[ "$user" != default ] || { echo "this stand-in needs a CLICKHOUSE_USER other than default, which is the engine's own session" >&2; exit 1; }
cat >/etc/clickhouse-server/users.d/default-user.xml <<END
<clickhouse>
  <users>
    <$user>
      <profile>default</profile>
      <networks><ip>::/0</ip></networks>
      <password>${CLICKHOUSE_PASSWORD:-}</password>
      <quota>default</quota>
      <access_management>${CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT:-0}</access_management>
    </$user>
  </users>
</clickhouse>
END
[ $# -lt 1 ] || case $1 in --*) ;; *) exec "$@" ;; esac
mkdir -p /var/lib/clickhouse/{user_files,tmp}
if [ "$(stat -c %u /var/lib/clickhouse)" != 101 ]; then chown -R clickhouse:clickhouse /var/lib/clickhouse; fi
chown clickhouse:clickhouse /var/lib/clickhouse/{user_files,tmp}
exec setpriv --reuid=clickhouse --regid=101 --init-groups clickhouse-server "$@"
