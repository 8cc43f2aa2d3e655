#!/bin/bash
# pearpd is killed and started again a second later: the kernel goes on with what was established, so no frame is lost, doubled
# or overtaken, and the next daemon counts what was forwarded without it. A stop removes all of it, and after a crash
# pearpd --detach does.
# Reliability rows (as far as they apply): F12.
# takes: 30 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/accel.sh"
. "$LAB_ROOT/tests/lib/state.sh"
. "$LAB_ROOT/tests/lib/bpf_box.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_ACCEL=tc
KILLS=${KILLS:-2}

kills()
{
    local n
    for n in $(seq "$KILLS"); do
        wait_for 20 carries_all && sleep 0.2 || return 1
        kill_it KILL && sleep 1 && lab_start_pearpd || return 1
    done
}
programs() { on box tc filter show dev eth0 ingress | grep -c pearp; }

bpf_box_test
serve_all || bail "no servers"
accel_or_skip
check "what is attached is pinned" test "$(pins)" -gt 5
check "all is well" reached
check "both ways: all, in order" both_ways 1
wait_for 20 is_saved 3
kills 2>/dev/null &
kills=$!
check "pearpd is killed $KILLS times: all, in order" both_ways $((2 * KILLS * ${PEARPD_PATIENCE:-1}))
check "it was started again" wait "$kills"
check "all is well" reached
check "every frame is accounted for" equation
check "the frames passed by the kernel" test "$(fast)" -gt 100

sleep 2.5 # the counters are saved
frames=$(account 1 rx_frames)
kill_it KILL
wait_for 20 is_gone
check "while pearpd is down: all, in order" stream remote host1 $SHARED 2500 1
check "started again" lab_start_pearpd
has_all() { [ "$(account 1 rx_frames)" -ge $((frames + RATE)) ]; }
check "the host's account has every frame of the time without pearpd" wait_for 20 has_all
check "and no other" same $((frames + RATE)) "$(account 1 rx_frames)"
check "the owners are confirmed, and the kernel forwards for them again" wait_for 20 carries_all
check "both ways: all, in order" both_ways 1

kill_it KILL
wait_for 20 is_gone
check "killed: what is established is forwarded" stream remote host1 $SHARED 2500 1
check "--detach removes it" in_box "$PEARPD_BUILD/pearpd" -c "$LAB_DIR/lab.conf" --detach
check "nothing is pinned" same 0 "$(pins)"
check "nothing is attached" same 0 "$(programs)"
check "no device is left" same 0 "$(punts)"
check "nothing is forwarded" not talk_on remote ask udp $SHARED 2080 -t 1
lab_start_pearpd
check "started again, all is well" wait_for 20 reached

kill_it KILL
wait_for 20 is_gone
sed -i 's/^accel .*/accel = none/' "$LAB_DIR/lab.conf"
check "killed, and started without a fast path" lab_start_pearpd
check "nothing is left of it" same "0 0 0" "$(pins) $(programs) $(punts)"
check "the port is as it was" not grep -q PROMISC <(on box ip link show eth0)
check "all is well" wait_for 20 reached
check "both ways: all, in order, once" both_ways 1
sed -i 's/^accel .*/accel = tc/' "$LAB_DIR/lab.conf"
check "a reload switches it on" ctl reload
check "all is well" wait_for 20 reached

kill_it KILL
wait_for 20 is_gone
sed -i 's/^upstream .*/upstream = missing0/' "$LAB_DIR/lab.conf"
check "killed, and started on another interface, which is not there" lab_start_pearpd
check "the program of the one before is gone" same 0 "$(programs)"
check "nothing is forwarded" not talk_on remote ask udp $SHARED 2080 -t 1
check "the port is as it was" not grep -q PROMISC <(on box ip link show eth0)
sed -i 's/^upstream .*/upstream = eth0/' "$LAB_DIR/lab.conf"
check "a reload names it again" ctl reload
check "all is well" wait_for 20 reached
kill_it TERM
wait_for 20 is_gone
check "after a stop nothing is pinned" same 0 "$(pins)"
check "and nothing is attached" same 0 "$(programs)"
check "and no device is left" same 0 "$(punts)"
check "the port is as it was" not grep -q PROMISC <(on box ip link show eth0)
done_testing
