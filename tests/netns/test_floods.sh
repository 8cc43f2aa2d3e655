#!/bin/bash
# A machine on the hosts' switch, and one behind the router, do their worst at tens of thousands of frames a second,
# while numbered traffic goes to and from both owners. None of that is lost, what the flood costs is bounded, and every
# frame is accounted for. Counts, never times: those are `make reliability`.
# Reliability rows (as far as they apply): L8, S11, S17, S23, S25, H6.
# alone: floods take both processors
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/floods.sh"
LAB_HOSTS=3 LAB_MODE=agent LAB_LEARN=pe-arp
lab_test
serve_all && watch_owners || bail "no servers"
kill "${AGENT_PID[3]}" && wait "${AGENT_PID[3]}" # it comes back during the sweep
bridge=02:50:45:00:00:01 router_mac=00:12:7f:c4:38:d3
attacker=$(on neighbour cat /sys/class/net/eth0/address)
on router timeout 60 tcpdump -nn -i eth0 -w "$LAB_DIR/up.pcap" -U arp and ether src "$attacker" 2>"$LAB_DIR/tcpdump" &
wait_for 20 grep -q listening "$LAB_DIR/tcpdump"

sweep_and_start()
{
    flood router sweep 50000 $router_mac $bridge $REMOTE 8000 65535 &
    local sweep=$!
    sleep 1
    lab_start_agent 3
    wait_for 20 lab_bound 3 && : >"$LAB_DIR/bound"
    wait $sweep
}
quiet_during "sweep of all ports" sweep_and_start
check "a host that starts meanwhile is bound" test -e "$LAB_DIR/bound"
check "questions kept to 5 a second, 10 at once" test "$(stat_of counters/requests)" -le $((10 + 5 * (RAN_S + 2) + 20))
echo "# L8: live: $SENT frames to 57,536 ports: $(stat_of counters/requests) questions in all; the newcomer bound; quiet traffic whole; Pss $(pss_kib) KiB"

before=$(stat_of drops/arp_limit)
quiet_during "ARP flood" flood neighbour arp 10000 "$attacker" ff:ff:ff:ff:ff:ff $NEIGHBOUR
sleep 1.5
up=$(tcpdump -nn -r "$LAB_DIR/up.pcap" 2>/dev/null | wc -l)
check "ARP flood: no more than 15 a second went up" test "$up" -le $((15 + 15 * (RAN_S + 1)))
check "ARP flood: the rest was counted" test $(($(stat_of drops/arp_limit) - before)) -ge $((SENT - up - $(stat_of drops/ring_full)))
check "ARP flood: a second later the machine is not shut out" on neighbour ping -q -c 1 -W 10 $ROUTER
echo "# S11: live: of $SENT ARP $up went up; quiet traffic whole; Pss $(pss_kib) KiB"

before=$(stat_of counters/requests)
quiet_during "CLAIM flood" flood neighbour claim 50000 "$attacker" ff:ff:ff:ff:ff:ff $NEIGHBOUR 20000 60000
asked=$(($(stat_of counters/requests) - before))
check "CLAIM flood: challenges kept to 10 a second for the machine" test "$asked" -le $((20 + 10 * (RAN_S + 3)))
check "CLAIM flood: the owners stand" lab_bound 1
echo "# S17: live: $SENT CLAIMs: $asked challenges; quiet traffic whole; Pss $(pss_kib) KiB"

# To the third host: its kernel keeps what is never completed, too, and then reassembles nothing.
QUIET_SIZE=4096
quiet_during "10 Mbit/s of first fragments of random remotes, quiet traffic in datagrams of 4 KB" flood router firsts 20833 $router_mac $bridge $REMOTE 4080
QUIET_SIZE=
echo "# H6: live: $SENT first fragments of random remotes; quiet traffic of 4 KB whole"

before=$(stat_of drops/fragment_orphan)
quiet_during "fragments that are never completed, from upstream" flood router fragment 50000 $router_mac $bridge $REMOTE 2080 2080
up=$SENT
quiet_during "of 1,514 bytes" flood router large 30000 $router_mac $bridge $REMOTE 2080 2080
pss=$(pss_kib)
quiet_during "and from a host" flood neighbour fragment 50000 "$attacker" $bridge $NEIGHBOUR 2080 2080
sleep 5.2
check "fragments: none waits any more" same 0 "$(stat_of frames/held)"
echo "# S25: live: $up and $SENT hostile fragments: $(($(stat_of drops/fragment_orphan) - before)) orphans; quiet traffic whole; Pss $pss KiB with all room for waiting taken"

before=$(stat_of frames/upstream/out)
quiet_during "broadcast storm" flood neighbour storm 20000 "$attacker" ff:ff:ff:ff:ff:ff $NEIGHBOUR
out=$(($(stat_of frames/upstream/out) - before))
check "storm: one out for one in" test "$out" -le $((SENT + 10000))
echo "# S23: live: $SENT broadcasts, $out frames upstream in all; quiet traffic whole; Pss $(pss_kib) KiB"
check "no frame came to a wrong host" same "0 0 0" "$(arrived 1 wrong) $(arrived 2 wrong) $(arrived 3 wrong)"
done_testing
