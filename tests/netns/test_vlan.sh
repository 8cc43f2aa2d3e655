#!/bin/bash
# Frames with tags cross the bridge unchanged, both ways: one tag, VID 0 and a priority, a provider's tag, two tags, and
# what else is nobody's here. One with the shared address inside a tag is bridged too, not judged.
# Reliability rows (as far as they apply): S28.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=1 LAB_MODE=agent
lab_test

payload=$(printf '%0120x' 0xfeed)
neighbour_mac=$(on neighbour cat /sys/class/net/eth0/address | tr -d :)
router_mac=0012_7fc4_38d3 router_mac=${router_mac//_/}

heard() { grep -qx "$frame" "$LAB_DIR/heard"; }

# crosses TEXT FROM TO HEADER: sends FROM's frame with that tag and EtherType to TO, who must see the same bytes.
crosses()
{
    local text=$1 from=$2 to=$3 frame=$4$payload
    rm -f "$LAB_DIR/listening"
    start "$to" heard /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" listen eth0 10 "$LAB_DIR/listening"
    wait_for 20 test -e "$LAB_DIR/listening"
    talk_on "$from" frame eth0 "$frame"
    check "$text" wait_for 20 heard
    kill "$LAB_PID"
}

both_ways()
{
    crosses "$1, down" router neighbour "$neighbour_mac$router_mac$2"
    crosses "$1, up" neighbour router "$router_mac$neighbour_mac$2"
}

both_ways "untagged, an unknown EtherType" 88b6
both_ways "VID 5" 8100000588b6
both_ways "VID 4094, priority 7" 8100effe88b6
both_ways "VID 0, priority 3" 8100600088b6
both_ways "a provider's tag" 88a8006488b6
both_ways "a provider's tag and a customer's" 88a80064810000c888b6
both_ways "two customer tags" 81000064810000c888b6
both_ways "IPv6" 86dd
crosses "a spanning tree frame, down" router neighbour "0180c2000000${router_mac}002642420300"
# The hosts' links allow more than the bridge's.
for place in "router eth0" "neighbour eth0" "switch neighbour" "switch box"; do
    on ${place% *} ip link set dev ${place#* } mtu 1600
done
payload=$(printf '%03000x' 0xfeed)
both_ways "a provider's tag, and 1,500 octets behind it" 88a8006488b6
check "every frame is accounted for" equation
echo "# S28: live: $(grep -c "^both_ways \|^crosses \"" "$0") forms of frames with tags crossed as they were; replay cases vlan-hopping, vlan-disguise, tags, tags-disguise: 0 learned"
done_testing
