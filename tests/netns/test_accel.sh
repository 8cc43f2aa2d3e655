#!/bin/bash
# The fast path: the kernel forwards what is established, and nobody sees a difference: the same hosts, bytes, counters and
# order, while the table changes, over a reload, and while pearpd is down.
# Reliability rows (as far as they apply): L7, F12.
# takes: 30 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_ACCEL=tc
LAB_CONF="[range $SHARED:60000-60999]
mac = 00:0c:29:9e:8c:ee"
. "$LAB_ROOT/tests/lib/accel.sh"

lab_test
serve_all || bail "no servers"
accel_or_skip

check "all is well" reached
before=$(fast) bytes=$(account 1 tx_bytes)
check "50 MB from a host" talk_on host1 send $REMOTE 7000 50000000
check "50 MB to a host" talk_on remote send $SHARED 2080 50000000
carried=$(($(fast) - before)) bytes=$(($(account 1 tx_bytes) - bytes))
check "the kernel carried them: $carried frames" test "$carried" -gt 1000
check "the host's account has every byte: $bytes" test "$bytes" -gt 50000000
check "every frame is accounted for" equation
check "datagrams of every size come back as sent" talk_on remote sizes $SHARED 2080 host1
check "a ping, which pearpd forwards itself" on host1 ping -q -c 3 -i 0.2 -W 2 $REMOTE

before=$(fast)
check "both ways, numbered: all, in order" both_ways 1
check "the kernel carried nearly all" test $(($(fast) - before)) -gt $((RATE * 19 / 10))

changes_and_reloads
check "every frame is accounted for" equation

sed -i 's/^accel .*/accel = none/' "$LAB_DIR/lab.conf"
check "a reload switches it off" ctl reload
check "and says so" is_active False
check "both ways by pearpd alone" reached
check "nothing is left at the ports" not grep -q . <(on box tc filter show dev eth0 ingress; on box tc qdisc show dev eth0 clsact)
check "nor beside them" not grep -q pearpd- <(on box ip link show)
sed -i 's/^accel .*/accel = tc/' "$LAB_DIR/lab.conf"
check "and on" ctl reload
check "and says so" is_active
check "all is well" reached

on box tc qdisc delete dev eth0 clsact
check "another process deletes the qdisc: it is made again" wait_for 20 in_log "removed by another process"
check "and all is well" reached
on box ip link delete dev "pearpd-$(on box cat /sys/class/net/eth1/ifindex)"
check "it deletes the punt device: it is made again" wait_for 20 in_log "punt device of downstream was removed by another process"
check "and all is well" wait_for 20 reached
check "the kernel carries them" is_active

# One side alone is served, too. Then the two change places: by the cards' names, hosts are where the router was.
lab_stop_pearpd() { kill "$PEARPD_PID" && wait "$PEARPD_PID"; }
lab_stop_pearpd
kill "${AGENT_PID[1]}" && wait "${AGENT_PID[1]}"
on box ip link set dev eth0 down && on box ip link set dev eth0 name late0
lab_start_pearpd alone.log || bail "does not start without its upstream"
lab_start_agent 1
check "upstream is not there: a host claims its ports and has them" wait_for 20 lab_bound 1
on box ip link set dev late0 name eth0 && on box ip link set dev eth0 up
check "it comes: all is well" wait_for 20 reached
check "and the kernel forwards" is_active
sed -i 's/^upstream .*/upstream = swap/; s/^downstream .*/downstream = eth0/; s/^upstream = swap/upstream = eth1/' "$LAB_DIR/lab.conf"
check "a reload with the two the other way round" ctl reload
check "the kernel forwards" wait_for 20 is_active
sed -i 's/^upstream .*/upstream = eth0/; s/^downstream .*/downstream = eth1/' "$LAB_DIR/lab.conf"
check "and back" ctl reload
check "the kernel forwards" wait_for 20 is_active
sleep 1.5 # pearpd looks each second
check "nobody was said to have removed anything" not grep -q "removed by another" "$LAB_DIR/alone.log"

# What it needs is taken: with tc it does not start, with auto it does, and says why.
lab_stop_pearpd
punt=pearpd-$(on box cat /sys/class/net/eth1/ifindex)
on box ip link add dev "$punt" type veth
check "tc, and the name of its device is taken: it does not start" not lab_start_pearpd taken.log
check "and says why" in_log "downstream: punt device: File exists" taken.log
sed -i 's/^accel .*/accel = auto/' "$LAB_DIR/lab.conf"
lab_start_pearpd auto.log || bail "auto: it does not start"
check "auto: it starts, and says why there is no fast path" in_log "every frame passes through pearpd: downstream: punt device: File exists" auto.log
check "all is well" wait_for 20 reached
check "nothing is left at the ports" not grep -q . <(on box tc filter show dev eth1 ingress)
on box ip link delete dev "$punt"
check "the name is free: the kernel forwards" wait_for 20 is_active
lab_stop_pearpd
sed -i 's/^accel .*/accel = tc/' "$LAB_DIR/lab.conf"
lab_start_pearpd alone.log || bail "does not start again"

on box ip link set dev eth0 down && on box ip link set dev eth0 name late0
sleep 0.5
on box tc qdisc delete dev eth1 clsact
check "one side alone, and another process deletes its qdisc: it is made again" wait_for 20 in_log "removed by another process" alone.log
attached() { on box tc filter show dev eth1 ingress | grep -q fast_ingress; }
check "the program is there" wait_for 20 attached
done_testing
