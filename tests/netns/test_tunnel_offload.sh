#!/bin/bash
# Super-frames inside tunnels: bulk TCP in VXLAN, Geneve, GRE, IPIP and 6in4 between a host with an address of its own and the router.
# A packet socket cannot carry such a frame as it is: pearpd cuts it, and every byte arrives.
# Reliability rows (as far as they apply): S32.
# alone: super-frames come of bulk transfers
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/tunnels.sh"
LAB_HOSTS=1 LAB_MODE=agent
lab_test
serve router router 7000 && watch_large || bail "no server"

# bulk TEXT ADDRESS: 20 MB each way, as sent.
bulk()
{
    local before
    wait_for 20 answers "$2"
    before=$(large)
    check "$1: 20 MB to the router, every byte as sent" talk_on neighbour send "$2" 7000 20000000
    check "$1: 20 MB from the router" talk_on neighbour fetch "$2" 7000 20000000
    check "$1: they came as super-frames" test "$(large)" -gt "$before"
}

# bulk6 TEXT PREFIX: 20 MB over IPv6 to the router.
bulk6()
{
    local before
    wait_for 20 answers "$2::1"
    before=$(large)
    start router bulk6 /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" bulk6 "$2::1" 7000 -l
    wait_for 20 grep -q ready "$LAB_DIR/bulk6"
    talk_on neighbour bulk6 "$2::1" 7000
    check "$1: 20 MB to the router, every byte as sent" wait_for 20 grep -qx 20000000 "$LAB_DIR/bulk6"
    check "$1: they came as super-frames" test "$(large)" -gt "$before"
}

number=0
while read -r text type options; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    if ! tunnel $number "$type" $options; then
        skip "$text" "the kernel has no $type"
        continue
    fi
    case $type in
    sit) bulk6 "$text" fd00:$number ;;
    *) bulk "$text" 10.9.$number.1 ;;
    esac </dev/null
    [ "$text" != VXLAN ] || bulk6 "IPv6 in VXLAN" fd00:$number </dev/null
done <<<"$TUNNELS"

check "no frame was refused" same "0 0" "$(stat_of drops/send_failed) $(stat_of drops/unsupported_offload)"
check "every frame is accounted for" equation
echo "# S32: bulk TCP inside $number kinds of tunnels, as far as the kernel has them, as sent; 0 refused"
done_testing
