#!/bin/bash
# docs/first-deployment.md, walked from its first command to its last: two hosts come to share an address, and all goes back.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/guide.sh"
SHARED=192.0.2.2 ROUTER=192.0.2.1 NEIGHBOUR=192.0.2.9 LAB_FIRST=2048 LAB_BLOCK=1024 LAB_HOSTS=4
GUIDE=$LAB_ROOT/docs/first-deployment.md

# In the place of the lab's: hosts with addresses of their own, and a bridge machine that is not set up.
lab_host()
{
    printf '%s\n' "link set lo up" "link set eth0 up" "address add 192.0.2.$((100 + n))/24 dev eth0" "route add default via $ROUTER"
}
lab_box() { printf '%s\n' "link set eth0 down" "link set eth1 down" | lab_in box; }
lab_test

reaches() { same "$5" "$(talk_on "$1" ask "$2" "$3" "$4" -t "${6:-5}" | cut -d' ' -f1)"; }
bridged() { reaches host4 tcp $REMOTE 7000 remote 0.4; }
leaves_as_shared()
{
    local seen
    seen=$(talk_on "host$1" ask tcp $REMOTE 7000)
    echo "$seen"
    [[ $seen == "remote saw $SHARED:"* ]] && [ "${seen##*:}" -ge "$(host_first "$1")" ] && [ "${seen##*:}" -le "$(host_last "$1")" ]
}
is_shared_by()
{
    check "host$1 leaves as the shared address, from its range" leaves_as_shared "$1"
    check "and is reached there" reaches remote tcp $SHARED "$(host_first "$1")" "host$1"
}

stand_ins
for n in 1 2; do serve "host$n" "host$n" "$(host_first "$n")" || bail "no servers"; done
serve remote remote 7000 || bail "no server"
guide_files

echo "# 1. Before you begin"
walk host1 'ping -c 1 -W 1 192.0.2.2' 1
walk host1 'ip neighbour show 192.0.2.2'
check "the address is spare" not said lladdr

echo "# 2. Prepare the bridge"
walk box 'ip address show dev eth0'
check "has no address and no master" not said 'inet \|master'
walk box 'ip address show dev eth1'
check "has no address and no master" not said 'inet \|master'
take "/etc/pearpd/rack1.conf, first"
walk box 'pearpd -c /etc/pearpd/rack1.conf -t'
check "prints nothing" same '' "$(cat "$LAB_DIR/said")"

echo "# 3. Cut over"
check "without the bridge there is no way" not bridged
walk box 'systemctl enable --now pearpd@rack1'
check "now there is one" wait_for 20 bridged

echo "# 4. Verify"
walk host4 'ping -c 3 -i 0.2 192.0.2.1'
walk box 'pearpctl table'
check "has the address and nobody in it" same 1 "$(grep -c "^$SHARED .* CMP " "$LAB_DIR/said")$(sed 1,2d "$LAB_DIR/said")"
walk box 'pearpctl stats'

echo "# 5. Two hosts share the address"
walk host1 'pearp-agent -i eth0 -a 192.0.2.2 -p 2048-3071 -g 192.0.2.1 -n'
hold 1 'pearp-agent -i eth0 -a 192.0.2.2 -p 2048-3071 -g 192.0.2.1'
hold 2 'pearp-agent -i eth0 -a 192.0.2.2 -p 3072-4095 -g 192.0.2.1'
walk box 'pearpctl table'
for n in 1 2; do
    check "has host$n" said "$(host_first "$n")-$(host_last "$n") .*$(host_mac "$n")"
done
for n in 1 2; do is_shared_by "$n"; done
walk box 'pearpctl resolve 192.0.2.2:2048'
check "names host1" said "$(host_mac 1)"
walk host1 'pearp-agent status'
walk box 'timeout 60 pearpctl monitor' 124
let_go 1
take "/etc/pearpd/agent-eth0.conf, host1"
hold 1 'systemctl enable --now pearp-agent@eth0'
is_shared_by 1
walk box 'systemctl reload pearpd@rack1'
is_shared_by 2

echo "# 6. The way back"
in_guide host1 'systemctl disable --now pearp-agent@eth0'
let_go 1
let_go 2
walk box 'systemctl disable --now pearpd@rack1'
check "without pearpd there is no way" not bridged
walk box 'ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0'
walk box 'ip link set eth0 master br0; ip link set eth1 master br0'
walk box 'ip link set eth0 up; ip link set eth1 up; ip link set br0 up'
check "a kernel bridge forwards" wait_for 20 bridged
for n in 1 2; do
    check "host$n has its own address" same "remote saw 192.0.2.$((100 + n))" "$(talk_on "host$n" ask tcp $REMOTE 7000 | cut -d: -f1)"
done
guide_done
done_testing
