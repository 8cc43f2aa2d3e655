#!/bin/bash
# A signal to scripts/vm, while the machine starts: it ends at once, and leaves no process, namespace, tap, file or mount behind.
# Runs on the machine that has the image, not inside.
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 1
[ "$(id -u)" -eq 0 ] && [ -e "$(echo "${PEARPD_VM:-build/vm}"/*/disk)" ] || { echo "1..0 # SKIP needs root, and the image"; exit 0; }
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'kill "$vm"; exit 143' INT TERM HUP

machine() { pgrep -f "^qemu-system-x86_64 .*file:$TMPDIR/"; }
gone() { ! kill -0 "$vm" 2>/dev/null; }
for signal in TERM HUP; do
    scripts/vm run 'sleep 1000' >"$TMPDIR/log" 2>&1 &
    vm=$!
    check "the machine starts" wait_for 60 machine
    kill -$signal "$vm"
    check "SIG$signal: it ends" wait_for 20 gone
    wait "$vm"
    status=$?
    check "and says by its exit status what ended it" same $((128 + $(kill -l $signal))) $status
    check "the machine is gone" not machine
    check "its namespace, and with it the taps" not ip netns exec "pearp-vm-$vm" true
    check "its files" same log "$(ls "$TMPDIR")"
    check "no mount" not grep -q "$TMPDIR" /proc/mounts
done
done_testing
