#!/bin/bash
# The wall clock jumps ten years ahead and back: nobody notices. The machine wakes from an hour's sleep (CLOCK_BOOTTIME):
# what agents announced is stale and still forwards, nothing is gone, and the next frames make it reachable again.
# Reliability rows (as far as they apply): F13.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent
lab_test
serve_all || bail "no servers"
# Under AddressSanitizer its own runtime would have to come first.
${CC:-gcc} -shared -fPIC -O1 -o "$LAB_DIR/shim.so" "$LAB_ROOT/tests/netns/clock_shim.c" || bail "the shim does not build"

# shift REALTIME BOOTTIME: seconds, from now on
shift_clocks() { /usr/bin/python3 -c 'import struct, sys
open(sys.argv[1], "r+b").write(struct.pack("=qq", int(sys.argv[2]), int(sys.argv[3])))' "$LAB_DIR/shifts" "$1" "$2"; }
states() { ctl table --json | /usr/bin/python3 -c 'import json, sys
print(*sorted(row["state"] for row in json.load(sys.stdin) if row["origin"] == "pe-arp"))'; }
all_reachable() { [ "$(states)" = "reachable reachable reachable" ]; }
three_left() { [ "$(states | wc -w)" -eq 3 ]; }
ages() { ctl table --json | /usr/bin/python3 -c 'import json, sys
ages = [row["age_s"] for row in json.load(sys.stdin) if row["origin"] == "pe-arp"]
print("ages", ages)
sys.exit(len(ages) != 3 or not all(int(sys.argv[1]) <= age < int(sys.argv[1]) + 60 for age in ages))' "$1"; }

kill "$PEARPD_PID"
wait "$PEARPD_PID"
head -c 16 /dev/zero >"$LAB_DIR/shifts"
export CLOCK_SHIM=$LAB_DIR/shifts LD_PRELOAD=$LAB_DIR/shim.so
lab_start_pearpd second.log || bail "does not start with the shim"
unset CLOCK_SHIM LD_PRELOAD
check "all three are bound after the restart" wait_for 20 all_reachable

before=$(ctl table)
at_once talk_on remote quiet $SHARED 2080 500 3 host1 >"$LAB_DIR/quiet" 2>&1
ten_years=$((10 * 365 * 86400))
for jump in $ten_years -$ten_years 0; do
    sleep 0.5
    shift_clocks "$jump" 0
done
all_done
check "the wall clock jumped: no datagram was lost" same 0 $?
check "the table is as before" same "$before" "$(ctl table)"
check "no age jumped" ages 0

before=$(stat_of frames/made)
shift_clocks 0 3600
check "an hour later nothing is gone" three_left
check "and everything is an hour older" ages 3600
for n in $(hosts); do
    check "host$n is reached at once" talk_on remote ask udp $SHARED $(($(host_first "$n") + 80))
done
# What the kernel forwarded before pearpd looked at its clock is an hour too old.
reachable_by_traffic()
{
    local n
    for n in $(hosts); do talk_on remote ask udp $SHARED $(($(host_first "$n") + 80)) >/dev/null; done
    all_reachable
}
check "all three are reachable again" wait_for 20 reachable_by_traffic
check "few questions were asked" test $(($(stat_of frames/made) - before)) -le 30
check "every frame is accounted for" equation
done_testing
