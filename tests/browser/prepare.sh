#!/bin/sh
# Installs Chromium, on Debian or Ubuntu, where no browser of its kind is there; says so.
set -eu

for name in chromium chromium-browser google-chrome; do
    ! command -v "$name" >/dev/null || exit 0
done
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "prepare: apt-get install chromium" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -qq update
$sudo apt-get -qq install -y --no-install-recommends chromium >/dev/null
