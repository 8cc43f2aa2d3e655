#!/bin/bash
# What came in is recorded live, both sides, and replayed: the same frames leave, frame for frame.
# Reliability rows (as far as they apply): S5.
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
    wait_for 5 grep -q listening "$LAB_DIR/tcpdump-$1-$3" || bail "tcpdump does not listen"
}
RECORDERS=
record upstream eth0 in
record upstream eth0 out
record downstream eth1 in
record downstream eth1 out
lab_start_pearpd pearpd2.log || bail "pearpd is not ready"
sleep 0.2
began=$(date +%s.%N)
on host1 ip address flush dev eth0 scope global
lab_start_agent 1
wait_for 5 lab_bound 1
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
sleep 4 # until what was asked for has ended
check "every frame is accounted for" equation
check "nothing is held" same 0 "$(stat_of frames/held)"
sleep 0.5
# shellcheck disable=SC2086
kill $RECORDERS
for pid in $RECORDERS; do wait "$pid"; done
check "live is the replay, frame for frame" "$LAB_ROOT/tests/lib/live_is_replay.py" "$LAB_DIR" "$began"
echo "# S5: $("$LAB_ROOT/tests/lib/live_is_replay.py" "$LAB_DIR" "$began" | tr '\n' ';')"
done_testing
