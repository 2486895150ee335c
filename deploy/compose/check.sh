#!/bin/sh
# Before a server starts: is what it needs there? What is missing is said in one line, and the server is not started.
#
#   sh check.sh postgres     is the volume of this major version?
#   sh check.sh kafka        has the container the memory for the heap that is asked for, and may its user write to the volume?
set -eu

die() {
    echo "$service: $*" >&2
    exit 1
}

check_postgres() {
    file=${PGDATA:-/var/lib/postgresql/data}/PG_VERSION
    [ -f "$file" ] || return 0
    volume=$(cat "$file")
    server=$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    [ "$volume" = "$server" ] || die "the volume holds data of PostgreSQL $volume, and this image is PostgreSQL $server. Nothing was" \
        "changed. Set POSTGRES_IMAGE to one of version $volume, or move the data with pg_dumpall and a new volume"
}

# What the container may take, in MiB: its limit, or what the machine has left where that is less.
memory() {
    {
        awk '/^(MemAvailable|SwapFree)/ { sum += $2 } END { print int(sum / 1024) }' /proc/meminfo
        for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
            [ ! -r "$file" ] || awk '/^[0-9]+$/ { print int($1 / 1048576) }' "$file"
        done
    } | sort -n | head -n 1
}

check_kafka() {
    heap=$(echo "${KAFKA_HEAP_OPTS-}" | sed -n 's/.*-Xmx\([0-9]*[kKmMgG]\).*/\1/p')
    case $heap in
    *[gG]) heap=$((${heap%?} * 1024)) ;;
    *[mM]) heap=${heap%?} ;;
    *[kK]) heap=$((${heap%?} / 1024)) ;;
    *) return 0 ;;
    esac
    # Classes, threads and buffers outside of the heap.
    needed=$((heap + heap / 4 + 128)) have=$(memory)
    [ "$needed" -le "$have" ] || die "a heap of $heap MiB needs $needed MiB of memory, and there are $have. Set KAFKA_MEMORY to ${needed}m" \
        "or more, or KAFKA_HEAP to less; both are in .env"
    folder=${KAFKA_LOG_DIRS:-/var/lib/kafka/data}
    [ -w "$folder" ] || die "user $(id -u) cannot write to $folder. Give the volume to that user (chown), or use a new volume"
}

service=$1
case $service in
postgres) check_postgres ;;
kafka) check_kafka ;;
*) die "this script knows postgres and kafka" ;;
esac
echo "$service: everything is in place"
