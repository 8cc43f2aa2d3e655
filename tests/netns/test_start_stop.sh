#!/bin/bash
# How the daemon starts and ends: ready when its socket accepts and says so to systemd, ended by SIGTERM and SIGINT with
# status 0 and no file left; what is wrong at the start is one clear sentence and status 1; wrong usage is status 2.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=1 LAB_MODE=plain
lab_test
pearpd=$PEARPD_BUILD/pearpd

# stopped SIGNAL: its exit status after it
stopped()
{
    kill "-$1" "$PEARPD_PID"
    wait "$PEARPD_PID"
}

# status EXPECTED COMMAND...: for check; what it said is in $LAB_DIR/said
status()
{
    local expected=$1 seen
    shift
    "$@" >"$LAB_DIR/said" 2>&1 </dev/null
    seen=$?
    cat "$LAB_DIR/said"
    same "$expected" $seen
}

check "the socket is there, mode 660" same 660 "$(stat -c %a "$LAB_DIR/pearpd.sock")"
check "a second daemon does not take it" status 1 on box "$pearpd" -c "$LAB_DIR/lab.conf"
check "the first one still answers" ctl version
check "its memory is not in huge pages, of which a sparse table takes many" \
    grep -q '^THP_enabled:[[:space:]]*0$' "/proc/$PEARPD_PID/status"
stopped TERM
check "SIGTERM ends it with status 0" same 0 $?
check "its socket is removed" not test -e "$LAB_DIR/pearpd.sock"

rm -f "$LAB_DIR/notify"
socat -u "UNIX-RECV:$LAB_DIR/notify" "OPEN:$LAB_DIR/notified,creat,append" &
socat_pid=$!
wait_for 20 test -S "$LAB_DIR/notify"
export NOTIFY_SOCKET=$LAB_DIR/notify
lab_start_pearpd second.log || bail "did not start again"
unset NOTIFY_SOCKET
check "it tells systemd that it is ready" wait_for 20 grep -q READY=1 "$LAB_DIR/notified"
stopped INT
check "SIGINT ends it with status 0" same 0 $?
kill "$socat_pid" 2>/dev/null

lab_start_pearpd third.log || bail "did not start again"
kill -9 "$PEARPD_PID"
wait "$PEARPD_PID" 2>/dev/null
lab_start_pearpd fourth.log
check "after kill -9 the dead socket does not stop the next start" same 0 $?
check "-t says that the configuration is good" status 0 "$pearpd" -c "$LAB_DIR/lab.conf" -t
stopped TERM

sed 's/^upstream .*/upstream = nowhere9/' "$LAB_DIR/lab.conf" >"$LAB_DIR/bad.conf"
check "-t needs no interface" status 0 "$pearpd" -c "$LAB_DIR/bad.conf" -t
check "no such configuration file: status 1" status 1 "$pearpd" -c "$LAB_DIR/none.conf"
check "and its name, without a line" grep -q "none.conf: No such file" "$LAB_DIR/said"
check "-t says the same: status 1" status 1 "$pearpd" -c "$LAB_DIR/none.conf" -t
check "and its name, without a line" grep -q "^$LAB_DIR/none.conf: No such file" "$LAB_DIR/said"
for arguments in '' '-c' '-x' "-c $LAB_DIR/lab.conf stray" "-c $LAB_DIR/lab.conf -r sideways=x.pcap"; do
    # shellcheck disable=SC2086
    check "wrong usage (${arguments//$LAB_DIR/}): status 2" status 2 "$pearpd" $arguments
done
check "-V prints a version" status 0 "$pearpd" -V
check "-h prints usage" status 0 "$pearpd" -h
for program in pearpctl pearp-agent; do
    check "$program without arguments: status 2" status 2 "$PEARPD_BUILD/$program"
done
check "pearpctl without a daemon: status 1" status 1 "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/pearpd.sock" table
check "and one line that says so" same 1 "$(wc -l <"$LAB_DIR/said")"
done_testing
