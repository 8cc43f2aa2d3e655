#!/bin/bash
# The log is a pipe that nobody reads, and a host does what is logged: the daemon forwards and answers as before. Once
# the pipe is read, the log says how many lines are missing.
# Reliability row: H11.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all || bail "no servers"
forged=ffffffffffff02504500000188b6$(printf '%092x' 1) # from the bridge's own MAC

kill "$PEARPD_PID"
wait "$PEARPD_PID"
mkfifo "$LAB_DIR/log"
exec 7<>"$LAB_DIR/log" # kept open, and not read
start box unread.out sh -c "exec '$PEARPD_BUILD/pearpd' -c '$LAB_DIR/lab.conf' 2>'$LAB_DIR/log'"
PEARPD_PID=$LAB_PID
talk ready "$LAB_DIR/pearpd.sock" "$PEARPD_PID" || bail "pearpd is not ready"
check "talks" wait_for 10 reached
dd if=/dev/zero of="$LAB_DIR/log" oflag=nonblock bs=4096 2>/dev/null
at_once talk_on remote quiet $SHARED 2080 200 2 host1 >"$LAB_DIR/quiet" 2>&1
talk_on neighbour frame eth0 "$forged" 50
all_done
status=$?
diag "$(cat "$LAB_DIR/quiet")"
check "quiet traffic is whole meanwhile" same 0 $status
check "events come, and nobody reads the log: the daemon answers" timeout 5 "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/pearpd.sock" version
check "and forwards" reached
check "a change that is logged is made" timeout 5 "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/pearpd.sock" add $SHARED:9000-9099 00:0c:29:00:00:77
timeout 3 cat <&7 | tr -d '\0' >"$LAB_DIR/read"
diag "$(cut -c -200 "$LAB_DIR/read")"
check "once it is read, it says how many lines are missing" \
    grep -q 'pearpd: [1-9][0-9]* lines of this log are missing here: nobody read them' "$LAB_DIR/read"
missing=$(sed -n 's/.*pearpd: \([1-9][0-9]*\) lines of this log are missing here.*/\1/p' "$LAB_DIR/read" | head -n 1)
check "every frame is accounted for" equation
echo "# H11: nobody reads the log while a host sends 50 frames from the bridge's own MAC: quiet traffic whole; $missing lines counted as missing"
done_testing
