# accel.sh: what the stories of the fast path share. Sourced after lab.sh.
# shellcheck shell=bash

RATE=${RATE:-2000} # numbered datagrams a second, each way

fast() { echo $(($(stat_of fast_path/upstream_frames) + $(stat_of fast_path/downstream_frames))); }
is_active() { [ "$(stat_of fast_path/active)" = "${1:-True}" ]; }
# account HOST NAME: a number of its account
account() { ctl account --json | /usr/bin/python3 -c 'import json, sys
print(*(row[sys.argv[2]] for row in json.load(sys.stdin) if row["mac"] == sys.argv[1]))' "$(host_mac "$1")" "$2"; }
# stream FROM TO ADDRESS PORT SECONDS [-l]: numbered datagrams one way; all (-l: or less), in order.
stream()
{
    local log
    log=stream-$1-$2
    rm -f "$LAB_DIR/$log" # an earlier one said ready, too
    start "$2" "$log" /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" in-order "$4" $((RATE * $5)) ${6:-}
    wait_for 20 grep -q ready "$LAB_DIR/$log" || return 1
    talk_on "$1" numbers "$3" "$4" $RATE "$5" >/dev/null
    wait "$LAB_PID"
    local status=$?
    tail -n 1 "$LAB_DIR/$log"
    return $status
}
both_ways()
{
    at_once stream remote host1 $SHARED 2500 "$1"
    at_once stream host2 remote $REMOTE 7100 "$1"
    all_done
}

# Each time the binding ends and comes back the flow goes by the daemon and then by the kernel again. In between nobody owns
# the port, and frames are dropped.
flap()
{
    local n
    for n in $(seq 20); do
        ctl delete $SHARED:2000-2999 && ctl add $SHARED:2000-2999 "$(host_mac 1)"
        sleep 0.05
    done
}
reloads()
{
    local n
    for n in 1 2 3 4 5; do
        ctl reload || return 1
        sleep 0.2
    done
}

# The flows of both_ways, while the table changes, while their own binding ends and comes back, and over reloads.
changes_and_reloads()
{
    local pid
    start box churn /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" churn "$LAB_DIR/pearpd.sock" $SHARED 50000 5000 00:0c:29:00:00:bb 3
    pid=$LAB_PID
    check "while the table changes: all, in order" both_ways 2
    wait "$pid"
    check "it did change: $(tail -n 1 "$LAB_DIR/churn") times a second" test "$(tail -n 1 "$LAB_DIR/churn")" -gt $((RATE / 20))
    flap >/dev/null &
    pid=$!
    check "while the owner's own range ends and is added again: in order" stream remote host1 $SHARED 2500 2 -l
    wait "$pid"
    check "the table is as before" owned_by 2000-2999 "$(host_mac 1)"
    reloads >/dev/null &
    pid=$!
    check "over reloads: all, in order" both_ways 2
    check "which went well" wait "$pid"
}

accel_or_skip()
{
    is_active && return
    echo "1..0 # SKIP no fast path: $(stat_of fast_path/why_not)"
    exit 0
}
