#!/bin/bash
# Containers, here network namespaces, each with a slice of the shared address, in the two ways of docs/containers.md:
# a MAC of its own on the segment and an agent of its own (macvlan on host1, a bridge with veth on host2), or veth behind
# host1, which gives slices of its own range by rules. Every one talks, and is reached, on its ports.
# takes: 15 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_LEARN=pe-arp
lab_test
serve remote remote 7000 || bail "no server"
p=pearp-$LAB_ID

# container NAME: an empty one.
container() { ip netns add "$p-$1" && ip -n "$p-$1" link set lo up; }

# hold NAME FIRST LAST: an agent in it holds that; the test is that the bridge hears of it.
declare -A agents
hold()
{
    start "$1" "$1.log" "$PEARPD_BUILD/pearp-agent" -i eth0 -a $SHARED -p "$2-$3" -g $ROUTER -v
    agents[$1]=$LAB_PID
    check "an agent in $1 holds $2-$3" wait_for 20 bound "$1" "$2-$3" || diag "$(cat "$LAB_DIR/$1.log")"
}
bound() { ctl table | grep -q "^$SHARED:$2 .* $(on "$1" cat /sys/class/net/eth0/address) .*C"; }

# talks NAME FIRST LAST: 20 connections and 20 questions by UDP come from its ports; TCP, UDP to its server come to it.
talks()
{
    local protocol port=$(($2 + 80))
    for protocol in tcp udp; do
        for _ in 1 2 3 4 5; do
            talk_on "$1" ask $protocol $REMOTE 7000 -c 4 || return 1
        done | awk -v first="$2" -v last="$3" -v shared=$SHARED '{ split($3, peer, ":"); print
            good += $1 == "remote" && peer[1] == shared && peer[2] >= first && peer[2] <= last }
            END { exit !(good == 20 && NR == 20) }' || return 1
        same "$1" "$(talk_on remote ask $protocol $SHARED $port | cut -d' ' -f1)" || return 1
    done
}
try() # try NAME FIRST LAST: with a server at its first port + 80
{
    serve "$1" "$1" $(($2 + 80)) || bail "no server in $1"
    check "$1 talks from $2-$3, and is reached there" talks "$@"
}

# Own MACs: macvlan.
container c1 && container c2 || bail "no namespace"
# macvlan NAME: as the guide does it, which also names its interface as that of the host.
macvlan()
{
    ip -n "$p-host1" link add name "$1" link eth0 type macvlan mode bridge &&
        ip -n "$p-host1" link set "$1" netns "$p-$1" && ip -n "$p-$1" link set "$1" name eth0 up
}
if macvlan c1 2>/dev/null && macvlan c2; then
    hold c1 5000 5499
    hold c2 5500 5999
    try c1 5000 5499
    try c2 5500 5999
    check "status in a container knows its own alone" same $SHARED:5500-5999 \
        "$(on c2 "$PEARPD_BUILD/pearp-agent" status | awk '/eth0/ { print $1 }')"
    check "the host's own range is as it was" lab_bound 1
else
    skip "containers on macvlan" "this kernel has no macvlan"
fi

# Own MACs: a bridge on the host.
kill "${AGENT_PID[2]}"
wait "${AGENT_PID[2]}"
container c3 && container c4 || bail "no namespace"
lab_in host2 <<END || bail "no bridge on host2"
link add br0 type bridge forward_delay 0
link set eth0 master br0
link add c3 type veth peer name eth0 netns $p-c3
link add c4 type veth peer name eth0 netns $p-c4
link set c3 master br0 up
link set c4 master br0 up
link set br0 up
END
for name in c3 c4; do
    ip -n "$p-$name" link set eth0 up
done
hold c3 3000 3499
hold c4 3500 3999
try c3 3000 3499
try c4 3500 3999

# One MAC: slices of host1's range by rules, the containers behind veth.
container c5 && container c6 || bail "no namespace"
for n in 5 6; do
    lab_in host1 <<END || bail "no veth on host1"
link add c$n type veth peer name eth0 netns $p-c$n
address add 10.77.$n.1/30 dev c$n
link set c$n up
END
    printf '%s\n' "address add 10.77.$n.2/30 dev eth0" "link set eth0 up" "route add default via 10.77.$n.1" | lab_in c$n
done
on host1 sysctl -qw net.ipv4.ip_forward=1 net.ipv4.ip_local_reserved_ports=2500-2699
on host1 nft -f - <<END || bail "no rules"
table ip containers {
    map slices {
        type inet_service : ipv4_addr; flags interval
        elements = { 2500-2599 : 10.77.5.2, 2600-2699 : 10.77.6.2 }
    }
    chain prerouting {
        type nat hook prerouting priority dstnat
        iifname "eth0" ip daddr $SHARED meta l4proto { tcp, udp } dnat to th dport map @slices
    }
    chain postrouting {
        type nat hook postrouting priority srcnat - 1
        oifname "eth0" ip saddr 10.77.5.2 meta l4proto { tcp, udp, icmp } snat to $SHARED:2500-2599
        oifname "eth0" ip saddr 10.77.6.2 meta l4proto { tcp, udp, icmp } snat to $SHARED:2600-2699
    }
}
END
try c5 2500 2599
try c6 2600 2699
check "a container pings" on c5 ping -q -c 2 -i 0.1 -W 10 $REMOTE
serve host1 host1 2080 || bail "no server on host1"
check "the host itself is reached beside them" same host1 "$(talk_on remote ask tcp $SHARED 2080 | cut -d' ' -f1)"
on host1 nft delete table ip pearp_agent_eth0
check "the agent loads its own rules again" wait_for 20 on host1 nft list table ip pearp_agent_eth0
check "and leaves these" on host1 nft list table ip containers

for name in "${!agents[@]}"; do
    kill "${agents[$name]}"
    wait "${agents[$name]}" || diag "$(cat "$LAB_DIR/$name.log")"
    check "$name's agent leaves nothing" same "" "$(on "$name" nft list ruleset)$(on "$name" ip -4 addr show dev lo | grep $SHARED)"
done
check "every frame is accounted for" equation
done_testing
