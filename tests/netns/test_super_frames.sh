#!/bin/bash
# Super-frames that hosts send on purpose: a train of 64 datagrams (UDP_SEGMENT, as QUIC servers send) and a long message by
# SCTP, to the router's side and to a host that shares the address. Where the kernel cannot give them to a packet socket they are
# counted and logged; none of them stops the bridge.
# Reliability rows (as far as they apply): S30.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all || bail "no servers"

unsupported() { stat_of drops/unsupported_offload; }
more_unsupported() { [ "$(unsupported)" -gt "$1" ]; }
# train PLACE ADDRESS PORT: all 64 answered, or dropped under the name, with a line in the log.
train()
{
    local before answers
    before=$(unsupported)
    answers=$(talk_on "$1" train "$2" "$3" 64)
    echo "$answers answers"
    [ "$answers" = 64 ] && return
    wait_for 20 more_unsupported "$before" && in_log "unsupported_offload"
}
alive()
{
    talk_on neighbour ask udp $SHARED 3080 && talk_on neighbour ask tcp $REMOTE 7000 && reached
}

check "all is well before" alive
check "64 datagrams in one super-frame, from a host with an address of its own to the remote" train neighbour $REMOTE 7000
check "what follows passes" alive
check "from a host to the remote" train host1 $REMOTE 7000
check "what follows passes" alive
check "from the remote to a host that shares the address" train remote $SHARED 3080
check "what follows passes" alive
check "from a neighbour to it" train neighbour $SHARED 3080
check "what follows passes" alive
for _ in 1 2 3 4 5 6 7 8; do
    at_once talk_on host1 train $REMOTE 7000 64
    at_once talk_on neighbour train $REMOTE 7000 64
    at_once talk_on remote train $SHARED 3080 64
done >/dev/null
all_done
check "many at once, both ways: what follows passes" alive

sctp()
{
    local from=$1 to=$2 address=$3 port=$4
    start "$to" "sctp-$to" /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" sctp 0.0.0.0 "$port" -l
    wait_for 20 grep -q ready "$LAB_DIR/sctp-$to" && talk_on "$from" sctp "$address" "$port" &&
        wait_for 20 grep -q '^[0-9]' "$LAB_DIR/sctp-$to" && tail -n 1 "$LAB_DIR/sctp-$to"
}
talk_on neighbour sctp 127.0.0.1 1 2>/dev/null
if [ $? -ne 3 ]; then
    check "a message of 50,000 bytes by SCTP from a neighbour to the remote" sctp neighbour remote $REMOTE 7001
    check "what follows passes" alive
    check "and to a host that shares the address" sctp neighbour host2 $SHARED 3081
    check "what follows passes" alive
else
    skip "a message of 50,000 bytes by SCTP" "the kernel has no SCTP"
fi

check "no ring was ever stopped" not in_log "stopped the receive ring"
check "every frame is accounted for" equation
echo "# S30: trains of 64 datagrams by UDP_SEGMENT pass or are dropped by name ($(unsupported) of them), 0 rings stopped"
done_testing
