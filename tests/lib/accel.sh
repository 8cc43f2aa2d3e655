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

accel_or_skip()
{
    is_active && return
    echo "1..0 # SKIP no fast path: $(stat_of fast_path/why_not)"
    exit 0
}
