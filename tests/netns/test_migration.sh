#!/bin/bash
# docs/migration.md, walked from its first command to its last, in its order: hosts with addresses of their own get a box
# into their cable, move to a shared address one after the other, and go back; numbered datagrams of the host that stays
# run all the while. The router is touched by the last step alone.
# takes: 55 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/guide.sh"
SHARED=192.0.2.2 ROUTER=192.0.2.1 NEIGHBOUR=192.0.2.9 LAB_FIRST=2048 LAB_BLOCK=2048 LAB_HOSTS=4
GUIDE=$LAB_ROOT/docs/migration.md

own() { echo 192.0.2.$((100 + $1)); }

# In the place of the lab's: hosts with addresses of their own, and a box that is not set up.
lab_host()
{
    printf '%s\n' "link set lo up" "link set eth0 up" "address add $(own "$n")/24 dev eth0" "route add default via $ROUTER"
}
lab_box() { printf '%s\n' "link set eth0 down" "link set eth1 down" | lab_in box; }
lab_test

# What an operator sets on the router; not what its kernel learned.
router_settings()
{
    on router ip -4 address
    on router ip route
    on router ip rule
    on router sysctl -a --pattern '^net\.ipv4\.(conf|ip_forward|neigh)' 2>/dev/null
    on router nft list ruleset
}

# numbered NAME PLACE ADDRESS PORT WHO: datagrams from there in the background, until `numbered_end NAME`, which leaves
# SENT and LOST.
declare -A NUMBERED
numbered()
{
    start "$2" "numbered-$1" /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" quiet "$3" "$4" 200 120 "$5"
    NUMBERED[$1]=$LAB_PID
    wait_for 20 grep -q sending "$LAB_DIR/numbered-$1"
}
numbered_end()
{
    kill "${NUMBERED[$1]}"
    wait "${NUMBERED[$1]}"
    read -r SENT LOST < <(sed -n 's/^\([0-9]*\) sent, \([0-9]*\) lost, 0 came twice, 0 from another host$/\1 \2/p' "$LAB_DIR/numbered-$1")
    [ -n "$LOST" ] && [ "$SENT" -gt 20 ] || { cat "$LAB_DIR/numbered-$1"; LOST=all; }
}

# For check.
was_short() { test "$LOST" -lt $((400 * ${PEARPD_PATIENCE:-1})); }
reaches() { same "$5" "$(talk_on "$1" ask "$2" "$3" "$4" -t "${6:-5}" | cut -d' ' -f1)"; }

# leaves_as N ADDRESS FIRST LAST: what the remote sees of a new connection of host N.
leaves_as()
{
    local seen
    seen=$(talk_on "host$1" ask tcp $REMOTE 7000)
    echo "$seen"
    [[ $seen == "remote saw $2:"* ]] && [ "${seen##*:}" -ge "$3" ] && [ "${seen##*:}" -le "$4" ]
}
as_ever() { leaves_as "$1" "$(own "$1")" 32768 60999; }
shares() { leaves_as "$1" $SHARED "$(host_first "$1")" "$(host_last "$1")"; }

# The router knows each host's own MAC address.
router_knows()
{
    local n
    for n in "$@"; do
        on router ip neighbour show "$(own "$n")" | grep -q "$(host_mac "$n")" || return 1
    done
}

bridged() { reaches host4 tcp $REMOTE 7000 remote 0.4; }

stand_ins
for n in $(hosts); do
    on "host$n" sysctl -q -w net.ipv4.ip_local_port_range="32768 60999"
    serve "host$n" "host$n" 7000 $(($(host_first "$n") + 80)) || bail "no servers"
done
serve remote remote 7000 && serve neighbour neighbour 7000 && serve host3 host3 443 && serve host1 host1 80 || bail "no servers"
echo "# The files"
guide_files
check "the /24 has 13 addresses" same 13 "$(grep -c '^\[address' "$LAB_DIR/etc/pearpd/rack1.conf")"

echo "# 1. Before you begin"
walk host1 'ss -Htuan | wc -l'
walk host1 'ss -tulpn'
check "the survey shows a server" said ':7000 '
walk host1 'ss -uapn'
walk host1 'ping -c 1 -W 1 192.0.2.2' 1
walk host1 'ip neighbour show 192.0.2.2'
check "the address is spare" not said lladdr

