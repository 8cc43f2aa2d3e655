#!/bin/bash
# The subnet in VLAN 5 on both ports of the bridge (vlan = 5), as a switch's trunk gives it. Agents, learning, ARP and ping
# work inside the tag; the same frames in another VLAN are bridged, and nothing is learned of them.
# Reliability rows (as far as they apply): S28.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=plain LAB_LEARN='pe-arp, traffic'
lab_test
kill "$PEARPD_PID" && wait "$PEARPD_PID"

# Between the box's interfaces and pearpd's: a tag on the way in, none on the way out. Whoever tags in a program needs
# frames as on the wire.
for place in remote router neighbour host1 host2; do
    on "$place" ethtool -K eth0 tx off sg off tso off gso off gro off >/dev/null 2>&1
done
on router ethtool -K eth1 tx off sg off tso off gso off gro off >/dev/null 2>&1
for side in upper lower; do
    on box ip link add "$side-trunk" type veth peer name "$side"
    on box ip link set "$side-trunk" up
    on box ip link set "$side" up
done
start box tagger-up.log "$LAB_ROOT/tests/lib/tagger.py" eth0 upper-trunk 5 "$LAB_DIR/ready-up" 3
start box tagger-down.log "$LAB_ROOT/tests/lib/tagger.py" eth1 lower-trunk 5 "$LAB_DIR/ready-down"
wait_for 20 test -e "$LAB_DIR/ready-up" -a -e "$LAB_DIR/ready-down" || bail "the taggers do not run"
sed -i 's/^mac  *=.*/&\nvlan = 5/; s/^upstream .*/upstream = upper/; s/^downstream .*/downstream = lower/' "$LAB_DIR/lab.conf"
lab_start_pearpd pearpd2.log || bail "pearpd is not ready"
start box tags timeout 60 tcpdump -nn -e -l -i upper -Q out
serve_all || bail "no servers"

on host1 ip address flush dev eth0 scope global
lab_start_agent 1
check "an agent inside the VLAN is bound" wait_for 20 lab_bound 1
check "a host without one talks" talk_on host2 ask tcp $REMOTE 7000 -c 20
check "and is learned" lab_bound 2
for n in $(hosts); do
    check "host$n is reached" same "host$n" "$(talk_on remote ask tcp $SHARED $(($(host_first "$n") + 80)) | cut -d' ' -f1)"
    check "host$n pings" on "host$n" ping -q -c 3 -i 0.05 -W 10 $REMOTE
    check "host$n: 1 MB" talk_on "host$n" send $REMOTE 7000 1000000
done
check "the shared address answers a ping" on remote ping -q -c 3 -i 0.05 -W 10 $SHARED
check "the router has the bridge's MAC" same 02:50:45:00:00:01 "$(router_cache)"
before=$(ctl table)
attacker=$(on neighbour cat /sys/class/net/eth0/address)
talk_on box arp lower-trunk reply "$attacker" $SHARED ff:ff:ff:ff:ff:ff $SHARED -v 6 -c 5
talk_on box arp lower-trunk reply "$attacker" $SHARED ff:ff:ff:ff:ff:ff $SHARED -c 5
all_left() { [ "$(grep -c "$attacker.*ARP" "$LAB_DIR/tags")" -ge 10 ]; }
wait_for 20 all_left
check "ARP for the shared address in VLAN 6, or in none, is another network's: bridged, not captured" \
    same 0 "$(stat_of drops/arp_capture)"
check "it left as it came" same "5 5" "$(grep -c "$attacker.*vlan 6,.*ARP" "$LAB_DIR/tags") $(grep "$attacker" "$LAB_DIR/tags" | grep -v vlan | grep -c ARP)"
check "and changes nothing" same 02:50:45:00:00:01 "$(router_cache)"
talk_on neighbour arp eth0 reply "$attacker" $SHARED ff:ff:ff:ff:ff:ff $SHARED -c 5
check "in VLAN 5 it is captured" grew drops/arp_capture 0 5
check "what the bridge says itself bears the tag" wait_for 20 grep -q "02:50:45:00:00:01 > ff:ff:ff:ff:ff:ff.*vlan 5,.*ARP" "$LAB_DIR/tags"
start box prio timeout 60 tcpdump -nn -e -l -i lower -Q out
wait_for 20 grep -q listening "$LAB_DIR/prio"
talk_on remote ask tcp $SHARED 2080 >/dev/null
check "a priority is kept" wait_for 20 grep -q 'vlan 5, p 3' "$LAB_DIR/prio"
check "the owners stand" same "$before" "$(ctl table)"
check "every frame is accounted for" equation
done_testing
