#!/bin/bash
# The state file's disk is full, read-only, gone; the file is damaged, somebody else's, no file at all: frames pass, the
# old file stays whole, it is said once, and saved again when it can be.
# Reliability rows: F10, F11.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/state.sh"
LAB_HOSTS=1 LAB_MODE=agent
state_test
serve_all || bail "no servers"

# On a file system of 64 KiB of its own, which only pearpd and what it starts see.
stop_pearpd
start_pearpd small.log unshare -m sh -c 'mount -t tmpfs -o size=64k,mode=700 tmpfs "$0" && mkdir "$0/sub" && exec "$@"' "$STATE_DIR" ||
    bail "does not start on a file system of its own"
inside=/proc/$PEARPD_PID/root$STATE_DIR
remount() { nsenter -t "$PEARPD_PID" -m -r mount -o "remount,$1" "$STATE_DIR"; }
change() { ctl add "$SHARED:$1-$1" 00:0c:29:00:00:bb >/dev/null; }
has() { grep -q ":$1-$1 " "$inside/lab.state"; }
failed_often() { [ "$(state_of failures)" -ge 3 ]; }
said() { grep -c "$1" "$LAB_DIR/small.log"; }
check "the host is known" wait_for 20 lab_bound 1
check "and saved" wait_for 20 grep -q pe-arp "$inside/lab.state"

at_once talk_on remote quiet $SHARED 2080 500 5 host1 >"$LAB_DIR/quiet" 2>&1
dd if=/dev/zero of="$inside/fill" bs=4096 2>/dev/null
whole=$(cat "$inside/lab.state")
change 50000
check "full: it is said" wait_for 20 state_says "No space left"
check "the old file is whole" same "$whole" "$(cat "$inside/lab.state")"
check "tried again each period" wait_for 20 failed_often
check "and said once" same 1 "$(said 'No space left')"
check "nothing is left beside it" not test -e "$inside/lab.state.new"
first=$(date +%s%N)
rm "$inside/fill"
check "saved when there is room" wait_for 20 has 50000
echo "# F10: full: old file whole, saved $((($(date +%s%N) - first) / 1000000)) ms after there was room"
check "and no fault stands any more" wait_for 20 state_is last_error None

remount ro
change 50001
check "read-only: it is said" wait_for 20 state_says "Read-only"
check "the old file is whole" has 50000
remount rw
check "saved when it can be written" wait_for 20 has 50001
all_done
check "no datagram was lost" same 0 $?
echo "# F10: $(tail -n 1 "$LAB_DIR/quiet")"
stop_pearpd

# Back on the disk, where its directory may not be there.
sed -i "s|^file = .*|file = $STATE_DIR/later/lab.state|" "$LAB_DIR/lab.conf"
start_pearpd missing.log env || bail "does not start without the directory"
check "no directory: it is said" wait_for 20 state_says "No such file"
check "tried again" wait_for 20 failed_often
check "said in one line" same 1 "$(grep -c "No such file" "$LAB_DIR/missing.log")"
mkdir "$STATE_DIR/later"
check "saved when it is there" wait_for 20 test -s "$STATE_DIR/later/lab.state"
check "the file can be no other by a reload" not ctl reload <<<"$(sed -i "s|/later/|/|" "$LAB_DIR/lab.conf")"
wait_for 20 lab_bound 1
stop_pearpd
mv "$STATE_DIR/later/lab.state" "$STATE_FILE"

# Damaged: what is whole is kept, the file is set aside. Each turn begins with a file as a stop leaves it.
sed -i 's/^epoch value=./epoch value=x/' "$STATE_FILE"
start_pearpd damaged.log env || bail "does not start with a damaged file"
check "a damaged line: it is said" grep -q 'damaged: [0-9]* records kept, 1 lost' "$LAB_DIR/damaged.log"
check "the table is there" same "pe-arp" "$(rows origin pe-arp)"
check "the file is set aside" grep -q '^epoch value=x' "$STATE_FILE.damaged"
check "and a new one is written" wait_for 20 grep -q '^end ' "$STATE_FILE"
stop_pearpd
rm "$STATE_FILE.damaged"

truncate -s -10 "$STATE_FILE"
start_pearpd cut.log env || bail "does not start with a cut file"
check "a cut file: it is said" grep -q 'damaged: [0-9]* records kept, .* its end missing' "$LAB_DIR/cut.log"
check "the table is there" same "pe-arp" "$(rows origin pe-arp)"
stop_pearpd
rm "$STATE_FILE.damaged"

mv "$STATE_FILE" "$STATE_DIR/elsewhere"
whole=$(cat "$STATE_DIR/elsewhere")
ln -s elsewhere "$STATE_FILE"
start_pearpd link.log env || bail "does not start with a link"
check "a symbolic link: it is said" grep -q "symbolic link; the table starts empty, and nothing is saved" "$LAB_DIR/link.log"
check "by pearpctl too" state_says "lab.state"
check "the host is found again" wait_for 20 lab_bound 1
stop_pearpd
check "the link stands" test -L "$STATE_FILE"
check "what it names is untouched" same "$whole" "$(cat "$STATE_DIR/elsewhere")"
rm "$STATE_FILE"

cp "$LAB_DIR/lab.conf" "$STATE_FILE"
start_pearpd foreign.log env || bail "does not start with another's file"
check "not a state file: it is said" grep -q "is no state file" "$LAB_DIR/foreign.log"
stop_pearpd
check "it is left as it was" cmp "$LAB_DIR/lab.conf" "$STATE_FILE"
check "a check of the configuration touches nothing" "$PEARPD_BUILD/pearpd" -c "$LAB_DIR/lab.conf" -t
check "no more than that is left" same "elsewhere lab.state later" "$(echo $(ls "$STATE_DIR"))"
done_testing
