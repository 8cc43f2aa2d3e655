#!/bin/bash
# A hundred thousand frames of all kinds, while a host comes and goes and the operator looks: what pearpd holds at the end it
# held after a tenth of them. Nothing of the traffic beside it is lost.
# ROUNDS (4): of 30,000 frames each but the first, for hours of it.
# Reliability rows: L6.
# alone: floods take both processors
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/floods.sh"
LAB_HOSTS=3 LAB_MODE=agent LAB_LEARN='pe-arp, traffic'
ROUNDS=${ROUNDS:-4} SECONDS_EACH=2
lab_test
serve_all && watch_owners || bail "no servers"
bridge=02:50:45:00:00:01 router_mac=00:12:7f:c4:38:d3
attacker=$(on neighbour cat /sys/class/net/eth0/address)

# mixed FRAGMENTS OTHERS: so many a second of each of four kinds; prints how many frames that were.
mixed()
{
    local kind floods=()
    flood router sweep "$2" $router_mac $bridge $REMOTE 8000 65535 >"$LAB_DIR/sent.sweep" & floods+=($!)
    flood router fragment "$1" $router_mac $bridge $REMOTE 2080 2080 >"$LAB_DIR/sent.fragment" & floods+=($!)
    flood neighbour claim "$2" "$attacker" ff:ff:ff:ff:ff:ff $NEIGHBOUR 20000 60000 >"$LAB_DIR/sent.claim" & floods+=($!)
    flood neighbour storm "$2" "$attacker" ff:ff:ff:ff:ff:ff $NEIGHBOUR >"$LAB_DIR/sent.storm" & floods+=($!)
    for kind in table stats services; do
        ctl $kind >/dev/null || return 1
    done
    wait "${floods[@]}" || return 1
    cat "$LAB_DIR"/sent.* | awk '{ sum += $1 } END { print sum }'
}
# round FRAGMENTS OTHERS: the third host goes, and comes back.
round()
{
    kill "${AGENT_PID[3]}"
    quiet_during "round $((++rounds))" mixed "$@"
    frames=$((frames + SENT))
    wait "${AGENT_PID[3]}"
    lab_start_agent 3
    check "the host that went is back" wait_for 20 lab_bound 3
    wait_for 20 none_held
}
none_held() { [ "$(stat_of frames/held)" = 0 ]; }

# The first tenth fills the table of what waits, whose memory is taken as it is needed.
rounds=0 frames=0
round 2750 750
tenth=$(pss_kib) descriptors=$(fds)
while [ $rounds -lt "$ROUNDS" ]; do
    round 3750 3750
done
end=$(pss_kib)
if is_sanitized; then
    skip "memory" "AddressSanitizer has its own"
else
    check "memory at the end is at most 1.02 times that after a tenth" test $((end * 100)) -le $((tenth * 102))
fi
check "as many descriptors as then" same "$descriptors" "$(fds)"
check "no frame came to a wrong host" same "0 0 0" "$(arrived 1 wrong) $(arrived 2 wrong) $(arrived 3 wrong)"
echo "# L6: $frames frames: Pss $tenth KiB after the first tenth, $end KiB at the end; quiet traffic whole"
done_testing
