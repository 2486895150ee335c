#!/bin/sh
# Packs an .rpm of what build.sh staged for the .deb; its bytes depend on that alone.
#
#   package/rpm.sh VERSION ARCH FOLDER       FOLDER/ARCH/root is packed into FOLDER. Needs SOURCE_DATE_EPOCH.
set -eu
umask 022
cd "$(dirname "$0")/.."
version=$1 arch=$2
folder=$(cd "$3" && pwd)
: "${SOURCE_DATE_EPOCH:?}"
export LC_ALL=C TZ=UTC

# rpmbuild takes no folder with a space in its name.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
cp -a "$folder/$arch/root" "$work/root"
# Debian's own.
rm -r "$work/root/DEBIAN" "$work/root/usr/share/lintian" "$work/root/usr/share/doc/debezium-udf/changelog.gz"

{
    sed -e "s/@VERSION@/$version/" -e "s:@STAGE@:$work/root:" package/rpm/debezium-udf.spec.in
    cd "$work/root"
    # The folders of others stay theirs.
    find usr/share/debezium-udf usr/share/doc/debezium-udf -type d | LC_ALL=C sort | sed 's:^:%dir /:'
    find . ! -type d | LC_ALL=C sort | sed 's:^\.::'
} >"$work/debezium-udf.spec"

rpmbuild --quiet -bb --target "$arch-linux" --define "_topdir $work/build" --define "_rpmdir $work" --define '_buildhost localhost' \
    --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
    --define '_binary_payload w9.gzdio' "$work/debezium-udf.spec" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
install -m 644 "$work/$arch/debezium-udf-$version-1.$arch.rpm" "$folder"
