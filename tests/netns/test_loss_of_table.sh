#!/bin/bash
# The bridge starts without its table, and a host claims the range of another at once while that one's agent waits out the
# HELLO window. It does not get it: both answer, so neither has it, and both are named. The other ranges are bound. When the
# rival falls silent the range is its owner's again; so it is when the operator decides, and the rival stays.
# Reliability rows: H8.
# takes: 25 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
LAB_CONF="[limits]
hello-window = 60"
lab_test
serve_all && watch_owners || bail "no servers"
rival_mac=$(on neighbour cat /sys/class/net/eth0/address)

# The bridge loses its table while the rival claims.
lose_table()
{
    kill -KILL "$PEARPD_PID"
    wait "$PEARPD_PID" 2>/dev/null
    lab_start_pearpd "$1.log" || bail "does not start again"
    monitor
    start neighbour rival.log "$PEARPD_BUILD/pearp-agent" -i eth0 -a $SHARED -p 2000-2999 -g $ROUTER -v
    RIVAL=$LAB_PID
}
rivals_are() { [ "$(ctl table | grep -c "^$SHARED:2000-2999 .*incomplete")" = "$1" ]; }
named() { grep "conflict.*$SHARED:2000-2999" "$LAB_DIR/events" | grep "$rival_mac" | grep -q "$(host_mac 1)"; }

lose_table second
check "rivals for the range: nobody has it" wait_for 60 rivals_are 1
check "the event names both" wait_for 20 named
check "the other host is reached, though its agent waits" wait_for 20 talk_on remote ask tcp $SHARED 3080 -t 1
check "and is bound" owned_by 3000-3999 "$(host_mac 2)"
asked=$(stat_of counters/requests)
check "both are asked again" wait_for 30 has_grown counters/requests "$asked" 4
check "while both answer, nobody has it" rivals_are 1
check "frames for it are dropped" not talk_on remote ask tcp $SHARED 2080 -t 1
check "which is counted" test "$(stat_of drops/unresolved)" -gt 0
kill -STOP "$RIVAL"
check "the rival is silent: the range is its owner's again" wait_for 60 owned_by 2000-2999 "$(host_mac 1)"
check "and it is reached" wait_for 20 talk_on remote ask tcp $SHARED 2080 -t 1
kill -KILL "$RIVAL"

lose_table third
check "rivals again" wait_for 60 rivals_are 1
check "the operator decides" ctl add $SHARED:2000-2999 "$(host_mac 1)"
check "the owner has it for good" owned_by 2000-2999 "$(host_mac 1)"
check "and is reached while the rival stays" wait_for 20 talk_on remote ask tcp $SHARED 2080 -t 1
check "every frame is accounted for" equation
echo "# H8: live: a host that claims a range at once after a loss of the table does not have it; its owner has, once it is silent"
done_testing
