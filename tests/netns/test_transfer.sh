#!/bin/bash
# 50 MB each way, TCP, offloads as the kernel sets them, for a host with an agent and for one without: every byte
# as sent, and a datagram of every size. Then the same with all offloads off.
# Reliability rows (as far as they apply): L2.
# alone: bulk transfers
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2
# offloads on|off: on every interface of the hosts, the router and the remote.
offloads()
{
    local place interface
    for place in remote $(hosts | sed 's/^/host/'); do
        on "$place" ethtool -K eth0 tx "$1" sg "$1" tso "$1" gso "$1" gro "$1" >/dev/null 2>&1
    done
    for interface in $LAB_UP $LAB_UPLINK; do
        on router ethtool -K "$interface" tx "$1" sg "$1" tso "$1" gso "$1" gro "$1" >/dev/null 2>&1
    done
}

for LAB_MODE in agent plain; do
    LAB_LEARN='pe-arp, traffic'
    lab_test
    serve_all && watch_large || bail "no servers"
    talk_on host1 ask udp $REMOTE 7000 >/dev/null
    talk_on host2 ask udp $REMOTE 7000 >/dev/null
    check "$LAB_MODE: segmentation offload is on, as the kernel sets it" \
        grep -q 'tcp-segmentation-offload: on' <(on host1 ethtool -k eth0)
    check "$LAB_MODE: 50 MB from a host" talk_on host1 send $REMOTE 7000 50000000
    check "$LAB_MODE: 50 MB to a host" talk_on remote send $SHARED 2080 50000000
    at_once talk_on host1 send $REMOTE 7000 10000000 >"$LAB_DIR/1" 2>&1
    at_once talk_on host2 fetch $REMOTE 7000 10000000 >"$LAB_DIR/2" 2>&1
    at_once talk_on remote fetch $SHARED 2080 10000000 >"$LAB_DIR/3" 2>&1
    at_once talk_on remote send $SHARED 3080 10000000 >"$LAB_DIR/4" 2>&1
    all_done
    check "$LAB_MODE: two hosts, both ways at once" same 0 $?
    check "$LAB_MODE: datagrams of every size come back as sent" talk_on remote sizes $SHARED 2080 host1
    check "$LAB_MODE: super-frames went through" test "$(large)" -gt 0
    offloads off
    before=$(large)
    check "$LAB_MODE: 50 MB from a host, offloads off" talk_on host1 send $REMOTE 7000 50000000
    check "$LAB_MODE: 50 MB to a host, offloads off" talk_on remote send $SHARED 2080 50000000
    check "$LAB_MODE: no super-frame went through" same "$before" "$(large)"
    check "$LAB_MODE: every frame is accounted for" equation
    lab_down
done
done_testing
