#!/bin/bash
# A host asks for another range while it runs. The bridge gives what nobody else holds; else the host is told who does,
# and keeps what it has.
# takes: 15 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_CONF="[range $SHARED:9000-9099]
mac = 00:0c:29:00:00:77
[limits]
host-ports = 10"
lab_test

# resize N RANGE: what host N's agent says, and its exit status.
resize() { on "host$1" "$PEARPD_BUILD/pearp-agent" resize -i eth0 "$SHARED:$2" 2>&1; }
# refused N RANGE TEXT: in one line with that text, and exit 1.
refused()
{
    local said status
    said=$(resize "$1" "$2")
    status=$?
    [ "$status" -eq 1 ] && [ "$(wc -l <<<"$said")" -eq 1 ] && grep -q "$3" <<<"$said" && return
    echo "exit $status: $said"
    return 1
}
# owns N RANGE: of what the table has of host N's MAC, this range alone.
owns()
{
    same "${2:+$SHARED:$2}" "$(ctl table | awk -v mac="$(host_mac "$1")" '$3 == mac { print $1 }')"
}
ports_of() { on "host$1" sysctl -n net.ipv4.ip_local_port_range | tr '\t' ' '; }
usage_is_2()
{
    on host1 "$PEARPD_BUILD/pearp-agent" "$@" 2>/dev/null
    [ $? -eq 2 ]
}

before=$(on host1 nft list ruleset)
at_once refused 2 4000-9000 "no bridge asked for $SHARED:4000-9000 in 10 s" >"$LAB_DIR/permanent"
at_once refused 1 10000-16999 "$SHARED:2000-2999 stays" >"$LAB_DIR/too-much"
all_done
check "a permanent range, more than host-ports: nobody asks, ten seconds, exit 1" same 0 $?
diag "$(cat "$LAB_DIR/permanent" "$LAB_DIR/too-much")"
check "what another holds is refused, and who" \
    refused 1 2000-3499 "$(host_mac 2) holds $SHARED:3000-3999: $SHARED:2000-2999 stays"
check "the bridge has them as they were" owns 1 2000-2999
check "so has the host" same "$before" "$(on host1 nft list ruleset)"
check "what is held already: refused" refused 1 2000-2999 "is what is held"
check "no agent there" not on neighbour "$PEARPD_BUILD/pearp-agent" resize -i eth0 $SHARED:2000-2999
check "wrong usage" usage_is_2 resize
check "a port alone is wrong usage" usage_is_2 resize -i eth0 $SHARED:2000
check "a range that ends before it begins is wrong usage" usage_is_2 resize -i eth0 $SHARED:5000-4000
check "wrong usage" usage_is_2 resize -i eth0 -n $SHARED:2000-2999

check "the lower half is given up" resize 2 3500-3999
check "the bridge knows" wait_for 20 owns 2 3500-3999
check "the other host gets it" resize 1 2000-3499
check "the bridge knows" wait_for 20 owns 1 2000-3499
check "the kernel picks ports there" same "2000 3499" "$(ports_of 1)"
serve host1 host1 3480 || bail "no server"
check "a server on a port that is new is reached" talk_on remote ask tcp $SHARED 3480
check "the upper part is given up" resize 1 2000-2499
check "the bridge knows" wait_for 20 owns 1 2000-2499
check "downwards" resize 2 2500-3999
check "the bridge knows" wait_for 20 owns 2 2500-3999
check "all of it elsewhere" resize 1 10000-10999
check "the bridge knows, and what was held is free" wait_for 20 owns 1 10000-10999
check "status has it" eval 'on host1 "$PEARPD_BUILD/pearp-agent" status | grep -q "^'$SHARED:10000-10999' .* held .* yes"'
kill "${AGENT_PID[1]}"
wait "${AGENT_PID[1]}"
check "the agent stops" same 0 $?
check "what it had is free" wait_for 20 owns 1 ''
check "the host is as it was" same "32768 60999" "$(ports_of 1)"
check "every frame is accounted for" equation
done_testing
