#!/bin/bash
# Two hosts without an agent on a switch whose ports are not isolated. The second probes for the address before it takes it
# (RFC 5227), as NetworkManager, Windows and macOS do: no host that is set up as README says answers.
# takes: 15 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=plain LAB_LEARN=traffic
lab_host() { printf '%s\n' "link set lo up" "link set eth0 up"; }
lab_test
README=$LAB_ROOT/README.md

# as_readme COMMAND...: on host1; README has it, for its own address and router.
as_readme()
{
    local said=${*//$SHARED/192.0.2.2}
    grep -qF -- "${said//$ROUTER/192.0.2.1}" "$README" || { echo "README does not say: $*"; return 1; }
    on host1 "$@"
}
probe() { on host2 arping -D -q -c 2 -w 3 -I eth0 $SHARED; }
talks() { same remote "$(talk_on "$1" ask tcp $REMOTE 7000 | cut -d' ' -f1)"; }
with_routes()
{
    on "$1" ip route add $ROUTER dev eth0 src $SHARED && on "$1" ip route add default via $ROUTER src $SHARED
}
serve remote remote 7000 || bail "no server"

check "host1: arp_ignore" as_readme sysctl net.ipv4.conf.eth0.arp_ignore=1
check "host1: the address on lo" as_readme ip addr add $SHARED/32 dev lo
with_routes host1 || bail "no routes"
check "host1 talks" talks host1
check "host2's probe finds the address free" probe
on host2 ip addr add $SHARED/24 dev eth0 && on host2 ip route add default via $ROUTER
check "host2 takes it and talks" talks host2
on host2 ip addr flush dev eth0

on host1 ip addr del $SHARED/32 dev lo && on host1 ip addr add $SHARED/24 dev eth0 && on host1 ip route replace default via $ROUTER
check "the address on eth0 itself, as any other system: the probe finds it taken" not probe
check "README says arp_ignore=8 for that" grep -q 'use `arp_ignore=8`' "$README"
on host1 sysctl -q -w net.ipv4.conf.eth0.arp_ignore=8
check "with it: free" probe
check "and host1 talks still" talks host1
check "the bridge answered no probe" test "$(stat_of drops/arp_probe)" -ge 1
check "every frame is accounted for" equation
done_testing
