#!/bin/bash
# Three hosts that know nothing of PE-ARP hold one address; each was only given a port range of its own. They are
# learned from the first frame they send; from then on their servers are reached, and a server that never sent is not.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=plain LAB_LEARN=traffic
lab_test

watch_owners && serve_all || bail "no servers"

check "nobody is known at first" same 1 "$(ctl table | grep -c "^$SHARED")"
check "a server of a host that never sent is not reached" not talk_on remote ask udp $SHARED 2080 -t 1
check "that was counted as no_owner" test "$(stat_of drops/no_owner)" -ge 1

for n in $(hosts); do
    at_once talk_on "host$n" ask tcp $REMOTE 7000 -c 200 >"$LAB_DIR/tcp$n" 2>&1
    at_once talk_on "host$n" ask udp $REMOTE 7000 -c 200 >"$LAB_DIR/udp$n" 2>&1
    at_once on "host$n" ping -q -c 20 -i 0.05 -W 10 $REMOTE >"$LAB_DIR/ping$n" 2>&1
done
all_done
check "all three talked at once" same 0 $?
for n in $(hosts); do
    check "host$n's pings came back" grep -q ' 20 received' "$LAB_DIR/ping$n"
    check "host$n's block is learned" lab_bound "$n"
    check "host$n's server is reached over TCP" \
        same "host$n" "$(talk_on remote ask tcp $SHARED $(($(host_first "$n") + 80)) | cut -d' ' -f1)"
    check "host$n's server is reached over UDP" \
        same "host$n" "$(talk_on remote ask udp $SHARED $(($(host_first "$n") + 80)) | cut -d' ' -f1)"
done
check "no frame came to a wrong host" only_owners
check "the router knows one MAC for the address" same 02:50:45:00:00:01 "$(router_cache)"
check "every frame is accounted for" equation
done_testing
