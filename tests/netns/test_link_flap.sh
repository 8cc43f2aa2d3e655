#!/bin/bash
# A link goes down and comes up again, on either side, once and many times in a row. Traffic goes on by itself,
# and the daemon neither ends nor spins while a link is down.
# Reliability rows (as far as they apply): F6.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent
lab_test
serve_all || bail "no servers"
monitor


# flap SIDE PLACE INTERFACE
flap()
{
    local before
    check "$1: talks before" reached
    on "$2" ip link set "$3" down
    before=$(ticks)
    sleep 1
    check "$1: no spin while the link is down" test $(($(ticks) - before)) -le 10
    on "$2" ip link set "$3" up
    check "$1: talks again after the link is up" wait_for 20 reached
}

flap upstream router eth0
flap downstream switch box
before=$(fds)
check "events tell of the ports" wait_for 20 grep -q 'port-down' "$LAB_DIR/events"

for n in $(seq 1 20); do
    on router ip link set eth0 down
    on switch ip link set box down
    sleep 0.0"$((RANDOM % 10))"
    on router ip link set eth0 up
    sleep 0.0"$((RANDOM % 10))"
    on switch ip link set box up
done
check "20 flaps of both sides: talks again" wait_for 20 reached
check "the box's own interfaces, down and up" on box ip link set eth0 down
on box ip link set eth1 down
sleep 0.2
on box ip link set eth0 up
on box ip link set eth1 up
check "talks again" wait_for 20 reached
check "no descriptor was lost" same "$before" "$(fds)"
check "all three ranges are in the table" same 3 "$(ctl table | grep -c '^192.35.162.2:.* C')"
check "the router knows the bridge's MAC" same 02:50:45:00:00:01 "$(router_cache)"
check "every frame is accounted for" equation
done_testing
