#!/bin/bash
# An interface goes away under the running daemon: renamed, deleted and made anew with another index and MAC, not there
# yet at the start. Each time the daemon says what it waits for and forwards again by itself. And one with a smaller MTU.
# Reliability rows (as far as they apply): F7, F8.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all || bail "no servers"

box_link() { on box ip link "$@"; }

check "talks" reached
for interface in eth0 eth1; do
    box_link set "$interface" down
    check "$interface down: the log names it" wait_for 20 in_log "port-down .*($interface)"
    box_link set "$interface" name away
    check "$interface renamed: the log says that it is gone" wait_for 20 in_log "$interface.* is gone"
    check "nothing goes through" not reached
    box_link set away name "$interface"
    box_link set "$interface" up
    check "named $interface again: talks" wait_for 20 reached
done

index=$(on box cat /sys/class/net/eth1/ifindex)
box_link del eth1
sleep 0.2
ip -n "pearp-$LAB_ID-switch" link add eth1 netns "pearp-$LAB_ID-box" type veth peer name box netns "pearp-$LAB_ID-switch"
on switch ip link set box master br0 up
box_link set eth1 up
check "eth1 deleted and made anew has another index" test "$index" -ne "$(on box cat /sys/class/net/eth1/ifindex)"
check "talks" wait_for 20 reached
check "eth1 is promiscuous" grep -q 'promiscuity [1-9]' <(on box ip -d link show eth1)

kill "$PEARPD_PID"
wait "$PEARPD_PID"
box_link set eth0 up
box_link set eth1 down
box_link set eth1 name away
lab_start_pearpd absent.log
check "starts without eth1" same 0 $?
check "and says that it waits for it" grep -q 'waiting for eth1' "$LAB_DIR/absent.log"
check "no port is said to be up but the one that is" same "port-up upstream (eth0)" \
    "$(grep -o 'port-up .*' "$LAB_DIR/absent.log")"
box_link set away name eth1
check "it is there but down: it is set up, and the log says so" \
    wait_for 20 grep -q 'eth1 (downstream) was down: it is set up until pearpd ends' "$LAB_DIR/absent.log"
check "it is up: the log names the interface" \
    wait_for 20 grep -q 'port-up downstream (eth1)' "$LAB_DIR/absent.log"
check "talks once it is there" wait_for 20 reached
check "the log does not say that it is down" not grep -q 'eth1 (downstream) is down' "$LAB_DIR/absent.log"
is_up() { box_link show "$1" | grep -q '[<,]UP[,>]'; }
kill "$PEARPD_PID"
wait "$PEARPD_PID"
check "at its end it is put down again" not is_up eth1
check "the other, which was up, stays up" is_up eth0
lab_start_pearpd absent.log
check "a start with it down: talks" wait_for 20 reached

box_link set eth1 mtu 1400
is_oversize() { on remote ping -q -c 1 -W 0.2 -M do -s 1373 $NEIGHBOUR; [ "$(stat_of drops/oversize)" -gt 0 ]; }
check "a smaller MTU is noticed" wait_for 20 is_oversize
before=$(stat_of drops/oversize)
check "what fits the smaller MTU passes" on remote ping -q -c 3 -i 0.05 -W 10 -M do -s 1372 $NEIGHBOUR
on remote ping -q -c 5 -i 0.05 -W 1 -M do -s 1373 $NEIGHBOUR >/dev/null
check "what does not is oversize, each frame" grew drops/oversize "$before" 5
box_link set eth1 mtu 1500
check "with the old MTU all passes again" wait_for 20 on remote ping -q -c 3 -i 0.05 -W 1 -M do -s 1472 $NEIGHBOUR

# A name that is not the interface's first: the kernel's news carry the first one.
box_link set eth1 down
box_link set eth1 name lan7
box_link property add dev lan7 altname eth1
box_link set lan7 up
ups() { grep -c "port-up downstream (lan7)" "$LAB_DIR/absent.log"; }
ups_are() { [ "$(ups)" -eq "$1" ]; }
check "an alternative name is as good" wait_for 20 ups_are 1
check "talks" wait_for 20 reached
box_link set lan7 down
check "the interface goes down: the log says no more than that" \
    wait_for 20 grep -q 'port-down downstream (lan7)' "$LAB_DIR/absent.log"
box_link set lan7 up
check "and up again" wait_for 20 ups_are 2
check "it was never gone" not grep -q 'lan7.* is gone' "$LAB_DIR/absent.log"
check "talks" wait_for 20 reached

sed -i 's/^downstream .*/downstream = eth7/' "$LAB_DIR/lab.conf"
check "a reload names an interface that is not there" ctl reload
check "the log does not say that the old one is gone" \
    grep -q 'lan7 (downstream) is no longer used: the configuration names eth7' "$LAB_DIR/absent.log"
sed -i 's/^downstream .*/downstream = eth1/' "$LAB_DIR/lab.conf"
check "a reload names the old one" ctl reload
check "talks" wait_for 20 reached
check "every frame is accounted for" equation

# mac = auto: the bridge MAC comes of a card that is not there yet.
kill "$PEARPD_PID"
wait "$PEARPD_PID"
box_link set eth0 down
box_link set eth0 address 02:00:00:00:00:01
box_link set eth0 name away
sed -i 's/^mac .*/mac = auto/' "$LAB_DIR/lab.conf"
lab_start_pearpd auto.log
check "mac = auto without its interface: starts" same 0 $?
check "and waits for it" wait_for 20 grep -q 'waiting for eth0 (upstream)' "$LAB_DIR/auto.log"
check "no host hears of a bridge MAC that changes" not grep -q port-up "$LAB_DIR/auto.log"
check "a reload that cannot know the MAC is refused" refused ctl reload
box_link set away name eth0
check "it comes: the MAC is known" wait_for 20 grep -q 'the bridge MAC is 02:50:45:00:00:01' "$LAB_DIR/auto.log"
check "talks" wait_for 30 reached
check "the router knows the bridge's MAC" same 02:50:45:00:00:01 "$(router_cache)"
check "every frame is accounted for" equation
done_testing
