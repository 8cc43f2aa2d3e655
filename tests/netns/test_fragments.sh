#!/bin/bash
# Datagrams of 4 KB in fragments, both ways, for two hosts at once, with and without agents; nothing is lost. A host that
# sends fragments of another one's port sends none; fragments that are never completed take no more than their limits.
# Reliability rows (as far as they apply): S19, S25.
. "$(dirname "$0")/../lib/lab.sh"

lost_of() { talk figure end/sum/lost_packets <"$1"; }

for LAB_MODE in agent plain; do
    LAB_HOSTS=2 LAB_LEARN='pe-arp, traffic'
    lab_test
    watch_owners
    for n in $(hosts); do
        talk_on "host$n" ask udp $REMOTE 9 -t 0.1 >/dev/null 2>&1
        start "host$n" "iperf$n.log" iperf3 -s -p $(($(host_first "$n") + 500))
    done
    start remote iperf.log iperf3 -s -p 7001
    start remote iperf.log iperf3 -s -p 7002
    sleep 0.5
    for n in $(hosts); do
        at_once on remote iperf3 -J -u -l 4096 -b 20M -t 2 -c $SHARED -p $(($(host_first "$n") + 500)) \
            >"$LAB_DIR/down$n.json" 2>/dev/null
        at_once on "host$n" iperf3 -J -u -l 4096 -b 20M -t 2 -c $REMOTE -p $((7000 + n)) \
            --cport $(($(host_first "$n") + 600)) >"$LAB_DIR/up$n.json" 2>/dev/null
    done
    all_done
    for n in $(hosts); do
        check "$LAB_MODE: to host$n: no datagram of 4 KB lost" same 0 "$(lost_of "$LAB_DIR/down$n.json")"
        check "$LAB_MODE: from host$n: no datagram of 4 KB lost" same 0 "$(lost_of "$LAB_DIR/up$n.json")"
    done
    check "$LAB_MODE: no frame came to a wrong host" only_owners
    check "$LAB_MODE: no fragment was dropped" \
        same "0 0" "$(stat_of drops/fragment_orphan) $(stat_of drops/fragment_bad)"
    check "$LAB_MODE: nothing waits any more" same 0 "$(stat_of frames/held)"
    check "$LAB_MODE: every frame is accounted for" equation
    lab_down
done
done_testing
