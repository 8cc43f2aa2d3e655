#!/bin/bash
# The edge router: the box is itself the router, its kernel routes into a tap, and pearpd stands between that tap and
# the hosts. Everything that the bridge deployment does, without a second machine; what belongs to a tap alone: it outlives
# pearpd with its addresses and routes, carries super-frames, is deleted and made anew, is refused where it is not one.
# Reliability rows (as far as they apply): F7, L2, S29.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
OTHER=192.35.162.3
LAB_HOSTS=3 LAB_MODE=agent LAB_BOX=edge LAB_CONF="[address $OTHER]
[range $OTHER:5000-5999]
mac = $(host_mac 1)"
[ -c /dev/net/tun ] || { echo "1..0 # SKIP needs /dev/net/tun"; exit 0; }
lab_test
serve_all && watch_large && watch_owners || bail "no servers"

tap() { on box ip link "$@"; }
tap_mac() { on box cat /sys/class/net/$LAB_UP/address; }

# refused NAME TEXT: pearpd does not start with that upstream and says why.
refused()
{
    sed "s/^upstream .*/upstream = tap:$1/; s/^socket .*/socket = \\/nowhere.sock/" "$LAB_DIR/lab.conf" >"$LAB_DIR/bad.conf"
    on box timeout 5 "$PEARPD_BUILD/pearpd" -c "$LAB_DIR/bad.conf" >"$LAB_DIR/bad.log" 2>&1
    [ $? -eq 1 ] && cat "$LAB_DIR/bad.log" && grep -q "upstream = tap:$1: $2" "$LAB_DIR/bad.log"
}

for n in $(hosts); do
    port=$(($(host_first "$n") + 80))
    for protocol in tcp udp; do
        check "host$n reaches the remote, $protocol" talk_on "host$n" ask $protocol $REMOTE 7000
        check "the remote reaches host$n, $protocol" \
            same "host$n" "$(talk_on remote ask $protocol $SHARED $port | cut -d' ' -f1)"
    done
    check "host$n pings the remote" on "host$n" ping -q -c 2 -i 0.1 -W 10 $REMOTE
done
check "the remote pings the shared address, pearpd answers" on remote ping -q -c 2 -i 0.1 -W 10 $SHARED
check "the router itself reaches a host" same host2 "$(talk_on router ask tcp $SHARED 3080 | cut -d' ' -f1)"
check "the neighbour is a neighbour" same host3 "$(talk_on neighbour ask tcp $SHARED 4080 | cut -d' ' -f1)"
check "the router pings the neighbour" on router ping -q -c 2 -i 0.1 -W 10 $NEIGHBOUR
check "the kernel has pearpd's MAC for the shared address, and nothing else" \
    same "dev $LAB_UP lladdr 02:50:45:00:00:01" "$(on box ip -4 neighbour show $SHARED | sed 's/ [A-Z]* *$//; s/^[^ ]* //')"
check "a neighbour has the tap's MAC for the router" same "$(tap_mac)" \
    "$(on neighbour ip -4 neighbour show $ROUTER | awk '{ print $5 }')"
on neighbour ip neighbour replace $ROUTER lladdr "$(on box cat /sys/class/net/eth1/address)" dev eth0 nud permanent
check "who sends to the MAC of pearpd's interface gets nowhere" not on neighbour ping -q -c 2 -i 0.1 -W 1 $REMOTE
on neighbour ip neighbour del $ROUTER dev eth0
check "it learned nobody of the shared subnet on the hosts' side" same "" "$(on box ip -4 neighbour show dev eth1)"
check "the table names the tap" grep -q "^$SHARED  .* CMP  *$LAB_UP\$" <(ctl table)
check "50 MB from a host" talk_on host1 send $REMOTE 7000 50000000
check "50 MB to a host" talk_on remote send $SHARED 2080 50000000
supers=$(large)
check "super-frames went through the tap" test "$supers" -gt 0
check "datagrams of every size come back as sent" talk_on remote sizes $SHARED 2080 host1
check "30 datagrams in one super-frame to a host" talk_on remote segments $SHARED 2080
check "and from one" talk_on host1 segments $REMOTE 7000
check "pings of 4,000 bytes, in fragments both ways" on host2 ping -q -c 2 -i 0.1 -W 10 -M dont -s 4000 $REMOTE
check "traceroute from a host sees the box as its first hop" \
    same "$ROUTER $REMOTE" "$(on host2 traceroute -n -q 1 -w 10 -m 4 $REMOTE | awk '/^ / { print $2 }' | paste -sd ' ')"
check "traceroute to a host sees the box, then the address" \
    same "198.51.100.1 $SHARED" "$(on remote traceroute -T -p 3080 -n -q 1 -w 10 -m 4 $SHARED | awk '/^ / { print $2 }' | paste -sd ' ')"

on box ip link set $LAB_UPLINK mtu 1300
check "1 MB over a narrow uplink" talk_on host2 send $REMOTE 7000 1000000
check "the host has learned its path MTU" grep -q 'mtu 1300' <(on host2 ip route get $REMOTE)
on box ip link set $LAB_UPLINK mtu 1500
on host2 ip route flush cache

