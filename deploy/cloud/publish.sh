#!/bin/sh
# Publishes a function that bundle.py built, and attaches it to a service, by ClickHouse Cloud's API (beta; docs/cloud.md).
#
#   deploy/cloud/publish.sh FUNCTION SERVICE_ID [DIR]       DIR has FUNCTION.zip and its two bodies: build/cloud
#
# A function that the organization has gets a new version. The first function of a service restarts it. Needs curl and jq, and in the
# environment CLICKHOUSE_ORG_ID, CLICKHOUSE_CLOUD_API_KEY and CLICKHOUSE_CLOUD_API_SECRET; CLICKHOUSE_API_URL where it is not the usual one.
set -eu

die() { echo "publish: $*" >&2; exit 1; }
say() { echo "publish: $*" >&2; }

[ $# -eq 2 ] || [ $# -eq 3 ] || { echo 'usage: publish.sh FUNCTION SERVICE_ID [DIR]' >&2; exit 2; }
name=$1 service=$2 dir=${3:-build/cloud}
api=${CLICKHOUSE_API_URL:-https://api.clickhouse.cloud/v1}
: "${CLICKHOUSE_ORG_ID:?publish: set CLICKHOUSE_ORG_ID to the organization}"
: "${CLICKHOUSE_CLOUD_API_KEY:?publish: set CLICKHOUSE_CLOUD_API_KEY to the id of an API key}"
: "${CLICKHOUSE_CLOUD_API_SECRET:?publish: set CLICKHOUSE_CLOUD_API_SECRET to its secret}"
pause=${PAUSE:-5} # seconds between two looks at a build
for tool in curl jq; do command -v $tool >/dev/null || die "$tool is not here: install it"; done
for file in "$name.zip" "$name.create.json" "$name.version.json"; do
    [ -f "$dir/$file" ] || die "$dir/$file: there is no such file; make cloud builds it"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# request METHOD PATH [BODY]: the answer's status in $status, its body in $work/answer. The key is in no argument, where others see it.
request() {
    set -- "$1" "organizations/$CLICKHOUSE_ORG_ID/$2" ${3+"$3"}
    status=$(printf '%s:%s\n' "$CLICKHOUSE_CLOUD_API_KEY" "$CLICKHOUSE_CLOUD_API_SECRET" | sed 's/["\\]/\\&/g; s/.*/user = "&"/' |
        curl -sS --config - --request "$1" ${3+--header 'Content-Type: application/json' --data-binary "@$3"} \
            --output "$work/answer" --write-out '%{http_code}' "$api/$2") || die "$1 $2: the API cannot be reached"
}

# must METHOD PATH [BODY]: a request that is answered 2xx.
must() {
    request "$@"
    case $status in
    2*) ;;
    *) die "$1 $2: $status $(jq -r '.error // empty' "$work/answer" 2>/dev/null || head -c 200 "$work/answer")" ;;
    esac
}

answer() { jq -r ".result.$1 // empty" "$work/answer"; }

must POST udfUploads/url
upload=$(answer uploadId)
url=$(answer uploadUrl)
if [ -z "$upload" ] || [ -z "$url" ]; then die 'the API named no place for the upload'; fi
say "uploading $dir/$name.zip"
curl -sS --fail --output /dev/null --header 'Content-Type: application/zip' --upload-file "$dir/$name.zip" "$url" ||
    die 'the upload failed'

request GET "udfs/$name"
case $status in
200) kind=version path=udfs/$name/versions ;;
404) kind=create path=udfs ;;
*) die "GET udfs/$name: $status $(jq -r '.error // empty' "$work/answer" 2>/dev/null)" ;;
esac
jq --arg upload "$upload" '.uploadId = $upload' "$dir/$name.$kind.json" >"$work/body"
must POST "$path" "$work/body"
version=$(answer version)
say "$name is version $version: building"

tries=0
while [ "$(answer status)" = building ]; do
    tries=$((tries + 1))
    [ $tries -le 360 ] || die "version $version of $name is still being built; the console shows how it ends"
    sleep "$pause"
    must GET "udfs/$name"
done
[ "$(answer status)" = ready ] || die "version $version of $name cannot be built: $(answer error)"

echo "{\"version\": $version}" >"$work/body"
must PUT "udfs/$name/attachments/$service" "$work/body"
say "attaching version $version to $service"
tries=0
while [ "$(answer status)" = provisioning ]; do
    tries=$((tries + 1))
    [ $tries -le 360 ] || die "version $version is still being attached; the console shows how it ends"
    sleep "$pause"
    must GET "udfs/$name/attachments/$service"
done
case $(answer status) in
deployed) say "version $version of $name is deployed. A pool's processes answer by the version before until SYSTEM RELOAD FUNCTION $name" ;;
standby) say "version $version of $name is attached; the service is idle, and has it when it wakes" ;;
*) die "version $version of $name is attached as: $(answer status)" ;;
esac
