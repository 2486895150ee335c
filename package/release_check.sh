#!/bin/sh
# Whether everything that names the version names this one: package/release_check.sh VERSION
set -eu
cd "$(dirname "$0")/.."
version=$1
fail() { echo "release-check: $*" >&2; exit 1; }

echo "$version" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+' || fail "$version is no semantic version"
[ "$(sed -n 's/^## \([^ ]*\) - .*/\1/p' CHANGELOG.md | head -n 1)" = "$version" ] ||
    fail "the newest entry of CHANGELOG.md is not for $version"
[ "$(cat VERSION)" = "$version" ] || fail "VERSION does not say $version"
# Left out where there is no repository: an archive of the sources.
changed=$(git status --porcelain --untracked-files=no 2>/dev/null || :)
[ -z "$changed" ] || fail 'there are changes that are not committed'
