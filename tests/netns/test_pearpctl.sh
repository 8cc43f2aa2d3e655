#!/bin/bash
# An operator at work: the table in the seed's form, statistics, bindings added, asked for, deleted and flushed, events
# as they happen; what cannot be done is refused with one line.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all || bail "no servers"
monitor

expected="\
Address                        HWtype  HWaddress           Flags  Mask  Iface
192.35.162.2:2000-2999         ether   00:0c:29:9e:8c:ee   C            eth1
192.35.162.2:3000-3999         ether   00:0c:29:39:44:ab   C            eth1
192.35.162.2                   ether   02:50:45:00:00:01   CMP          eth0"
check "the table has the seed's form" same "$expected" "$(ctl table)"

table_in_json()
{
    ctl table --json | /usr/bin/python3 -c '
import json, sys
want = {"address", "first_port", "last_port", "mac", "state", "origin", "interface", "name", "age_s", "expires_s",
        "rx_frames", "rx_bytes", "tx_frames", "tx_bytes"}
rows = json.load(sys.stdin)
for row in rows:
    if want - set(row):
        sys.exit("%s has no %s" % (row, want - set(row)))
print(rows)
learned = [row for row in rows if row["state"] == "reachable" and row["origin"] == "pe-arp"]
sys.exit(len(learned) != 2 or not any(row["rx_frames"] for row in learned))'
}

usage()
{
    "$@"
    same 2 $?
}

check "add" ctl add $SHARED:9000-9099 00:0c:29:00:00:77
check "it is in the table, permanent" \
    grep -q "^$SHARED:9000-9099 *ether *00:0c:29:00:00:77 *CM *eth1$" <(ctl table)
check "add over a permanent range is refused" refused ctl add $SHARED:9050-9150 00:0c:29:00:00:78
check "add of a group address is refused" refused ctl add $SHARED:9500-9599 01:00:5e:00:00:01
check "add for an address that is not shared is refused" refused ctl add 192.35.162.77:9500-9599 00:0c:29:00:00:78
check "add over ports that a host holds is refused" refused ctl add $SHARED:2500-2599 00:0c:29:00:00:78
check "and changes nothing" same "$expected" "$(ctl table | grep -v ':9000-')"
check "the log says who tried, and what" \
    grep -q "pearpctl add $SHARED:2500-2599 00:0c:29:00:00:78, by uid 0, pid [1-9][0-9]*: 00:0c:29:9e:8c:ee holds $SHARED:2000-2999" "$LAB_DIR/pearpd.log"
check "table of a port" same 2 "$(ctl table $SHARED:2500 | wc -l)"
check "of a range" same 3 "$(ctl table $SHARED:2999-3000 | wc -l)"
check "of a host" grep -q "$SHARED:3000-3999" <(ctl table 00:0c:29:39:44:ab)
check "-v names origin and when the owner was seen" \
    grep -Eq "^$SHARED:2000-2999 .* C .* eth1 +- +reachable +pe-arp +[0-9]+s +[0-9]+s$" <(ctl table -v)
check "sorted by MAC address" same "$SHARED:9000-9099" "$(ctl table --sort mac | awk 'NR == 2 { print $1 }')"
check "resolve --ask asks the owner of a fresh binding" grep -q 00:0c:29:39:44:ab <(ctl resolve $SHARED:3500 --ask)
check "resolve a port that has an owner" grep -q 00:0c:29:39:44:ab <(ctl resolve $SHARED:3500)
check "delete" ctl delete $SHARED:9000-9099
check "it is gone" not grep -q :9000-9099 <(ctl table)
check "delete of what is not there is refused" refused ctl delete $SHARED:9000-9099
check "flush" ctl flush $SHARED
check "what was learned is gone" not grep -q "^$SHARED:" <(ctl table)
check "resolve asks as a frame would, and learns" grep -q 00:0c:29:9e:8c:ee <(ctl resolve $SHARED:2080)
check "a frame brings the other back" talk_on remote ask udp $SHARED 3080
check "resolve of a port that nobody has is refused" refused ctl resolve $SHARED:50000

check "stats name every drop reason" test "$(ctl stats | grep -c 'no_owner\|arp_capture\|pe_arp_forged\|ring_full')" -ge 4
check "table --json is a list with what the contract names" table_in_json
check "version" ctl version
check "the monitor told of it" wait_for 20 grep -q "learned.*$SHARED:9000-9099\|learned.*$SHARED:2000-2999" "$LAB_DIR/events"
check "wrong usage is status 2" usage ctl
check "an unknown command is status 2" usage ctl frobnicate
check "add without a MAC is status 2" usage ctl add $SHARED:1-2
says() { [ "$("${@:2}" 2>&1)" = "$1" ]; }
check "a malformed range is status 2" usage ctl add $SHARED:99999-2 00:0c:29:00:00:78
check "which names the argument" says \
    "pearpctl: $SHARED:99999-2 is not ADDRESS:FIRST-LAST; usage: add ADDRESS:FIRST-LAST MAC [--force]" \
    ctl add $SHARED:99999-2 00:0c:29:00:00:78
check "a malformed filter is status 2" usage ctl table $SHARED:99999
check "an option of another command is status 2" usage ctl version --force
named() { "${@:2}" 2>&1 | grep -qxF "pearpctl: $1"; }
check "which is named" named "version: not an option of this command: --force" ctl version --force
check "a missing argument is named" named "add: missing: MAC" ctl add $SHARED:1-2
check "and one that is too many" named "delete: one argument too many: x" ctl delete $SHARED:1-2 x
check "the monitor's lines begin with the time" \
    grep -Eq '^20[0-9-]{8}T[0-9:.]{12}Z learned ' "$LAB_DIR/events"
# Beside other runs: /run and the user are this check's own.
may_not_look()
{
    unshare -m sh -c 'mount -t tmpfs tmpfs /run && mkdir -m 0700 /run/pearpd && exec "$@"' - \
        setpriv --reuid=65534 --regid=65534 --clear-groups "$1" table 2>"$LAB_DIR/said"
    same "1 pearpctl: /run/pearpd: Permission denied" "$? $(<"$LAB_DIR/said")"
}
install -m 755 "$PEARPD_BUILD/pearpctl" "$LAB_DIR" && chmod 711 "$LAB_DIR"
check "who may not look for daemons is told so" may_not_look "$LAB_DIR/pearpctl"
check "what comes later is an error, not silence" not ctl why $SHARED tcp 2080
check "every frame is accounted for" equation
done_testing
