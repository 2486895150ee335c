#!/bin/sh
# Packs a built program: a .deb and a tarball, whose bytes depend on the sources and the compiler alone.
#
#   package/build.sh VERSION ARCH FOLDER PROGRAM
#
# FOLDER/ARCH/debezium-udf is packed; PROGRAM, which runs here, writes the registration. Needs SOURCE_DATE_EPOCH.
set -eu
umask 022
cd "$(dirname "$0")/.."
version=$1 arch=$2 folder=$3 program=$4
: "${SOURCE_DATE_EPOCH:?}"
export LC_ALL=C TZ=UTC

stage=$folder/$arch/root
rm -rf "$stage" "$folder/$arch/tar"

# put MODE FILE... FOLDER: copies into a folder of the stage.
put() {
    mode=$1
    shift
    for last; do :; done
    mkdir -p "$stage/$last"
    while [ $# -gt 1 ]; do
        install -m "$mode" "$1" "$stage/$last"
        shift
    done
}

# ---- What is installed, where a stock server looks for it -------------------------------------------------------------------

scripts=var/lib/clickhouse/user_scripts
config=etc/clickhouse-server
share=usr/share/debezium-udf
doc=usr/share/doc/debezium-udf

put 755 "$folder/$arch/debezium-udf" $scripts
put 644 udf/experiment_event.json $scripts
put 644 sql/page/experiments.html var/lib/clickhouse/user_files
put 644 sql/config/config.d/*.xml $config/config.d
put 644 sql/config/users.d/*.xml $config/users.d
"$program" config udf/experiment_event.json >"$stage/$config/debezium_udf_function.xml"
mkdir -p "$stage/usr/bin"
ln -s /$scripts/debezium-udf "$stage/usr/bin/debezium-udf"
put 644 VERSION $share
find sql -type f ! -name '.*' ! -name '*~' | while read -r file; do
    case $file in *.sh) mode=755 ;; *) mode=644 ;; esac
    put $mode "$file" "$share/${file%/*}"
done
put 644 README.md SECURITY.md LIMITS.md udf/OUTCOMES.md $doc
put 644 package/debian/copyright $doc
mkdir -p "$stage/usr/share/man/man1"
gzip -9n <udf/debezium-udf.1 >"$stage/usr/share/man/man1/debezium-udf.1.gz"

# ---- The tarball ------------------------------------------------------------------------------------------------------------

name=debezium-udf-$version-linux-$arch
mkdir -p "$folder/$arch/tar/$name"
cp -a "$stage" "$folder/$arch/tar/$name/files"
install -m 755 package/install.sh "$folder/$arch/tar/$name"
install -m 644 package/INSTALL.md LICENSE CHANGELOG.md "$folder/$arch/tar/$name"
tar -C "$folder/$arch/tar" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -c "$name" | gzip -9n >"$folder/$name.tar.gz"

# ---- The Debian package -----------------------------------------------------------------------------------------------------

case $arch in
x86_64) debian=amd64 ;;
aarch64) debian=arm64 ;;
*) debian=$arch ;;
esac
# The layout is the administrator's: in /etc, and linked from where the program looks (postinst).
put 644 "$stage/$scripts/experiment_event.json" etc/debezium-udf
rm "$stage/$scripts/experiment_event.json"
awk -v date="$(date -u -R -d "@$SOURCE_DATE_EPOCH")" -v maintainer="$(sed -n 's/^Maintainer: //p' package/debian/control.in)" \
    -f package/changelog.awk CHANGELOG.md | gzip -9n >"$stage/$doc/changelog.gz"
mkdir -p "$stage/usr/share/lintian/overrides"
install -m 644 package/debian/lintian-overrides "$stage/usr/share/lintian/overrides/debezium-udf"

mkdir "$stage/DEBIAN"
size=$(du -k -s --apparent-size "$stage" | cut -f 1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$debian/" -e "s/@SIZE@/$size/" package/debian/control.in >"$stage/DEBIAN/control"
(cd "$stage" && find etc -type f | sort | sed 's:^:/:') >"$stage/DEBIAN/conffiles"
(cd "$stage" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -print | sed 's:^\./::' | sort | xargs md5sum) \
    >"$stage/DEBIAN/md5sums"
install -m 755 package/debian/postinst package/debian/prerm package/debian/postrm "$stage/DEBIAN"
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$stage" "$folder/debezium-udf_${version}_$debian.deb" >/dev/null
