# bpf_box.sh: stories in which pearpd pins its fast path. ip-netns(8) hides the BPF file system: here is one, in a mount
# namespace that a process holds. Sourced after lab.sh and state.sh.
# shellcheck shell=bash

# A lab with it, with a state file.
bpf_box_test()
{
    [ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
    unshare --mount sh -c 'mount -t bpf bpf /sys/fs/bpf && exec sleep "$1"' - $((300 * ${PEARPD_PATIENCE:-1})) &
    HOLDER=$!
    wait_for 20 has_bpf || bail "no BPF file system"
    state_test
    trap 'status=$?; kill $HOLDER; rm -rf "$STATE_DIR"; lab_guard_exit $status' EXIT
}
has_bpf() { grep -q ' /sys/fs/bpf bpf ' "/proc/$HOLDER/mounts" && grep -q sleep "/proc/$HOLDER/comm"; }

in_box() { nsenter --mount="/proc/$HOLDER/ns/mnt" --net="/run/netns/$(lab_place box)" "$@"; }
lab_start_pearpd()
{
    nsenter --mount="/proc/$HOLDER/ns/mnt" --net="/run/netns/$(lab_place box)" "$PEARPD_BUILD/pearpd" -v \
        -c "$LAB_DIR/lab.conf" >>"$LAB_DIR/pearpd.log" 2>&1 </dev/null &
    PEARPD_PID=$!
    disown
    echo "$PEARPD_PID" >"$LAB_DIR/pid"
    talk ready "$LAB_DIR/pearpd.sock" "$PEARPD_PID"
}
kill_it() { kill "-$1" "$(cat "$LAB_DIR/pid")"; }
is_gone() { ! kill -0 "$(cat "$LAB_DIR/pid")" 2>/dev/null; }
end_it() { kill_it "$1" && wait_for 20 is_gone; }

# The owners are confirmed, and the kernel forwards for them: what is killed before loses them.
carries_all() { [ "$(stat_of fast_path/bindings)" = 3 ]; }
pins() { in_box find /sys/fs/bpf/pearpd -type f 2>/dev/null | wc -l; }
punts() { on box ip -o link show | grep -c pearpd-; }
