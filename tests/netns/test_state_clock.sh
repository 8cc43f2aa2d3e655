#!/bin/bash
# The state file and time: the wall clock jumps by ten years, an hour passes while the bridge is down, the machine boots
# anew: what was learned is back as stale, nothing is gone, ages are no nonsense, and few questions are asked.
# Reliability rows: F13.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/state.sh"
LAB_HOSTS=3 LAB_MODE=agent
state_test
# Under AddressSanitizer its own runtime would have to come first.
${CC:-gcc} -shared -fPIC -O1 -o "$LAB_DIR/shim.so" "$LAB_ROOT/tests/netns/clock_shim.c" || bail "the shim does not build"
head -c 16 /dev/zero >"$LAB_DIR/shifts"
# shift REALTIME BOOTTIME: seconds, from now on
shift_clocks() { /usr/bin/python3 -c 'import struct, sys
open(sys.argv[1], "r+b").write(struct.pack("=qq", int(sys.argv[2]), int(sys.argv[3])))' "$LAB_DIR/shifts" "$1" "$2"; }
# in_age LEAST MOST: every learned binding
in_age() { /usr/bin/python3 -c 'import sys
ages = [int(age) for age in sys.argv[3:]]
print("ages", ages)
sys.exit(len(ages) != 3 or not all(int(sys.argv[1]) <= age <= int(sys.argv[2]) for age in ages))' "$1" "$2" $(rows age_s pe-arp); }
saved_since() { [ "$(state_of saved_records)" -ge 5 ] && [ "$STATE_FILE" -nt "$LAB_DIR/mark" ]; }
ten_years=$((10 * 365 * 86400)) uptime=$(cut -d. -f1 /proc/uptime)
stop_pearpd KILL

# turn TEXT REALTIME BOOTTIME BOOT LEAST MOST: stops it, shifts the clocks, starts it, looks
turn()
{
    local text=$1
    touch "$LAB_DIR/mark"
    # Agents would hear at once that it is back: nobody answers until the table was looked at.
    for pid in "${AGENT_PID[@]}"; do kill -STOP "$pid"; done
    stop_pearpd
    shift_clocks "$2" "$3"
    start_pearpd turn.log env "PEARPD_BOOT_ID=$4" "CLOCK_SHIM=$LAB_DIR/shifts" "LD_PRELOAD=$LAB_DIR/shim.so" ||
        bail "$text: does not start"
    check "$text: all stale, none gone" same "not asked yet, or being asked: 3" "not asked yet, or being asked: $(rows state pe-arp | grep -Eow 'stale|probe' | wc -l)"
    check "$text: ages from $5 to $6 s" in_age "$5" "$6"
    for pid in "${AGENT_PID[@]}"; do kill -CONT "$pid"; done
    check "$text: confirmed" wait_for 20 eval '[ "$(rows state pe-arp)" = "reachable reachable reachable" ]'
    check "$text: few questions" test "$(stat_of counters/requests)" -le 9
    check "$text: saved" wait_for 20 saved_since
}

start_pearpd first.log env PEARPD_BOOT_ID=1 "CLOCK_SHIM=$LAB_DIR/shifts" "LD_PRELOAD=$LAB_DIR/shim.so" || bail "no start"
check "the table is saved" wait_for 20 is_saved 5
turn "the wall clock ten years ahead" $ten_years 0 1 0 120
turn "and ten years back" -$ten_years 0 1 0 120
turn "an hour later" 0 3600 1 3600 3720
turn "another boot" 0 $((30 - uptime)) 2 3600 3720
turn "another boot, the wall clock ten years back" -$ten_years $((60 - uptime)) 3 3600 3720
turn "another boot, the wall clock ten years ahead" $ten_years $((90 - uptime)) 4 $((30 * 86400)) $((31 * 86400))
echo "# F13: six starts with clocks that jumped: all stale, none gone, confirmed by at most 9 requests each"
check "every frame is accounted for" equation
done_testing
