#!/bin/bash
# Three hosts with agents hold one address. All of them talk TCP and UDP with the remote host at once, ping it, and
# are reached at servers inside their ranges that never sent a frame before. Nothing comes to a wrong host.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent LAB_LEARN=pe-arp
lab_test

watch_owners && serve_all || bail "no servers"

for n in $(hosts); do
    check "host$n's server is reached over TCP, unasked before" \
        same "host$n" "$(talk_on remote ask tcp $SHARED $(($(host_first "$n") + 80)) | cut -d' ' -f1)"
    check "host$n's server is reached over UDP" \
        same "host$n" "$(talk_on remote ask udp $SHARED $(($(host_first "$n") + 80)) | cut -d' ' -f1)"
done

for n in $(hosts); do
    for protocol in tcp udp; do
        at_once talk_on "host$n" ask $protocol $REMOTE 7000 -c 200 >"$LAB_DIR/$protocol$n" 2>&1
    done
    at_once on "host$n" ping -q -c 20 -i 0.05 -W 10 $REMOTE >"$LAB_DIR/ping$n" 2>&1
    at_once talk_on remote quiet $SHARED $(($(host_first "$n") + 80)) 500 2 "host$n" >"$LAB_DIR/quiet$n" 2>&1
done
at_once on remote ping -q -c 20 -i 0.05 -W 10 $SHARED >"$LAB_DIR/ping" 2>&1
all_done

# inside FILE N: 200 answers, all to ports of host N
inside()
{
    awk -v first="$(host_first "$2")" -v last="$(host_last "$2")" -v shared=$SHARED '
        { split($3, peer, ":"); good += $1 == "remote" && peer[1] == shared && peer[2] >= first && peer[2] <= last }
        END { print good " good of " NR; exit !(good == 200 && NR == 200) }' "$1"
}

for n in $(hosts); do
    check "host$n talked TCP from its own ports" inside "$LAB_DIR/tcp$n" "$n"
    check "host$n talked UDP from its own ports" inside "$LAB_DIR/udp$n" "$n"
    check "host$n pinged, and lost nothing" grep -q ' 20 received' "$LAB_DIR/ping$n"
done
check "the remote pinged the shared address" grep -q ' 20 received' "$LAB_DIR/ping"
check "no numbered datagram lost, doubled or answered by a wrong host" \
    same 3 "$(grep -h ', 0 lost, 0 came twice, 0 from another host' "$LAB_DIR"/quiet* | wc -l)"
check "no frame came to a wrong host" only_owners
check "every frame is accounted for" equation
done_testing
