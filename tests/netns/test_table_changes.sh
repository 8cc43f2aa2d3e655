#!/bin/bash
# The table changes while frames pass, with the fast path and without: none is lost of owners that stay, none doubled, none at a
# wrong host; what had no owner for a moment is counted as that. The rates are what a busy machine has: make reliability has
# the real ones.
# Reliability rows (as far as they apply): L7.
# takes: 10 s
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 1
export PEARPD_BUILD=${PEARPD_BUILD:-$PWD/build}
[ "$(id -u)" -eq 0 ] || bail "needs root"

# changes TEXT CONTESTANT
changes()
{
    local said status
    said=$(scripts/table-changes --contestant "$2" --rate 5000 --changes 1000 --least 100 --seconds 1 2>&1)
    status=$?
    if [[ $said == '1..0 # SKIP '* ]]; then
        skip "$1" "${said#*SKIP }"
    else
        check "$1" eval 'echo "$said"; [ $status = 0 ]'
    fi
}
changes "with the fast path" pearpd-fast
changes "without it" pearpd
done_testing
