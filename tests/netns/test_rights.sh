#!/bin/bash
# pearpd as its unit starts it: a user of its own with four capabilities, a folder of its own in the BPF file system. All that it
# does later works in its sandbox: links, reloads with and without a fast path, a port that comes back, a child that is killed;
# the kernel forwards on over a restart and loses no frame of an established flow.
# Reliability rows (as far as they apply): F12.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/accel.sh"
. "$LAB_ROOT/tests/lib/state.sh"
. "$LAB_ROOT/tests/lib/bpf_box.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_ACCEL=auto LAB_TMP=/tmp
NOBODY=65534 RIGHTS=+net_raw,+net_admin,+bpf,+perfmon

# In the background only: it becomes the command.
as_unit()
{
    exec nsenter --mount="/proc/$HOLDER/ns/mnt" --net="/run/netns/$(lab_place box)" setpriv --reuid=$NOBODY --regid=$NOBODY \
        --clear-groups --no-new-privs --bounding-set="-all,$RIGHTS" --inh-caps="-all,$RIGHTS" --ambient-caps="-all,$RIGHTS" "$@"
}
# As BindPaths= of the unit has it; once.
own_folder()
{
    nsenter --mount="/proc/$HOLDER/ns/mnt" sh -ec 'own=/sys/fs/bpf/pearpd
        [ ! -d $own ] || exit 0
        mount -t tmpfs tmpfs /run && mkdir /run/pearpd-bpf && chmod 700 /sys/fs/bpf
        mkdir -m 700 $own && chown "$1" $own && mount --bind $own /run/pearpd-bpf' - $NOBODY
}
lab_start_pearpd()
{
    own_folder || return 1
    chown -R $NOBODY "$LAB_DIR" "$STATE_DIR"
    as_unit "$PEARPD_BUILD/pearpd" -v -c "$LAB_DIR/lab.conf" >>"$LAB_DIR/pearpd.log" 2>&1 </dev/null &
    PEARPD_PID=$!
    disown
    echo "$PEARPD_PID" >"$LAB_DIR/pid"
    talk ready "$LAB_DIR/pearpd.sock" "$PEARPD_PID"
}
status_of() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$PEARPD_PID/status"; }
programs() { on box tc filter show dev eth0 ingress | grep -c pearp; }
# restarts N: as systemctl restart does, with a moment in between.
restarts()
{
    local n
    for n in $(seq "$1"); do
        wait_for 20 carries_all && sleep 0.2 && kill_it USR1 || return 1
        kill_it TERM
        wait_for 20 is_gone && sleep 0.5 && lab_start_pearpd || return 1
    done
}

bpf_box_test
serve_all || bail "no servers"

check "it runs as a user of its own" same $NOBODY "$(status_of Uid)"
check "ready: it has given up CAP_NET_RAW" same "0 0" "$((0x$(status_of CapEff) & 0x2000)) $((0x$(status_of CapPrm) & 0x2000))"
if nm -C "$PEARPD_BUILD/pearpd" 2>/dev/null | grep -q __asan; then
    skip "its system calls are limited" "built with a sanitizer"
else
    check "its system calls are limited" same 2 "$(status_of Seccomp)"
    check "by itself" not in_log 'not limited'
fi
check "all is well" wait_for 20 reached
check "its state is saved" wait_for 20 is_saved 3
old=$(writer_pid)
kill -9 $old
has_other() { [ -n "$(writer_pid)" ] && [ "$(writer_pid)" != "$old" ]; }
check "the child that saves it is killed: there is another" wait_for 20 has_other
failures=$(state_of failures)
check "which saves" wait_for 20 state_is last_error None

kill -HUP "$PEARPD_PID"
check "a reload by signal" wait_for 20 in_log 'lab.conf reloaded'
check "a reload by pearpctl" ctl reload
on box ip link set eth1 down
wait_for 20 in_log 'port-down'
on box ip link set eth1 up
check "a link that was down: all is well" wait_for 20 reached
sed -i 's/^downstream .*/downstream = missing0/' "$LAB_DIR/lab.conf"
check "a reload names a port that is not there" ctl reload
on box ip link set eth1 name missing0
check "the port comes: all is well" wait_for 20 reached
on box ip link set missing0 down && on box ip link set missing0 name eth1
sed -i 's/^downstream .*/downstream = eth1/' "$LAB_DIR/lab.conf"
check "a reload names the first one again" ctl reload
on box ip link set eth1 up
check "all is well" wait_for 20 reached
check "every frame is accounted for" equation

if is_active; then
    check "the fast path is pinned in its folder" test "$(pins)" -gt 5
    sed -i 's/^accel .*/accel = none/' "$LAB_DIR/lab.conf"
    check "a reload removes the fast path" ctl reload
    check "nothing is left of it" same "0 0" "$(pins) $(programs)"
    sed -i 's/^accel .*/accel = tc/' "$LAB_DIR/lab.conf"
    check "a reload makes it again" ctl reload
    check "the kernel forwards" wait_for 20 carries_all
    check "all is well" reached
    end_it KILL
    check "killed, and started again" lab_start_pearpd
    check "it took the fast path over" in_log 'were forwarded while pearpd was down'
    check "all is well" wait_for 20 reached
    restarts 2 2>/dev/null &
    pid=$!
    check "two restarts: all, in order" both_ways $((4 * ${PEARPD_PATIENCE:-1}))
    wait "$pid"
    check "which went well" same 0 $?
    check "each was stopped for a restart" same 2 "$(grep -c 'stopping for a restart' "$LAB_DIR/pearpd.log")"
    check "all is well" wait_for 20 reached
    check "every frame is accounted for" equation
else
    skip "the fast path" "$(stat_of fast_path/why_not)"
fi
kill_it TERM
check "stopped" wait_for 20 is_gone
check "nothing is left" same "0 0" "$(pins) $(programs)"
done_testing
