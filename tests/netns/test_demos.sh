#!/bin/bash
# The demonstrations: what they show is true.
# takes: 40 s
. "$(dirname "$0")/../lib/lab.sh"
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
for name in demo demo-edge demo-dhcp demo-node; do
    check "make $name" "$LAB_ROOT/scripts/$name"
done
done_testing
[ "$TAP_FAILED" -eq 0 ]
