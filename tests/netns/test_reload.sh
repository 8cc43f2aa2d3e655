#!/bin/bash
# SIGHUP and `pearpctl reload`: a good configuration takes effect whole and learned bindings that still fit stay; one
# with a fault changes nothing, and the log names the file and the line. Traffic does not notice either.
# Reliability rows (as far as they apply): F4.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent
lab_test
serve_all || bail "no servers"

table() { ctl table | sort; }
in_table() { ctl table | grep -q "$1"; }

before=$(table)
at_once talk_on remote quiet $SHARED 2080 500 4 host1 >"$LAB_DIR/quiet" 2>&1

printf '[range %s:9000-9099]\nmac = 00:0c:29:00:00:77\nname = printer\n' $SHARED >>"$LAB_DIR/lab.conf"
kill -HUP "$PEARPD_PID"
check "a new permanent range is there" wait_for 20 in_table "^$SHARED:9000-9099 .*00:0c:29:00:00:77 .*CM"
check "what was learned is still there" same "$before" "$(table | grep -v :9000-)"
check "nothing ended, and the log says no more" wait_for 20 in_log 'lab.conf reloaded$'

with_range=$(table)
printf '[range %s:9050-9199]\nmac = 00:0c:29:00:00:78\nnonsense = 1\n' $SHARED >>"$LAB_DIR/lab.conf"
lines=$(wc -l <"$LAB_DIR/lab.conf")
kill -HUP "$PEARPD_PID"
check "a fault is logged with file and line" wait_for 20 in_log "^pearpd: .*lab.conf:$lines: "
check "the other fault of the file too" wait_for 20 in_log "^pearpd: .*lab.conf:$((lines - 2)): "
check "and what follows from them" wait_for 20 in_log '^pearpd: not reloaded: .*lab.conf has faults, which are in the log'
check "a faulty configuration changes nothing" same "$with_range" "$(table)"
check "pearpctl reload is refused" not ctl reload
check "and changes nothing" same "$with_range" "$(table)"

head -n -6 "$LAB_DIR/lab.conf" >"$LAB_DIR/new.conf" && mv "$LAB_DIR/new.conf" "$LAB_DIR/lab.conf"
check "pearpctl reload takes a good one" ctl reload
check "the permanent range is gone, the rest is as before" same "$before" "$(table)"

monitor
sed -i 's/^ports = .*/ports = 2000-3999/' "$LAB_DIR/lab.conf"
check "a smaller span of ports is taken" ctl reload
check "what no longer fits is gone" not in_table "^$SHARED:4000-4999"
check "monitor tells of it" wait_for 20 grep -q "deleted $SHARED:4000-4999 $(host_mac 3) (reload)" "$LAB_DIR/events"
check "and of nothing else" same 1 "$(grep -c '(reload)' "$LAB_DIR/events")"
check "so does the log" wait_for 20 in_log "deleted $SHARED:4000-4999 $(host_mac 3) (reload)"
check "which says how many" wait_for 20 in_log 'lab.conf reloaded; it ended 1 binding and 0 leases$'
check "what fits is not" same 2 "$(ctl table | grep -c "^$SHARED:[23]")"

for n in $(seq 12); do ctl reload || break; done
memory=$(pss_kib)
echo "# MEM: $memory KiB after $n more reloads, of 24576 allowed"
is_sanitized || check "reloads leave no memory behind" test "$memory" -le 24576

all_done
check "traffic did not notice" same 0 $?
diag "$(cat "$LAB_DIR/quiet")"
check "every frame is accounted for" equation
done_testing
