#!/bin/bash
# The three demonstrations, as make runs them: what they show is true.
# takes: 25 s
. "$(dirname "$0")/../lib/lab.sh"
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
cd "$LAB_ROOT" || exit 1

demo() { make --no-print-directory -s B="$PEARPD_BUILD" CHECK=1 "$1"; }
for name in demo demo-edge demo-dhcp; do
    check "make $name" demo $name
done
done_testing
[ "$TAP_FAILED" -eq 0 ]
