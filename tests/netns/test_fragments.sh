#!/bin/bash
# Datagrams of 4 KB in fragments, both ways, for two hosts at once, with and without agents; nothing is lost. A host that
# sends fragments of another one's port sends none; fragments that are never completed take no more than their limits.
# Reliability rows (as far as they apply): S19, S25.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"

for LAB_MODE in agent plain; do
    LAB_HOSTS=2 LAB_LEARN='pe-arp, traffic'
    lab_test
    watch_owners
    serve_all || bail "no servers"
    for n in $(hosts); do
        talk_on "host$n" ask udp $REMOTE 9 -t 0.1 >/dev/null 2>&1
    done
    for n in $(hosts); do
        at_once talk_on remote quiet $SHARED $(($(host_first "$n") + 80)) 200 3 "host$n" 4096 >"$LAB_DIR/down$n" 2>&1
        at_once talk_on "host$n" quiet $REMOTE 7000 200 3 remote 4096 >"$LAB_DIR/up$n" 2>&1
    done
    all_done
    for n in $(hosts); do
        for way in down up; do
            check "$LAB_MODE: host$n, $way: no datagram of 4 KB lost, there and back" \
                grep -q '^600 sent, 0 lost, 0 came twice, 0 from another host' "$LAB_DIR/$way$n"
        done
    done
    check "$LAB_MODE: no frame came to a wrong host" only_owners
    check "$LAB_MODE: no fragment was dropped" \
        same "0 0" "$(stat_of drops/fragment_orphan) $(stat_of drops/fragment_bad)"
    check "$LAB_MODE: nothing waits any more" same 0 "$(stat_of frames/held)"
    check "$LAB_MODE: every frame is accounted for" equation
    lab_down
done
done_testing
