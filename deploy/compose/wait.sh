#!/bin/sh
# Read by the one-shot services. `service` is their name, `WAIT_SECONDS` how long they wait for another.
: "${service:?}"

die() {
    echo "$service: $*" >&2
    exit 1
}

# wait_for WHAT ADVICE COMMAND...: until COMMAND succeeds; what it last said is in $answer.
wait_for() {
    what=$1 advice=$2 left=${WAIT_SECONDS:-300}
    shift 2
    until answer=$("$@" 2>&1); do
        [ "$left" -gt 0 ] || die "$what does not answer after ${WAIT_SECONDS:-300} seconds. $advice. The last answer: $answer"
        left=$((left - 1))
        sleep 1
    done
}
