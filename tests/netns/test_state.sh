#!/bin/bash
# What the bridge knows survives it: after a stop and after kill -9 the table is as it was, with its counters, and its
# owners are asked whether they are still there.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent
STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-state.XXXXXX") || exit 1
LAB_CONF="[range $SHARED:60000-60999]
mac = 00:0c:29:00:00:aa
name = fixed
[state]
file = $STATE_DIR/lab.state
counters = 1"
lab_test
trap 'status=$?; rm -rf "$STATE_DIR"; lab_guard_exit $status' EXIT

# table_of: what must survive; ages and what is left of lifetimes go on, states are confirmed
table_of() { ctl table --json | /usr/bin/python3 -c 'import json, sys
for row in json.load(sys.stdin):
    print(*(row[key] for key in ("address", "first_port", "last_port", "mac", "origin", "name", "rx_frames", "rx_bytes",
                                 "tx_frames", "tx_bytes")))'; }
is_saved() { [ "$(stat_of state/saved_records)" -eq "$1" ]; }
counters_are_saved() { grep -q ' rx_frames=1 ' "$STATE_DIR/lab.state"; }

serve_all || bail "no servers"
check "the table is saved" wait_for 5 is_saved 5
check "a host is reached" talk_on remote ask udp $SHARED 2080 -t 2
ctl add $SHARED:50000-50099 00:0c:29:00:00:bb >/dev/null
# 1 epoch, 5 bindings, and of the host that was reached its account and its month
check "what an operator adds is saved" wait_for 5 is_saved 8
check "counters are saved" wait_for 5 counters_are_saved
check "the file is its owner's alone" same 600 "$(stat -c %a "$STATE_DIR/lab.state")"

before=$(table_of)
kill -9 "$PEARPD_PID"
wait "$PEARPD_PID" 2>/dev/null
lab_start_pearpd second.log || bail "does not start again"
check "after kill -9 the table is as it was" same "$before" "$(table_of)"
check "and says so" grep -q "8 of 8 records restored" "$LAB_DIR/second.log"
check "every host is reached at once" talk_on remote ask udp $SHARED 3080 -t 2
check "the agents confirmed what they hold" wait_for 5 same 3 "$(ctl table --json | grep -o '"reachable"' | wc -l)"

before=$(table_of)
kill "$PEARPD_PID"
wait "$PEARPD_PID"
check "it stops with status 0" same 0 $?
lab_start_pearpd third.log || bail "does not start again"
check "after a stop the table is as it was" same "$before" "$(table_of)"
check "nothing but the file is left" same lab.state "$(ls "$STATE_DIR")"
check "every frame is accounted for" equation
done_testing
