#!/bin/bash
# A second agent claims a range that has an owner. While the owner answers, the rival gets no frame; once the owner has
# fallen silent the range moves; a permanent one never does.
# Reliability rows (as far as they apply): S13.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all && watch_owners || bail "no servers"
monitor
rival_mac=$(on neighbour cat /sys/class/net/eth0/address)

# rival RANGE: the neighbour's host runs an agent for it, for as long as RIVAL lives.
rival()
{
    start neighbour rival.log "$PEARPD_BUILD/pearp-agent" -i eth0 -a $SHARED -p "$1" -g $ROUTER -v
    RIVAL=$LAB_PID
}
rival_ends()
{
    kill "$RIVAL"
    wait "$RIVAL"
}

at_once talk_on remote quiet $SHARED 2080 500 6 host1 >"$LAB_DIR/quiet" 2>&1
rival 2000-2999
check "the conflict is told" wait_for 20 grep -q "conflict.*$SHARED:2000-2999.*$rival_mac" "$LAB_DIR/events"
check "the live owner keeps its range" same "$(host_mac 1)" "$(owner 2000-2999)"
all_done
check "the live owner lost no frame" same 0 $?
diag "$(cat "$LAB_DIR/quiet")"
rival_ends
check "the rival's release changes nothing" same "$(host_mac 1)" "$(owner 2000-2999)"

ctl add $SHARED:9000-9099 00:0c:29:00:00:77
rival 9000-9099
check "a claim on a permanent range is told" wait_for 20 grep -q "conflict.*$SHARED:9000-9099" "$LAB_DIR/events"
sleep 4
check "a permanent range does not move" same 00:0c:29:00:00:77 "$(owner 9000-9099)"
rival_ends

kill -STOP "${AGENT_PID[1]}"
rival 2000-2999
check "a silent owner's range moves to the rival, within its three tries" \
    wait_for 20 owned_by 2000-2999 "$rival_mac"
check "that is told" grep -q "moved $SHARED:2000-2999" "$LAB_DIR/events"
rival_ends
check "the rival's own release frees it" wait_for 20 owned_by 2000-2999 ""
kill -CONT "${AGENT_PID[1]}"
check "the first owner, awake again, answers for it" wait_for 20 talk_on remote ask tcp $SHARED 2080 -t 1
check "and owns it" same "$(host_mac 1)" "$(owner 2000-2999)"
check "every frame is accounted for" equation
echo "# S13: live: 0 frames to the rival while the owner answers; a silent owner's range moves; a permanent one does not"
done_testing