echo "# 2. Put the box into the cable"
check "without the box there is no way" not bridged
for command in 'ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0' 'ip link set eth0 master br0' \
    'ip link set eth1 master br0' 'ip link set eth0 up' 'ip link set eth1 up' 'ip link set br0 up'; do
    walk box "$command"
done
check "the kernel bridge forwards" wait_for 20 bridged
router_settings >"$LAB_DIR/router.before"
for n in $(hosts); do
    check "host$n has its own address" as_ever "$n"
done
walk box "timeout 60 tcpdump -nn -i eth1 'ip and not tcp and not udp and not icmp'" 124
check "the box sees portless protocols" said 'listening on eth1'

echo "# 3. pearpd in the place of the kernel bridge"
take "/etc/pearpd/rack1.conf, step 3"
walk box 'pearpd -c /etc/pearpd/rack1.conf -t'
numbered swap host4 $REMOTE 7000 remote
swap='ip link set eth0 nomaster; ip link set eth1 nomaster; systemctl enable --now pearpd@rack1'
walk box "$swap"
check "it forwards" wait_for 20 bridged
numbered_end swap
check "the cut was short" was_short
echo "# migration: kernel bridge to pearpd: $LOST of $SENT datagrams at 200/s lost"
walk box 'pearpctl table'
check "has the address and nobody in it" same 1 "$(grep -c "^$SHARED .* CMP " "$LAB_DIR/said")$(sed 1,2d "$LAB_DIR/said")"
walk box 'pearpctl stats'
walk host4 'ping -c 3 -i 0.2 192.0.2.1'
walk router 'ip neighbour show dev eth0'
check "has each host's own MAC address" router_knows 1 2 3 4
numbered back host4 $REMOTE 7000 remote
walk box 'systemctl disable --now pearpd@rack1'
walk box 'ip link set eth0 master br0; ip link set eth1 master br0'
check "it forwards" wait_for 20 bridged
numbered_end back
echo "# migration: pearpd to kernel bridge: $LOST of $SENT datagrams at 200/s lost"
check "the cut was short" was_short
walk box "$swap"
check "and pearpd again" wait_for 20 bridged

echo "# 4. The first host: beside its own address"
numbered stays host4 $REMOTE 7000 remote
numbered out host1 $REMOTE 7000 remote
walk host1 'pearp-agent -i eth0 -a 192.0.2.2 -p 2048-4095 -g 192.0.2.1 -n'
check "and changes none" as_ever 1
hold 1 'pearp-agent -i eth0 -a 192.0.2.2 -p 2048-4095 -g 192.0.2.1'
check "host1 holds its range" lab_bound 1
walk box 'pearpctl table'
check "has its MAC address" said "$(host_mac 1)"
walk box 'pearpctl resolve 192.0.2.2:2048'
check "names it" said "$(host_mac 1)"
walk host1 'pearp-agent status'
check "names the server outside the range" said ':7000'
check "host1 leaves as the shared address" shares 1
check "and is reached by it" reaches remote tcp $SHARED 2128 host1
numbered_end out
check "what it had from its own address went on: 0 of $SENT lost" same 0 "$LOST"
check "and who calls it there over TCP reaches it" reaches remote tcp "$(own 1)" 7000 host1
let_go 1
check "way back: the agent ends well" same 0 $?
check "host1 is as ever" as_ever 1
walk host1 'pearp-agent -i eth0 --undo'

echo "# 5. The first host: its own address goes"
start remote asks /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" ask udp "$(own 1)" 7000 -c 10000000
MINUTE_S=6
walk box "timeout 60 tcpdump -nn -i eth0 'dst host 192.0.2.101 and not arp'" 124
MINUTE_S=
kill "$LAB_PID"
check "what still comes for the old address is seen" said '192.0.2.101.7000: '
take "/etc/pearpd/agent-eth0.conf, step 5"
own_goes_1()
{
    walk host1 'ip addr del 192.0.2.101/24 dev eth0'
    hold 1 'systemctl enable --now pearp-agent@eth0'
}
own_goes_1
check "host1 has the shared address alone" shares 1
check "and is reached by it" reaches remote tcp $SHARED 2128 host1
in_guide host1 'systemctl disable --now pearp-agent@eth0'
let_go 1
walk host1 'ip addr add 192.0.2.101/24 dev eth0'
walk host1 'ip route add default via 192.0.2.1'
check "way back: host1 is as ever" as_ever 1
check "and is reached" reaches remote tcp "$(own 1)" 7000 host1
own_goes_1
check "and moved again" shares 1

