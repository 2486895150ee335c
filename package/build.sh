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

name=debezium-udf-$version-linux-$arch
tarball=$folder/$arch/tar/$name
stage=$folder/$arch/root
rm -rf "$stage" "$folder/$arch/tar"

# ---- What is installed, where a stock server looks for it: files.list ---------------------------------------------------------

mkdir -p "$folder/$arch/tar"
package/stage.sh "$tarball" "$folder/$arch/debezium-udf" "$program" udf/experiment_event.json
gzip -9n "$tarball/files/usr/share/man/man1/debezium-udf.1"
sed -i 's:share/man/man1/debezium-udf\.1\>:&.gz:g' "$tarball/manifest"

# ---- The tarball ------------------------------------------------------------------------------------------------------------

install -m 644 LICENSE CHANGELOG.md "$tarball"
install -m 644 docs/install.md "$tarball/INSTALL.md"
# An image is built from an unpacked tarball (deploy/compose).
cp -r "$tarball/files/usr/share/debezium-udf/deploy" "$tarball/deploy"
install -m 644 .dockerignore "$tarball"
tar -C "$folder/$arch/tar" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -c "$name" | gzip -9n >"$folder/$name.tar.gz"

# ---- The Debian package -----------------------------------------------------------------------------------------------------

case $arch in
x86_64) debian=amd64 ;;
aarch64) debian=arm64 ;;
*) debian=$arch ;;
esac
cp -a "$tarball/files" "$stage"
mkdir -p "$stage/usr/bin"
ln -s /var/lib/clickhouse/user_scripts/debezium-udf "$stage/usr/bin/debezium-udf"
# Those that may be edited are no files of the package, since dpkg would ask about them, and refuse where nobody can answer: postinst
# installs them by the same rule as the others do.
install=$stage/usr/share/debezium-udf/install
doc=$stage/usr/share/doc/debezium-udf
mkdir "$install"
cp -a "$tarball/install.sh" "$tarball/earlier.sums" "$install"
grep -E '^(editable|registration) ' "$tarball/manifest" >"$install/manifest"
editable=
while read -r _ base place file; do
    mkdir -p "$install/files/${file%/*}"
    mv "$stage/$file" "$install/files/$file"
    case $base in
    layouts) editable="$editable /etc/debezium-udf/$place" ;;
    *) editable="$editable /$file" ;;
    esac
done <"$install/manifest"
find "$stage/etc" -depth -type d -exec rmdir {} +
awk -v date="$(date -u -R -d "@$SOURCE_DATE_EPOCH")" -v maintainer="$(sed -n 's/^Maintainer: //p' package/debian/control.in)" \
    -f package/changelog.awk CHANGELOG.md | gzip -9n >"$doc/changelog.gz"
mkdir -p "$stage/usr/share/lintian/overrides"
install -m 644 package/debian/lintian-overrides "$stage/usr/share/lintian/overrides/debezium-udf"

mkdir "$stage/DEBIAN"
size=$(du -k -s --apparent-size "$stage" | cut -f 1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$debian/" -e "s/@SIZE@/$size/" package/debian/control.in >"$stage/DEBIAN/control"
(cd "$stage" && find . -path ./DEBIAN -prune -o -type f -print | sed 's:^\./::' | sort | xargs md5sum) \
    >"$stage/DEBIAN/md5sums"
for script in postinst prerm postrm; do
    sed "s:@EDITABLE@:${editable# }:" package/debian/$script >"$stage/DEBIAN/$script"
    chmod 755 "$stage/DEBIAN/$script"
done
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$stage" "$folder/debezium-udf_${version}_$debian.deb" >/dev/null
