#!/bin/bash
# A neighbour in the same subnet that shares nothing: it talks through the bridge under its own address, untouched, and
# with the shared address, where the bridge answers its ARP and brings its frames to the owner of the port.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent
lab_test
serve_all && watch_owners || bail "no servers"

check "through the bridge, TCP" talk_on neighbour ask tcp $REMOTE 7000
check "through the bridge, the other way" talk_on remote ask udp $NEIGHBOUR 7000
check "the router knows the neighbour by its own MAC" same "$(on neighbour cat /sys/class/net/eth0/address)" \
    "$(on router ip -4 neighbour show $NEIGHBOUR | awk '{ print $5 }')"
check "the router itself is reached" on neighbour ping -q -c 3 -i 0.05 -W 10 $ROUTER

for n in $(hosts); do
    check "host$n is reached by the shared address" \
        same "host$n" "$(talk_on neighbour ask tcp $SHARED $(($(host_first "$n") + 80)) | cut -d' ' -f1)"
done
check "the neighbour's ARP was answered by the bridge" same 02:50:45:00:00:01 \
    "$(on neighbour ip -4 neighbour show $SHARED | awk '{ print $5 }')"
check "a host reaches the neighbour" talk_on host2 ask tcp $NEIGHBOUR 7000
check "the shared address answers the neighbour's ping" on neighbour ping -q -c 3 -i 0.05 -W 10 $SHARED
check "no frame came to a wrong host" only_owners
check "every frame is accounted for" equation
done_testing