echo "# 6. The next hosts"
walk host2 'ip addr del 192.0.2.102/24 dev eth0'
hold 2 'pearp-agent -i eth0 -a 192.0.2.2 -p 4096-6143 -g 192.0.2.1'
check "host2 holds its range" shares 2
plain_3()
{
    walk host3 'sysctl -w net.ipv4.ip_local_port_range="6144 8191" net.ipv4.conf.eth0.arp_ignore=1'
    walk host3 'ip addr del 192.0.2.103/24 dev eth0'
    walk host3 'ip addr add 192.0.2.2/32 dev lo'
    walk host3 'ip route add 192.0.2.1 dev eth0 src 192.0.2.2'
    walk host3 'ip route add default via 192.0.2.1 src 192.0.2.2'
}
plain_3
check "host3 shares without an agent" shares 3
check "and is learned" lab_bound 3
for n in 1 2 3; do
    check "host$n is reached" reaches remote tcp $SHARED $(($(host_first "$n") + 80)) "host$n"
    check "host$n reaches host4, which stays" reaches "host$n" tcp "$(own 4)" 7000 host4
    check "and host4 reaches it" reaches host4 udp $SHARED $(($(host_first "$n") + 80)) "host$n"
done
check "the neighbour reaches host1" reaches neighbour tcp $SHARED 2128 host1
walk box 'pearpctl stats'
walk box 'timeout 60 pearpctl monitor' 124

let_go 2
wait_for 20 not lab_bound 2
own_back_2()
{
    on host2 ip addr add "$(own 2)/24" dev eth0
    on host2 ip route add default via $ROUTER
}
own_back_2
check "host2 went back to its own address" as_ever 2
take "/etc/pearpd/rack1.conf, step 6"
walk box 'systemctl reload pearpd@rack1'
walk host2 'ip addr del 192.0.2.102/24 dev eth0'
hold 2 'pearp-agent -i eth0 --dhcp'
walk box 'pearpctl table'
check "the lease is in the table" said '^192.0.2.3:2048-4095 .*'"$(host_mac 2)"
check "host2 leaves as it" leaves_as 2 192.0.2.3 2048 4095
let_go 2
own_back_2
take "/etc/pearpd/rack1.conf, step 3"
walk box 'systemctl reload pearpd@rack1'
check "way back: host2 is as ever" as_ever 2

echo "# 7. Services"
walk box 'pearpctl services'
take "/etc/pearpd/rack1.conf, step 7"
walk box 'pearpd -c /etc/pearpd/rack1.conf -t'
check "port 443 is nobody's" not reaches remote tcp $SHARED 443 host3 0.4
walk box 'systemctl reload pearpd@rack1'
check "port 443 is host3's" reaches remote tcp $SHARED 443 host3
check "and the others hold what they held" lab_bound 1
take "/etc/pearpd/agent-eth0.conf, step 7"
walk host1 'pearp-agent -c /etc/pearpd/agent-eth0.conf -n'
check "host1 cannot answer from port 80" not reaches remote tcp $SHARED 80 host1 0.4
let_go 1
hold 1 'systemctl restart pearp-agent@eth0'
check "now it can" reaches remote tcp $SHARED 80 host1
check "and holds what it held" lab_bound 1
take "/etc/pearpd/rack1.conf, step 3"
take "/etc/pearpd/agent-eth0.conf, step 5"
walk box 'systemctl reload pearpd@rack1'
check "port 443 is nobody's" not reaches remote tcp $SHARED 443 host3 0.4

