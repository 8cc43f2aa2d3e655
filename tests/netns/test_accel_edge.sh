#!/bin/bash
# The fast path on an edge router: the kernel forwards what it routes into the tap, from the tap's egress, and gives the hosts'
# frames to itself as if pearpd had written them into the tap. Nobody sees a difference: the same hosts, bytes, counters and order,
# while the table changes, over reloads, while pearpd stands still, and while it is down.
# Reliability rows (as far as they apply): L7, F12.
# takes: 40 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/accel.sh"
. "$LAB_ROOT/tests/lib/state.sh"
. "$LAB_ROOT/tests/lib/bpf_box.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_BOX=edge LAB_ACCEL=tc
[ -c /dev/net/tun ] || { echo "1..0 # SKIP needs /dev/net/tun"; exit 0; }

at() { on box tc filter show dev "$1" "$2" | grep -c 'handle.*fast_ingress'; }
left() { echo "$(at $LAB_UP egress) $(at $LAB_UP ingress) $(at eth1 ingress) $(punts) $(pins)"; }
up_frames() { stat_of fast_path/upstream_frames; }
down_frames() { stat_of fast_path/downstream_frames; }

bpf_box_test
on box sysctl -q -w net.ipv4.conf.$LAB_UP.arp_evict_nocarrier=0 || bail "docs/edge-router.md needs Linux 5.16"
serve_all && watch_owners || bail "no servers"
accel_or_skip
check "programs at the tap's egress and at downstream's ingress, one punt device" same "1 0 1 1" "$(left | cut -d' ' -f1-4)"

check "all is well" reached
up=$(up_frames) down=$(down_frames) bytes=$(account 1 tx_bytes)
check "50 MB from a host" talk_on host1 send $REMOTE 7000 50000000
check "50 MB to a host" talk_on remote send $SHARED 2080 50000000
check "the kernel carried them down: $(($(up_frames) - up)) frames" test $(($(up_frames) - up)) -gt 500
check "and up: $(($(down_frames) - down)) frames" test $(($(down_frames) - down)) -gt 500
bytes=$(($(account 1 tx_bytes) - bytes))
check "the host's account has every byte: $bytes" test "$bytes" -gt 50000000
check "every frame is accounted for" equation
check "datagrams of every size come back as sent" talk_on remote sizes $SHARED 2080 host1
check "30 datagrams in one super-frame to a host" talk_on remote segments $SHARED 2080
check "and from one" talk_on host1 segments $REMOTE 7000
check "a ping, which pearpd forwards itself" on host1 ping -q -c 3 -i 0.2 -W 2 $REMOTE
check "the router's own stack reaches a host" same host2 "$(talk_on router ask tcp $SHARED 3080 | cut -d' ' -f1)"
check "and the neighbour" on router ping -q -c 2 -i 0.1 -W 2 $NEIGHBOUR
check "no frame came to a wrong host" only_owners

# The same frames with the fast path and without: the same counters. 30 of host2's come from a port of host1, 20 of the remote are for
# a port of nobody.
VIOLATION=08004500002e000100004011ee5ac023a202c633640a08341b58001a0000000000000000000000000000000000000000
figures() { ctl stats --json | /usr/bin/python3 -c 'import json, sys
stats = json.load(sys.stdin)
print(*(f"{name} {count}" for name, count in sorted({**stats["drops"], "violations": stats["counters"]["violations"]}.items())))'; }
nothing_held() { [ "$(stat_of frames/held)" = 0 ]; }
verdicts()
{
    local before router host
    router=$(on box cat /sys/class/net/$LAB_UP/address) host=$(host_mac 2)
    before="rx $(account 1 rx_frames) tx $(account 2 tx_frames) $(figures)"
    both_ways 1 >/dev/null || echo "numbers are missing"
    talk_on host2 frame eth0 "${router//:/}${host//:/}$VIOLATION" 30
    talk_on remote burst $SHARED 50500 20 >/dev/null
    wait_for 20 nothing_held
    echo "rx $(account 1 rx_frames) tx $(account 2 tx_frames) $(figures)" | awk -v before="$before" '{
        split(before, b)
        for (i = 1; i <= NF; i++) if ($i != b[i]) printf "%s %d ", $(i - 1), $i - b[i]
    }'
}
fast=$(verdicts)
sed -i 's/^accel .*/accel = none/' "$LAB_DIR/lab.conf"
check "a reload switches it off" ctl reload
check "and says so" is_active False
check "nothing is left of it" same "0 0 0 0 0" "$(left)"
check "by pearpd alone: the same frames, the same counters: $fast" same "$fast" "$(verdicts)"
sed -i 's/^accel .*/accel = tc/' "$LAB_DIR/lab.conf"
check "a reload switches it on" ctl reload
check "and says so" is_active
check "all is well" reached

changes_and_reloads
check "every frame is accounted for" equation

check "the kernel forwards for all owners again" wait_for 20 carries_all
kill -STOP "$(cat "$LAB_DIR/pid")"
check "while pearpd stands still: all, in order" both_ways 1
kill -CONT "$(cat "$LAB_DIR/pid")"
on box tc qdisc delete dev $LAB_UP clsact
check "another process deletes the tap's qdisc: it is made again" wait_for 20 in_log "removed by another process"
check "the kernel carries them" is_active
check "and all is well" reached

before=$(on box cat /sys/class/net/$LAB_UP/address)
on box ip link del $LAB_UP
check "the tap deleted" wait_for 20 in_log "$LAB_UP (upstream) is gone; waiting for it"
check "no fast path without it" is_active False
on box ip tuntap add $LAB_UP mode tap
on box ip link set $LAB_UP address "$before"
lab_tap
on box sysctl -q -w net.ipv4.conf.$LAB_UP.arp_evict_nocarrier=0
check "made anew by ip(8): talks" wait_for 20 reached
check "and the kernel forwards" wait_for 20 is_active
check "both ways: all, in order" both_ways 1

wait_for 20 is_saved 3
wait_for 20 carries_all
end_it KILL
check "pearpd is killed: all, in order, both ways" both_ways 1
check "started again on what was left" lab_start_pearpd
check "it took it over" in_log "bindings were forwarded while pearpd was down"
check "all is well" wait_for 20 reached
wait_for 20 carries_all
check "both ways: all, in order" both_ways 1
check "every frame is accounted for" equation
end_it KILL
check "killed again, --detach removes it" in_box "$PEARPD_BUILD/pearpd" -c "$LAB_DIR/lab.conf" --detach
check "nothing is left" same "0 0 0 0 0" "$(left)"
check "nor a qdisc" not grep -q clsact <(on box tc qdisc show)
check "nothing is forwarded" not talk_on remote ask udp $SHARED 2080 -t 1
check "started again" lab_start_pearpd
check "all is well" wait_for 20 reached
end_it TERM
check "after a stop nothing is left" same "0 0 0 0 0" "$(left)"
check "nor a qdisc" not grep -q clsact <(on box tc qdisc show)
done_testing
