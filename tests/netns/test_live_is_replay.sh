#!/bin/bash
# What came in is recorded live, both sides, and replayed: the same frames leave, frame for frame.
# Reliability rows (as far as they apply): S5.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
# Frames of two processors come to the recorder and to the ring in orders of their own: here all is done by one.
taskset -pc 0 $$ >/dev/null
LAB_HOSTS=2 LAB_MODE=plain LAB_LEARN='pe-arp, traffic'
lab_test
kill "$PEARPD_PID" && wait "$PEARPD_PID"
# What kernels say unasked may stand across the moment in which a recording begins or ends.
for place in remote router switch neighbour box $(hosts | sed 's/^/host/'); do
    on "$place" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
done
sleep 0.3

# record SIDE IFACE in|out: without what the box's own kernel says on its interfaces.
record()
{
    start box "tcpdump-$1-$3" tcpdump -i "$2" -Q "$3" -s 0 -B 8192 -U --time-stamp-precision=nano \
        -w "$LAB_DIR/$1.$3.pcap" "not ether src $(on box cat "/sys/class/net/$2/address")"
    RECORDERS="$RECORDERS $LAB_PID"
    wait_for 20 grep -q listening "$LAB_DIR/tcpdump-$1-$3" || bail "tcpdump does not listen"
}
RECORDERS=
record upstream eth0 in
record upstream eth0 out
record downstream eth1 in
record downstream eth1 out
# silent SECONDS: until nothing more came or left for so long, but for what the bridge says by the clock.
silent()
{
    local before=-1 now since=$SECONDS
    until [ $((SECONDS - since)) -gt "$1" ]; do
        now=$("$LAB_ROOT/tests/lib/live_is_replay.py" count "$LAB_DIR")
        [ "$now" = "$before" ] || before=$now since=$SECONDS
        sleep 0.2
    done
}
lab_start_pearpd pearpd2.log || bail "pearpd is not ready"
silent 1
began=$(date +%s.%N)
on host1 ip address flush dev eth0 scope global
lab_start_agent 1
wait_for 20 lab_bound 1
serve_all || bail "no servers"
for n in $(hosts); do
    talk_on "host$n" ask udp $REMOTE 7000 -c 30 >/dev/null
    talk_on "host$n" ask tcp $REMOTE 7000 -c 30 >/dev/null
    talk_on remote ask tcp $SHARED $(($(host_first "$n") + 80)) -c 30 >/dev/null
    on "host$n" ping -q -c 3 -i 0.1 -s 4000 $REMOTE >/dev/null
    on "host$n" traceroute -n -q 1 -m 3 $REMOTE >/dev/null
done
on remote ping -q -c 3 -i 0.1 $SHARED >/dev/null
talk_on remote ask udp $SHARED 9999 -t 0.5 >/dev/null 2>&1
talk_on host1 send $REMOTE 7000 200000 >/dev/null
kill "${AGENT_PID[1]}" && wait "${AGENT_PID[1]}"
# Until what was asked for has ended: the longest of it is 3 seconds apart. Compared is what was before the silence.
silent 6
ended=$(date +%s.%N -d '-3 seconds')
check "every frame is accounted for" equation
check "nothing is held" same 0 "$(stat_of frames/held)"
# shellcheck disable=SC2086
kill $RECORDERS
for pid in $RECORDERS; do wait "$pid"; done
"$LAB_ROOT/tests/lib/live_is_replay.py" compare "$LAB_DIR" "$began" "$ended" >"$LAB_DIR/compared" 2>&1
check "live is the replay, frame for frame" same 0 $?
diag "$(cat "$LAB_DIR/compared")"
echo "# S5: $(tr '\n' ';' <"$LAB_DIR/compared")"
done_testing