echo "# 8. No address is spare"
walk host4 'sysctl -w net.ipv4.ip_local_port_range="2048 4095"'
take "/etc/pearpd/rack1.conf, step 8"
walk box 'systemctl reload pearpd@rack1'
check "host4 has its address, and keeps to its range" leaves_as 4 "$(own 4)" 2048 4095
check "its servers are reached" reaches remote tcp "$(own 4)" 7000 host4
hold 2 'pearp-agent -i eth0 -a 192.0.2.104 -p 4096-6143 -g 192.0.2.1'
joined() { ctl table | grep -q "^$(own 4):4096-6143 .*$(host_mac 2)"; }
check "host2 joins it" joined
check "and leaves as it" leaves_as 2 "$(own 4)" 4096 6143
check "and is reached" reaches remote tcp "$(own 4)" 4176 host2
check "as is host4" reaches remote tcp "$(own 4)" 7000 host4
numbered_end stays
check "from step 4 on the host that stayed lost 0 of $SENT datagrams" same 0 "$LOST"
echo "# migration: steps 4 to 8: $LOST of $SENT datagrams of the host that stayed lost"
let_go 2
wait_for 20 not joined
take "/etc/pearpd/rack1.conf, step 3"
numbered announced host4 $REMOTE 7000 remote
walk box 'systemctl reload pearpd@rack1'
walk host4 'arping -c 2 -U -I eth0 192.0.2.104'
numbered_end announced
check "the way back was short" was_short
echo "# migration: an address shared no longer, and announced: $LOST of $SENT datagrams lost"
walk host4 'sysctl -w net.ipv4.ip_local_port_range="32768 60999"'
check "way back: host4 is as ever" as_ever 4
check "and host2" as_ever 2
router_settings >"$LAB_DIR/router.after"
check "nobody touched the router" diff "$LAB_DIR/router.before" "$LAB_DIR/router.after"

echo "# 9. Give the addresses back"
walk box "timeout 60 tcpdump -nn -i eth0 'dst net 192.0.2.0/24 and not dst net 192.0.2.0/28 and not arp'" 124
walk host9 'ip addr add 192.0.2.9/28 dev eth0 && ip addr del 192.0.2.9/24 dev eth0'
walk host9 'ip route replace default via 192.0.2.1'
walk router 'ip addr add 192.0.2.1/28 dev eth0 && ip addr del 192.0.2.1/24 dev eth0'
for n in 1 3; do
    check "host$n has what it had" shares "$n"
    check "and is reached" reaches remote tcp $SHARED $(($(host_first "$n") + 80)) "host$n"
done
check "host9 has what it had" reaches neighbour tcp $REMOTE 7000 remote
check "and is reached" reaches remote tcp $NEIGHBOUR 7000 neighbour
check "host4's address is no longer the router's" not reaches remote tcp "$(own 4)" 7000 host4 0.4
walk router 'ip addr add 192.0.2.1/24 dev eth0 && ip addr del 192.0.2.1/28 dev eth0'
walk host9 'ip addr add 192.0.2.9/24 dev eth0 && ip addr del 192.0.2.9/28 dev eth0'
walk host9 'ip route replace default via 192.0.2.1'
check "host4 is reached" wait_for 20 reaches remote tcp "$(own 4)" 7000 host4 1
check "host3 has what it had" shares 3

echo "# All the way back"
walk host3 'ip addr del 192.0.2.2/32 dev lo'
walk host3 'ip addr add 192.0.2.103/24 dev eth0'
walk host3 'ip route add default via 192.0.2.1'
walk host3 'sysctl -w net.ipv4.ip_local_port_range="32768 60999" net.ipv4.conf.eth0.arp_ignore=0'
walk box 'pearpctl delete 192.0.2.2:6144-8191'
in_guide host1 'systemctl disable --now pearp-agent@eth0'
let_go 1
walk host1 'ip addr add 192.0.2.101/24 dev eth0'
walk host1 'ip route add default via 192.0.2.1'
nobody() { same '' "$(ctl table | grep "^$SHARED:")"; }
wait_for 20 nobody
check "nobody holds a range" nobody
check "every frame is accounted for" equation
walk box 'systemctl disable --now pearpd@rack1'
walk box 'ip link set eth0 master br0; ip link set eth1 master br0'
for n in $(hosts); do
    check "host$n is as ever" as_ever "$n"
    check "and is reached" reaches remote tcp "$(own "$n")" 7000 "host$n"
done
router_settings >"$LAB_DIR/router.after"
check "the router is as it was" diff "$LAB_DIR/router.before" "$LAB_DIR/router.after"
guide_done
done_testing
