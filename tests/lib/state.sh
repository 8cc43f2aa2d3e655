# state.sh: what the tests of [state] share: a lab whose bridge keeps its table in $STATE_FILE. Sourced after lab.sh.
# shellcheck shell=bash

STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-state.XXXXXX") || exit 1
STATE_FILE=$STATE_DIR/lab.state
# The last section is [state], a story may add keys to it; the one key that is written `file = ` is its own.
LAB_CONF="[range $SHARED:60000-60999]
mac = 00:0c:29:00:00:aa
name = fixed
[history]
file=none
[state]
file = $STATE_FILE
counters = 1"

# In place of lab_test.
state_test()
{
    lab_test
    trap 'status=$?; rm -rf "$STATE_DIR"; lab_guard_exit $status' EXIT
}

# start_pearpd LOG COMMAND...: as lab_start_pearpd, by way of COMMAND, which executes its arguments
start_pearpd()
{
    local log=$1
    shift
    start box "$log" "$@" "$PEARPD_BUILD/pearpd" -v -c "$LAB_DIR/lab.conf"
    PEARPD_PID=$LAB_PID
    talk ready "$LAB_DIR/pearpd.sock" "$PEARPD_PID" && return 0
    cat "$LAB_DIR/$log" >&2
    return 1
}

# stop_pearpd [SIGNAL]: its exit status
stop_pearpd()
{
    kill "-${1:-TERM}" "$PEARPD_PID"
    wait "$PEARPD_PID" 2>/dev/null
}

# The table's columns that must survive: ages and what is left of lifetimes go on, states are confirmed.
table_of() { ctl table --json | /usr/bin/python3 -c 'import json, sys
for row in json.load(sys.stdin):
    if row["state"] not in ("published", "incomplete"):
        print(*(row[key] for key in ("address", "first_port", "last_port", "mac", "origin", "name", "rx_frames", "rx_bytes",
                                     "tx_frames", "tx_bytes")))'; }

# rows FIELD ORIGIN: that field of the rows of that origin, sorted
rows() { ctl table --json | /usr/bin/python3 -c 'import json, sys
print(*sorted(row[sys.argv[1]] for row in json.load(sys.stdin) if row["origin"] == sys.argv[2]))' "$1" "$2"; }

# state_of FIELD: a word or number of the state's member of the statistics
state_of() { ctl stats --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)["state"][sys.argv[1]])' "$1"; }
state_is() { [ "$(state_of "$1")" = "$2" ]; }
is_saved() { [ "$(state_of saved_records)" -ge "$1" ]; } # so many records at least
state_says() { state_of last_error | grep -q "$1"; }

# The process that writes the file.
writer_pid() { cat "/proc/$PEARPD_PID/task/$PEARPD_PID/children"; }

# Kilobytes of proportional memory, of all its processes.
pss() { cat "/proc/$PEARPD_PID/smaps" "/proc/$(writer_pid | tr -d ' ')/smaps" |
    awk '/^[0-9a-f]+-[0-9a-f]+ / { name = $6 } /^Pss:/ && name !~ /bpf-map/ { sum += $2 } END { print sum }'; }
