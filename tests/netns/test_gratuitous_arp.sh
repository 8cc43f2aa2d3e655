#!/bin/bash
# A machine on the hosts' switch announces the shared address by every kind of ARP that it can think of. The router's cache has one entry for
# the address before, during and after: the bridge's MAC. Each attempt is counted.
# Reliability rows (as far as they apply): S9.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent
lab_test
bridge=02:50:45:00:00:01 router=00:12:7f:c4:38:d3 zero=00:00:00:00:00:00 all=ff:ff:ff:ff:ff:ff

attacker=$(on neighbour cat /sys/class/net/eth0/address)
serve_all || bail "no servers"
talk_on remote ask udp $SHARED 2080 >/dev/null
check "before: the router has the bridge's MAC" same $bridge "$(router_cache)"
monitor
on router timeout 30 tcpdump -i eth0 -w "$LAB_DIR/router.pcap" -U arp and ether src $attacker 2>"$LAB_DIR/tcpdump" &
wait_for 5 grep -q listening "$LAB_DIR/tcpdump"
at_once talk_on remote quiet $SHARED 2080 200 3 host1 >"$LAB_DIR/quiet" 2>&1

# attempt TEXT ARGUMENT...: sends that ARP 5 times; it must be counted as captured, all 5.
attempt()
{
    local text=$1 before after
    shift
    before=$(stat_of drops/arp_capture)
    talk_on neighbour arp eth0 "$@" -c 5
    sleep 0.05
    after=$(stat_of drops/arp_capture)
    check "$text: captured, each" same 5 $((after - before))
}

attempt "gratuitous request" request $attacker $SHARED $zero $SHARED
attempt "gratuitous reply" reply $attacker $SHARED $all $SHARED
attempt "reply to the router, unicast" reply $attacker $SHARED $router $ROUTER -d $router
attempt "reply to the bridge's MAC" reply $attacker $SHARED $bridge $ROUTER -d $bridge
attempt "reply in the name of another host's MAC" reply "$(host_mac 1)" $SHARED $all $SHARED -e $attacker
attempt "hardware type 6" reply $attacker $SHARED $all $SHARED -r 6
attempt "hardware type 0" request $attacker $SHARED $zero $SHARED -r 0
attempt "tagged with VID 0" reply $attacker $SHARED $all $SHARED -v 0
check "during: the router has the bridge's MAC" same $bridge "$(router_cache)"
all_done
check "traffic of the others did not notice" same 0 $?
check "not one such frame reached the router" \
    same 0 "$(tcpdump -nn -r "$LAB_DIR/router.pcap" 2>/dev/null | wc -l)"
check "events tell who it was" grep -q "capture.*$attacker" "$LAB_DIR/events"
check "after: one entry, the bridge's MAC" same $bridge "$(router_cache)"
talk_on remote ask udp $SHARED 2080 >"$LAB_DIR/last"
check "and host1 still answers" grep -q '^host1 saw' "$LAB_DIR/last"
check "every frame is accounted for" equation
done_testing
