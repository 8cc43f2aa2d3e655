#!/bin/bash
# Clients of the web server that mean no good: garbage, half requests, headers without end, ten thousand connections that ask
# nothing. Each is closed in time, a good client is answered beside them, and forwarding does not notice.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_ACCEL=none
AT=127.0.0.1:9631
LAB_CONF="[limits]
metrics-clients = 16
[address 192.35.162.8]
ports = 1-65535
$(for n in $(seq 0 4094); do printf '[range 192.35.162.8:%d-%d]\nmac = 02:00:00:00:00:01\n' $((n * 16)) $((n * 16 + 7)); done)"
lab_test
serve_all || bail "no servers"
sed -i "s/^\[control\]/[control]\nmetrics = $AT/" "$LAB_DIR/lab.conf"
on box ip link set lo up
ctl reload || bail "no metrics"
web() { on box /usr/bin/python3 -SE "$LAB_ROOT/tests/lib/web.py" "$@"; }
is_answered() { web get $AT /metrics | grep -q '^pearpd_frames_held '; }
fds_as_before() { [ "$(fds)" -le "$before_fds" ]; }
before=$(ctl table) before_fds=$(fds) seed=$RANDOM

start remote quiet /usr/bin/python3 -SE "$LAB_ROOT/tests/lib/talk.py" quiet $SHARED 2080 500 120 host1
quiet=$LAB_PID
check "before: a good client is answered" is_answered
check "1,000 connections of garbage (seed $seed)" web garbage $AT 1000 $seed
check "a header that never ends is cut off" web drip $AT
# What is left of its answer waits in the kernel: the socket of the daemon is what counts.
start box deaf /usr/bin/python3 -SE "$LAB_ROOT/tests/lib/web.py" deaf $AT /api/table
deaf=$LAB_PID
has_more_fds() { [ "$(fds)" -gt "$before_fds" ]; }
check "a client that never reads a long answer is served" wait_for 20 has_more_fds
check "and cut off" wait_for 20 fds_as_before
kill $deaf
start box crowd /usr/bin/python3 -SE "$LAB_ROOT/tests/lib/web.py" crowd $AT 10000
crowd=$LAB_PID
check "10,000 connections: a good client is answered beside them" wait_for 20 is_answered
check "and again" wait_for 20 is_answered
check "there are never more than metrics-clients, and a turn's" test "$(fds)" -le $((before_fds + 16 + 16 + 4))
wait $crowd
check "each of them is closed" same 0 $?
diag "$(cat "$LAB_DIR/crowd")"
check "after: a good client is answered" is_answered
check "no descriptor is left" wait_for 20 fds_as_before
kill $quiet
wait $quiet
check "traffic did not notice" same 0 $?
diag "$(cat "$LAB_DIR/quiet")"
check "the table is unchanged" same "$before" "$(ctl table)"
check "every frame is accounted for" equation
done_testing
