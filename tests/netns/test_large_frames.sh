#!/bin/bash
# Frames longer than 1,514 bytes: jumbo frames pass whole where both sides take them, are dropped as oversize where one
# side does not, and 64 KiB super-frames of segmentation offload pass between them.
# Reliability rows (as far as they apply): S29.
# alone: super-frames come of bulk transfers
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=1 LAB_MODE=agent
lab_test
serve_all && watch_large || bail "no servers"

mtu() { on "$1" ip link set "$2" mtu "$3"; }
# jumbo COUNT SIZE: the router pings the neighbour with packets of that size, unfragmented.
jumbo() { on router ping -q -c "$1" -i 0.05 -W 10 -M do -s $(($2 - 28)) $NEIGHBOUR; }

for place in router box; do
    mtu $place eth0 9000
done
mtu box eth1 9000
for port in box neighbour host1 br0; do
    mtu switch $port 9000
done
mtu neighbour eth0 9000
wait_for 20 jumbo 1 9000

for size in 1500 1501 2034 2048 4096 8999 9000; do
    check "$size bytes pass whole" jumbo 2 $size
done
check "TCP with jumbo segments, 50 MB" talk_on neighbour fetch $REMOTE 7000 50000000
check "super-frames of up to 64 KiB to the shared address" talk_on remote send $SHARED 2080 50000000
check "there were such" test "$(large)" -gt 0

mtu box eth0 1500
is_oversize() { on neighbour ping -q -c 1 -W 0.2 -M do -s 3000 $ROUTER; [ "$(stat_of drops/oversize)" -gt 0 ]; }
wait_for 20 is_oversize
before=$(stat_of drops/oversize)
on neighbour ping -q -c 4 -i 0.05 -W 1 -M do -s 3000 $ROUTER >/dev/null
check "what upstream does not take is oversize, each frame" grew drops/oversize "$before" 4
check "the rest passes" jumbo 2 1500
check "every frame is accounted for" equation
echo "# S29: 7 sizes to 9,000 bytes and super-frames whole (hash), 4 oversize, exact; $(stat_of drops/truncated) truncated"
done_testing
