#!/bin/bash
# ICMP for hosts that share an address, with stock programs: path MTU discovery over a narrow link behind the router,
# traceroute of three kinds and mtr, and pings of two hosts with one id. Each error comes to the host that it is about.
# takes: 40 s
. "$(dirname "$0")/../lib/lab.sh"

# The router sends nothing longer than 1,300 bytes to the remote, which does not know of it.
narrow_link() { on router ip link set $LAB_UPLINK mtu 1300; }
learned_mtu() { on "$1" ip route get $REMOTE | grep -o 'mtu [0-9]*'; }
hops() { grep -Eo '(192\.35\.162\.1|198\.51\.100\.10)\b' "$1" | uniq | tr '\n' ' '; }

for LAB_MODE in agent plain; do
    LAB_HOSTS=2 LAB_LEARN='pe-arp, traffic'
    lab_test
    serve_all && watch_owners || bail "no servers"
    for n in $(hosts); do
        check "$LAB_MODE: host$n: pings of 4,000 bytes, in fragments both ways" \
            on "host$n" ping -q -c 3 -i 0.2 -W 10 -M dont -s 4000 $REMOTE
    done
    narrow_link
    for n in $(hosts); do
        check "$LAB_MODE: host$n knows no path MTU yet" same "" "$(learned_mtu "host$n")"
        check "$LAB_MODE: host$n sends 1 MB over the narrow link" talk_on "host$n" send $REMOTE 7000 1000000
        check "$LAB_MODE: host$n has learned its path MTU" same "mtu 1300" "$(learned_mtu "host$n")"
    done
    on host1 ip route flush cache
    on host2 ip route flush cache
    check "$LAB_MODE: a ping that may not be fragmented is told so" \
        grep -q 'mtu *= *1300' <(on host2 ping -c 1 -W 10 -M do -s 1400 $REMOTE 2>&1)
    check "$LAB_MODE: and the other host is not" same "" "$(learned_mtu host1)"

    for n in $(hosts); do
        for kind in -U -I -T; do
            on "host$n" traceroute $kind -n -q 1 -w 10 -m 4 $REMOTE >"$LAB_DIR/trace" 2>&1
            check "$LAB_MODE: host$n: traceroute $kind sees every hop" \
                same "192.35.162.1 198.51.100.10 " "$(tail -n +2 "$LAB_DIR/trace" >"$LAB_DIR/hops"; hops "$LAB_DIR/hops")"
        done
        on "host$n" mtr -n -r -c 2 $REMOTE >"$LAB_DIR/mtr" 2>&1
        check "$LAB_MODE: host$n: mtr sees every hop, nothing lost" \
            same 2 "$(grep -Ec '(192\.35\.162\.1|198\.51\.100\.10) +0\.0%' "$LAB_DIR/mtr")"
    done

    # The same id at once, each sequence number a tenth of a second apart.
    at_once on host1 ping -q -e 2345 -c 20 -i 0.2 -W 10 $REMOTE >"$LAB_DIR/ping1" 2>&1
    sleep 0.1
    at_once on host2 ping -q -e 2345 -c 20 -i 0.2 -W 10 $REMOTE >"$LAB_DIR/ping2" 2>&1
    all_done
    for n in $(hosts); do
        check "$LAB_MODE: host$n's pings with the other's id came back" grep -q ' 20 received' "$LAB_DIR/ping$n"
        check "$LAB_MODE: and none twice" not grep -q duplicates "$LAB_DIR/ping$n"
    done
    check "$LAB_MODE: no frame came to a wrong host" only_owners
    check "$LAB_MODE: every frame is accounted for" equation
    lab_down
done
done_testing
