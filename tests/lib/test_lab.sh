#!/bin/bash
# The lab itself, with a kernel bridge where pearpd would stand: two at once, each taken down by its name, and nothing
# left of one whose script was interrupted.
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
. "$(dirname "$0")/tap.sh"
lab=$(cd "$(dirname "$0")" && pwd)/lab.sh
dir=$(mktemp -d) || exit 1
ids=()
trap 'for id in "${ids[@]}"; do "$lab" down "$id" 2>/dev/null; done; rm -rf "$dir"' EXIT

raise() { "$lab" up -b -n 1 | sed -n 's/^lab \([^:]*\):.*/\1/p'; }
pings() { ip netns exec "pearp-$1-host1" ping -q -c 1 -W 10 198.51.100.10; }
# gone ID: for check
gone()
{
    ip netns list | grep "pearp-$1-"
    ls -d /tmp/pearpd-lab."$1" 2>/dev/null
    ! ip netns list | grep -q "pearp-$1-" && ! [ -e "${TMPDIR:-/tmp}/pearpd-lab.$1" ]
}

for n in 0 1; do
    ids[n]=$(raise)
done
check "the first reaches its remote host" pings "${ids[0]}"
check "so does the second" pings "${ids[1]}"
check "the first is taken down" "$lab" down "${ids[0]}"
check "nothing is left of it" gone "${ids[0]}"
check "the second still stands" pings "${ids[1]}"
check "a lab that is not there cannot be taken down" not "$lab" down "${ids[0]}"
check "the second is taken down" "$lab" down "${ids[1]}"
check "nothing is left of that" gone "${ids[1]}"

for signal in TERM INT HUP; do
    # Job control gives the script its own process group and the signals their usual effect.
    set -m
    LAB_BOX=bridge LAB_HOSTS=1 bash -c '
        . "$1"
        lab_guard
        lab_up && serve_all || exit 1
        echo "$LAB_ID" >"$2"
        while :; do sleep 0.1; done' story "$lab" "$dir/$signal" &
    script=$!
    set +m
    wait_for 20 test -s "$dir/$signal"
    id=$(cat "$dir/$signal")
    ids+=("$id")
    check "one stands, with servers in it" pings "$id"
    kill "-$signal" "$script"
    wait "$script" 2>/dev/null
    check "SIG$signal: nothing is left of it" gone "$id"
done
done_testing
