#!/bin/bash
# A second agent claims a range that has an owner. While the owner answers, the rival gets no frame; once the owner has
# fallen silent the range moves; a permanent one never does. The rival's status says so, and it releases nothing.
# Reliability rows (as far as they apply): S13.
# takes: 30 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
LAB_CONF="[limits]
hello-window = 1"
lab_test
sleep 1 # until no claim of another is as good as that of an owner: the table was empty at the start
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
rival_is() { on neighbour "$PEARPD_BUILD/pearp-agent" status | grep -q "^$SHARED:.* $1 "; }

at_once talk_on remote quiet $SHARED 2080 500 6 host1 >"$LAB_DIR/quiet" 2>&1
rival 2000-2999
check "the conflict is told" wait_for 20 grep -q "conflict.*$SHARED:2000-2999.*$rival_mac" "$LAB_DIR/events"
check "the live owner keeps its range" same "$(host_mac 1)" "$(owner 2000-2999)"
all_done
check "the live owner lost no frame" same 0 $?
diag "$(cat "$LAB_DIR/quiet")"
check "the rival's status says that it is displaced" wait_for 30 rival_is displaced
check "and its log by whom" wait_for 20 grep -q "$SHARED:2000-2999 is displaced: $(host_mac 1)" "$LAB_DIR/rival.log"
forged=$(stat_of drops/pe_arp_forged)
rival_ends
check "the end of the rival changes nothing" same "$(host_mac 1)" "$(owner 2000-2999)"

ctl add $SHARED:9000-9099 00:0c:29:00:00:77
rival 9000-9099
check "a claim on a permanent range is told" wait_for 20 grep -q "conflict.*$SHARED:9000-9099" "$LAB_DIR/events"
sleep 4
check "a permanent range does not move" same 00:0c:29:00:00:77 "$(owner 9000-9099)"
rival_ends
check "neither rival released what it never had" same "$forged" "$(stat_of drops/pe_arp_forged)"

kill -STOP "${AGENT_PID[1]}"
rival 2000-2999
check "a silent owner's range moves to the rival, within its three tries" \
    wait_for 20 owned_by 2000-2999 "$rival_mac"
check "the rival's status says held" wait_for 10 rival_is held
check "that is told" wait_for 20 grep -q "moved $SHARED:2000-2999" "$LAB_DIR/events"
rival_ends
check "the rival's own release frees it" wait_for 20 owned_by 2000-2999 ""
kill -CONT "${AGENT_PID[1]}"
check "the first owner, awake again, answers for it" wait_for 20 talk_on remote ask tcp $SHARED 2080 -t 1
check "and owns it" same "$(host_mac 1)" "$(owner 2000-2999)"
check "every frame is accounted for" equation
echo "# S13: live: 0 frames to the rival while the owner answers; a silent owner's range moves; a permanent one does not"
done_testing
