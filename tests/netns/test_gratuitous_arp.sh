#!/bin/bash
# A machine on the hosts' switch announces the shared address by every kind of ARP that it can think of. The router's cache has one entry for
# the address before, during and after: the bridge's MAC. Each attempt is counted.
# Reliability rows (as far as they apply): S9, S10.
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
wait_for 20 grep -q listening "$LAB_DIR/tcpdump"
at_once talk_on remote quiet $SHARED 2080 200 3 host1 >"$LAB_DIR/quiet" 2>&1

# attempt TEXT ARGUMENT...: sends that ARP 5 times; it must be counted as captured, all 5.
attempt()
{
    local text=$1 before
    shift
    before=$(stat_of drops/arp_capture)
    talk_on neighbour arp eth0 "$@" -c 5
    check "$text: captured, each" grew drops/arp_capture "$before" 5
}

attempt "gratuitous request" request $attacker $SHARED $zero $SHARED
attempt "gratuitous reply" reply $attacker $SHARED $all $SHARED
attempt "reply to the router, unicast" reply $attacker $SHARED $router $ROUTER -d $router
attempt "reply to the bridge's MAC" reply $attacker $SHARED $bridge $ROUTER -d $bridge
attempt "reply in the name of another host's MAC" reply "$(host_mac 1)" $SHARED $all $SHARED -e $attacker
attempt "hardware type 6" reply $attacker $SHARED $all $SHARED -r 6
attempt "hardware type 0" request $attacker $SHARED $zero $SHARED -r 0
attempt "tagged with VID 0" reply $attacker $SHARED $all $SHARED -v 0
# In a tag of another VLAN, a provider's, two, in SNAP, as RARP: the first four are another network's and pass, SNAP is
# captured; the router's entry must not change by any.
reply=0001080006040002${attacker//:/}c023a202ffffffffffffc023a201 head=ffffffffffff${attacker//:/} pad=$(printf '%040d' 0)
rarp=0001080006040004${attacker//:/}c023a202${attacker//:/}c023a202
forms=0
for frame in "81000005""0806$reply" "88a80005""0806$reply" "88a80000""0806$reply" "81000005""81000006""0806$reply" \
    "81000000""81000000""0806$reply" "0024aaaa030000000806$reply" "8100000000""24aaaa030000000806$reply" "8035$rarp" \
    "81000000""8035$rarp"; do
    came=$(stat_of frames/downstream/in)
    talk_on neighbour frame eth0 "$head$frame$pad" 5
    wait_for 20 has_grown frames/downstream/in "$came" 5
    check "in form $((++forms)): the router keeps the bridge's MAC" same $bridge "$(router_cache)"
done
check "during: the router has the bridge's MAC" same $bridge "$(router_cache)"
all_done
check "traffic of the others did not notice" same 0 $?
echo "# S9: $(stat_of drops/arp_capture) captures counted, 0 frames upstream; the router's entry is the bridge's"
echo "# S10: $forms forms of tags, SNAP and RARP, 5 each: the router's entry never changed"
check "not one such frame reached the router, but in another VLAN" \
    same 0 "$(tcpdump -nn -e -r "$LAB_DIR/router.pcap" 2>/dev/null | grep -vc 'vlan [1-9]')"
check "events tell who it was" wait_for 20 grep -q "capture.*$attacker" "$LAB_DIR/events"
check "after: one entry, the bridge's MAC" same $bridge "$(router_cache)"
talk_on remote ask udp $SHARED 2080 >"$LAB_DIR/last"
check "and host1 still answers" grep -q '^host1 saw' "$LAB_DIR/last"
check "every frame is accounted for" equation
done_testing
