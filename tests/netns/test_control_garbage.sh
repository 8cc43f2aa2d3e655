#!/bin/bash
# The control socket is sent garbage, lines without end and words in the wrong place; clients come and never read, or
# never ask. The table stays, a good client is answered, and forwarding does not notice.
# Reliability rows (as far as they apply): S8, F15.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all || bail "no servers"
before=$(ctl table) before_fds=$(fds) seed=$RANDOM

at_once talk_on remote quiet $SHARED 2080 500 5 host1 >"$LAB_DIR/quiet" 2>&1
check "20,000 random requests (seed $seed): none is taken" talk garbage "$LAB_DIR/pearpd.sock" 20000 $seed
check "the table is unchanged" same "$before" "$(ctl table)"

# Clients that connect and say nothing, and monitors that never read.
for n in $(seq 1 20); do
    start box "mute$n" /usr/bin/python3 -c '
import socket, sys, time
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
sock.send(sys.argv[2].encode())
time.sleep(60)' "$LAB_DIR/pearpd.sock" "$([ $((n % 2)) = 0 ] && printf 'monitor\n')"
    mute+=("$LAB_PID")
done
sleep 0.5
check "a good client is answered beside them" ctl version
for n in $(seq 1 20); do
    talk_on neighbour arp eth0 reply 00:0c:29:00:00:66 $SHARED ff:ff:ff:ff:ff:ff $SHARED -c 500
done
check "also while events pile up for those who do not read" ctl stats
kill "${mute[@]}"
wait "${mute[@]}" 2>/dev/null
all_done
check "traffic did not notice" same 0 $?
diag "$(cat "$LAB_DIR/quiet")"
fds_as_before() { [ "$(fds)" -eq "$before_fds" ]; }
check "no descriptor is left" wait_for 20 fds_as_before
check "every frame is accounted for" equation
done_testing
