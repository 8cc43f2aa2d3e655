#!/bin/bash
# Somebody upstream uses the shared address: its ARP goes no further, is counted and told, and the bridge defends the
# address. A host that probes the shared address before it takes it gets no answer, or it would give it up.
# Reliability rows (as far as they apply): S12.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
monitor
intruder=00:0c:29:00:00:99 zero=00:00:00:00:00:00 all=ff:ff:ff:ff:ff:ff

# heard PLACE: what arrives there from now on goes to $LAB_DIR/heard-PLACE
heard()
{
    rm -f "$LAB_DIR/listening"
    start "$1" "heard-$1" /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" listen eth0 60 "$LAB_DIR/listening"
    wait_for 20 test -e "$LAB_DIR/listening"
}

sleep 4 # the announcement of the start is repeated after 2 s
heard host1
heard router
before=$(stat_of drops/arp_conflict)
talk_on router arp eth0 request $intruder $SHARED $zero $SHARED
talk_on router arp eth0 reply $intruder $SHARED $all $SHARED
talk_on router arp eth0 reply $intruder $SHARED "$(host_mac 1)" $SHARED -d "$(host_mac 1)"
check "each is counted as a conflict" grew drops/arp_conflict "$before" 3
check "none reached a host" not grep -q "${intruder//:/}" "$LAB_DIR/heard-host1"
check "events tell of it" wait_for 20 grep -q "conflict.*$intruder" "$LAB_DIR/events"
defence=^ffffffffffff02504500000108060001080006040001025045000001c023a202000000000000c023a202
wait_for 20 grep -q $defence "$LAB_DIR/heard-router"
check "the bridge defended the address, once" same 1 "$(grep -c $defence "$LAB_DIR/heard-router")"

before=$(stat_of drops/arp_probe)
talk_on neighbour arp eth0 request "$(on neighbour cat /sys/class/net/eth0/address)" 0.0.0.0 $zero $SHARED -c 3
check "probes are dropped" grew drops/arp_probe "$before" 3
check "every frame is accounted for" equation
echo "# S12: $(stat_of drops/arp_conflict) claims from upstream and $(stat_of drops/arp_probe) probes from hosts: none went further"
done_testing