on host1 ip address add $OTHER/24 dev eth0
serve host1 other 5080
check "a second shared address is reached" same other "$(talk_on remote ask tcp $OTHER 5080 | cut -d' ' -f1)"
check "the first one still is" reached
check "no frame came to a wrong host" only_owners
check "every frame is accounted for" equation
memory=$(pss_kib)
if is_sanitized; then
    skip "memory is within its bound, 24 MiB" "sanitizers take their own"
else
    check "memory is within its bound, 24 MiB" test "$memory" -le 24576
fi

# 6,000 datagrams for ports of nobody, which the kernel leaves to pearpd, while pearpd stands still: the tap holds what ring-slots
# says, the rest is counted.
tap_count() { on box cat "/sys/class/net/$LAB_UP/statistics/$1"; }
forwarded() { ctl stats --json | grep -q upstream_frames && stat_of fast_path/upstream_frames || echo 0; } # beside the tap's queue
figures_agree()
{
    lost=$(tap_count tx_dropped) sent=$(($(tap_count tx_packets) + $(tap_count tx_dropped)))
    by_tap=$(($(stat_of frames/upstream/in) - $(forwarded)))
    echo "in by the tap $by_tap, ring_full $(stat_of drops/ring_full); the kernel's counts $sent, $lost"
    [ "$lost" -gt 0 ] && [ "$(stat_of drops/ring_full)" -eq "$lost" ] && [ "$by_tap" -eq "$sent" ]
}
kill -STOP "$PEARPD_PID"
talk_on remote burst $SHARED 60500 6000
kill -CONT "$PEARPD_PID"
check "what the tap's queue lost is ring_full, and in is what the kernel sent, exactly" wait_for 20 figures_agree
check "the queue has as many places as a ring" test $((6000 - $(tap_count tx_dropped))) -ge 4000
lost=$(tap_count tx_dropped)
check "every frame is accounted for" equation

sed -i "s/^upstream .*/upstream = eth0/" "$LAB_DIR/lab.conf"
check "reload: from a tap to an interface is refused" not ctl reload
check "and said" wait_for 20 in_log 'upstream, to a tap or from one, cannot change while pearpd runs: restart it'
sed -i "s/^upstream .*/upstream = tap:$LAB_UP/" "$LAB_DIR/lab.conf"
check "reload with the tap" ctl reload
tap set $LAB_UP address 02:00:00:00:00:77
check "the tap with another MAC address: the router's MAC is another" wait_for 20 in_log "router's MAC is 02:00:00:00:00:77"
tap set $LAB_UP address 02:50:52:00:00:01
check "talks" wait_for 20 reached

before=$(tap_mac) index=$(on box cat /sys/class/net/$LAB_UP/ifindex)
on box ip route add 203.0.113.0/24 via $SHARED dev $LAB_UP
kill "$PEARPD_PID"
wait "$PEARPD_PID"
check "without pearpd the tap has no carrier" grep -q 'NO-CARRIER' <(tap show $LAB_UP)
lab_start_pearpd again.log
check "pearpd starts again" same 0 $?
check "on the same tap, with the same MAC" \
    same "$index $before" "$(on box cat /sys/class/net/$LAB_UP/ifindex) $(tap_mac)"
check "which kept its address and its route" \
    same "192.35.162.1/24 203.0.113.0/24" "$(on box ip -4 -br address show $LAB_UP | awk '{ print $3 }') $(on box ip route show 203.0.113.0/24 | cut -d' ' -f1)"
check "talks" wait_for 20 reached

tap set $LAB_UP down
check "the tap is down: an event" wait_for 20 in_log 'port-down upstream' again.log
check "nothing goes through" not reached
before_ticks=$(ticks)
sleep 0.5
check "no spin" test $(($(ticks) - before_ticks)) -le 3
tap set $LAB_UP up
check "up again: talks" wait_for 20 reached

tap del $LAB_UP
check "the tap deleted: a clear line" wait_for 20 in_log "$LAB_UP (upstream) is gone; waiting for it" again.log
before_ticks=$(ticks)
sleep 0.5
check "no spin" test $(($(ticks) - before_ticks)) -le 3
on box ip tuntap add $LAB_UP mode tap
tap set $LAB_UP address "$before"
lab_tap
check "made anew by ip(8): talks" wait_for 20 reached
check "with super-frames" talk_on remote send $SHARED 3080 10000000
check "every frame is accounted for, also those that could not be sent" equation
check "a tap that is in use" refused $LAB_UP "another process is attached to it: is another pearpd running?"
echo "# F7: a tap deleted and made anew is attached to again; down and up; pearpd anew on it: addresses and routes kept"
echo "# L3: 6,000 frames into a tap that nobody read: $lost lost at its queue, each ring_full"
echo "# S29: $supers super-frames through the tap, 100 MB as sent; Pss $memory KiB"
kill "$PEARPD_PID"
wait "$PEARPD_PID"

on box ip tuntap add tap1 mode tap
tap set tap1 address 02:50:45:00:00:01
on box ip address add 192.0.2.1/24 dev eth1
check "a tap with the bridge MAC" refused tap1 "it has the bridge MAC, 02:50:45:00:00:01"
check "an address on the hosts' side: a warning" grep -q "eth1 has the address 192.0.2.1" "$LAB_DIR/bad.log"
check "a name that is an interface's" refused eth0 "it is no tap"
on box ip tuntap add tun0 mode tun
check "a tun is no tap" refused tun0 "it is no tap"
done_testing
