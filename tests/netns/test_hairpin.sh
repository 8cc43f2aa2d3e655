#!/bin/bash
# Two sharers reach one another by the address that they share, set up as docs/compatibility.md says; their frames
# turn round in the bridge. Without that set-up a host talks to itself.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all && watch_owners || bail "no servers"
check "without set-up a host finds nobody at the other's port" not talk_on host1 ask tcp $SHARED 3080 -t 1

for n in $(hosts); do
    ports=$(host_first $((3 - n)))-$(host_last $((3 - n)))
    on "host$n" ip rule add pref 10 lookup local
    on "host$n" ip rule del pref 0
    for protocol in tcp udp; do
        on "host$n" ip rule add pref 5 to $SHARED iif lo ipproto $protocol dport "$ports" lookup 100
    done
    on "host$n" ip route add $SHARED dev eth0 src $SHARED table 100
    on "host$n" ip neighbour replace $SHARED lladdr 02:50:45:00:00:01 dev eth0 nud permanent
    on "host$n" sysctl -q -w net.ipv4.conf.eth0.accept_local=1
done
check "host1 reaches host2 over TCP" same host2 "$(talk_on host1 ask tcp $SHARED 3080 | cut -d' ' -f1)"
check "and over UDP" same host2 "$(talk_on host1 ask udp $SHARED 3080 | cut -d' ' -f1)"
check "host2 reaches host1" same host1 "$(talk_on host2 ask tcp $SHARED 2080 | cut -d' ' -f1)"
check "10 MB between them" talk_on host1 send $SHARED 3080 10000000
check "the remote still reaches both" same "host1 host2" \
    "$(talk_on remote ask tcp $SHARED 2080 | cut -d' ' -f1) $(talk_on remote ask tcp $SHARED 3080 | cut -d' ' -f1)"
check "no frame came to a wrong host" only_owners
check "the switch did not move a host to the bridge's port" same 0 "$(stat_of drops/same_port)"
check "every frame is accounted for" equation
done_testing
