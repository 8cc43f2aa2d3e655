#!/bin/bash
# What the bridge knows survives it: after a stop and after kill -9 at any moment the table is as it was, with its
# counters, and its owners are asked whether they are still there; a process that dies in its place is replaced.
# Reliability rows: F12 (the daemon), F2 (what is back), MEM.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/state.sh"
LAB_HOSTS=3 LAB_MODE=agent
state_test
counters_are_saved() { grep -q ' rx_frames=1 ' "$STATE_FILE"; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

serve_all || bail "no servers"
check "the table is saved" wait_for 20 is_saved 5
check "a host is reached" talk_on remote ask udp $SHARED 2080
ctl add $SHARED:50000-50099 00:0c:29:00:00:bb >/dev/null
check "what an operator adds is saved" wait_for 20 grep -q ":50000-50099 .*origin=control" "$STATE_FILE"
check "counters are saved" wait_for 20 counters_are_saved
check "the file is its owner's alone" same 600 "$(stat -c %a "$STATE_FILE")"
check "pearpctl says where and when" grep -q "^state.file .*$STATE_FILE" <<<"$(ctl stats)"

before=$(table_of)
stop_pearpd KILL
lab_start_pearpd second.log || bail "does not start again"
check "after kill -9 the table is as it was" same "$before" "$(table_of)"
check "and says so" grep -q '\b\([0-9]*\) of \1 records restored' "$LAB_DIR/second.log"
check "every host is reached at once" talk_on remote ask udp $SHARED 3080
confirmed() { [ "$(rows state pe-arp)" = "reachable reachable reachable" ]; }
check "the agents confirmed what they hold" wait_for 20 confirmed
check "they were not told that the table was lost" not grep -q "claimed" "$LAB_DIR"/agent1.log

before=$(table_of)
stop_pearpd
check "it stops with status 0" same 0 $?
lab_start_pearpd third.log || bail "does not start again"
check "after a stop the table is as it was" same "$before" "$(table_of)"
check "nothing but the file is left" same lab.state "$(ls "$STATE_DIR")"

# Killed while the table changes: what was there for a second is back, whatever the moment.
lost=0 kills=20
for n in $(seq $kills); do
    for i in $(seq $((RANDOM % 12))); do
        ctl add "$SHARED:$((44000 + 10 * i))-$((44005 + 10 * i))" 00:0c:29:00:00:bb
        ctl delete "$SHARED:$((44000 + 10 * i))-$((44005 + 10 * i))"
    done >/dev/null
    stop_pearpd KILL
    lab_start_pearpd "kill$n.log" || break
    [ "$(table_of | grep -vc ' 44[0-9]*')" -eq 5 ] && ! grep -q damaged "$LAB_DIR/kill$n.log" || lost=$((lost + 1))
done
check "killed $kills times while the table changed: the file is whole each time" same "$kills 0" "$n $lost"
echo "# F12: the daemon killed $n times while its table changed: $lost times the file was not whole"

first=$(milliseconds)
ctl add $SHARED:41000-41009 00:0c:29:00:00:bb >/dev/null
wait_for 20 grep -q 41000-41009 "$STATE_FILE"
echo "# F2: a change of the table is in the file within $(($(milliseconds) - first)) ms"
ctl delete $SHARED:41000-41009 >/dev/null

old=$(writer_pid)
kill -9 $old
check "a writer that died is said" wait_for 20 state_says "died"
check "and replaced" wait_for 20 state_is last_error None
check "by another process" not same "$old" "$(writer_pid)"
ctl add $SHARED:42000-42009 00:0c:29:00:00:bb >/dev/null
check "which writes" wait_for 20 grep -q 42000-42009 "$STATE_FILE"
memory=$(pss)
echo "# MEM: $memory KiB for all processes, of 24576 allowed"
[[ $PEARPD_BUILD == *san* ]] || check "memory is within its bound" test "$memory" -le 24576

kill -STOP $(writer_pid)
ctl add $SHARED:43000-43009 00:0c:29:00:00:bb >/dev/null
check "a disk that does not answer stops no frame" talk_on remote ask udp $SHARED 4080
writer=$(writer_pid)
first=$(milliseconds)
stop_pearpd
status=$?
took=$(($(milliseconds) - first))
check "nor does it stop the stop" same 0 $status
check "which takes its two seconds" test "$took" -ge 1500 -a "$took" -le 15000
kill -CONT $writer
check "the writer ends behind it" wait_for 20 not test -e "/proc/$(tr -d ' ' <<<"$writer")"
lab_start_pearpd last.log || bail "does not start again"
check "every host is reached at once again" talk_on remote ask udp $SHARED 2080
check "every frame is accounted for" equation
done_testing
