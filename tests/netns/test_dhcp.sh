#!/bin/bash
# Hosts that know nothing but a stock DHCP client, BusyBox udhcpc: they get one address and different ports from pearpd
# and are reached; one that leaves frees its ports; a restart loses no lease. A client that does not ask for ports is
# served by the network's own server, BusyBox udhcpd on the router.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=plain LAB_LEARN=none
STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-state.XXXXXX") || exit 1
LAB_CONF="[dhcp]
serve = all
psid = 0/6
router = $ROUTER
dns = 198.51.100.53
lease = 120
[lease $SHARED:20480-21503]
mac = 00:0c:29:00:00:03
name = third
[state]
file = $STATE_DIR/lab.state"
command -v udhcpc >/dev/null && command -v busybox >/dev/null || { echo "1..0 # SKIP needs udhcpc and busybox"; exit 0; }
lab_test
trap 'status=$?; rm -rf "$STATE_DIR"; lab_guard_exit $status' EXIT

# The configuration, and the same with nowhere to keep leases.
sed 's/^file = .*/file = none/' "$LAB_DIR/lab.conf" >"$LAB_DIR/forgets.conf"
checked() { "$PEARPD_BUILD/pearpd" -t -c "$LAB_DIR/$1" 2>&1 || echo "exit status $?"; }
check "leases that nothing keeps: a warning" grep -q '\[dhcp\] with \[state\] file = none' <(checked forgets.conf)
check "and no fault" not grep -q "exit status" <(checked forgets.conf)
check "none where they are kept" same "" "$(checked lab.conf)"

# client PLACE OPTION...: a DHCP client there; LAB_PID is its process id, $LAB_DIR/lease-PLACE what it was told.
client()
{
    local place=$1
    shift
    export LAB_LEASE=$LAB_DIR/lease-$place
    start "$place" "client-$place.log" udhcpc -f -i eth0 -s "$LAB_ROOT/tests/lib/udhcpc.script" -t 4 -T "${TRY_S:-1}" -A 1 "$@"
}
# told PLACE WORD: what the client was told last.
told() { grep -o "$2=[^ ]*" "$LAB_DIR/lease-$1" | tail -n 1 | cut -d= -f2; }
# leases_of FIELD...: a line for each lease.
leases_of() { ctl leases --json | /usr/bin/python3 -c 'import json, sys
for row in json.load(sys.stdin):
    print(*(row[key] for key in sys.argv[1:]))' "$@"; }
table_of() { ctl table --json | /usr/bin/python3 -c 'import json, sys
for row in json.load(sys.stdin):
    if row["origin"] == "dhcp":
        print(*(row[key] for key in ("first_port", "last_port", "mac", "origin", "state")))'; }
is_bound() { grep -q '^bound' "$LAB_DIR/lease-$1"; }
leases_are() { [ "$(leases_of mac | wc -l)" -eq "$1" ]; }

serve remote remote 7000 || bail "no server"
for n in $(hosts); do
    ip -n "pearp-$LAB_ID-host$n" address flush dev eth0
    client "host$n" -O 159 -R
    CLIENT_PID[n]=$LAB_PID
done
for n in $(hosts); do
    check "host$n has a lease" wait_for 20 is_bound "host$n"
    check "host$n has the shared address" same $SHARED "$(told "host$n" address)"
    check "host$n is told its router and DNS" same "$ROUTER 198.51.100.53" "$(told "host$n" router) $(told "host$n" dns)"
done
check "each has ports of its own" same 3 "$(for n in $(hosts); do told "host$n" first; done | sort -u | wc -l)"
check "host3 has those that are kept for it" same "20480 third" "$(leases_of first_port mac name | sed -n 's/ 00:0c:29:00:00:03//p')"
check "the table says dhcp for all three" same 3 "$(table_of | grep -c ' dhcp reachable$')"
for n in $(hosts); do
    check "host$n's ports in the table" grep -q "^$(told "host$n" first) $(told "host$n" last) $(host_mac "$n") " <<<"$(table_of)"
    serve "host$n" "host$n" $(($(told "host$n" first) + 80)) || bail "no server"
    check "host$n reaches the remote from a port of its own" talk_on "host$n" ask udp $REMOTE 7000
    check "host$n is reached from the remote, over UDP and TCP" \
        same "host$n host$n" "$(for how in udp tcp; do talk_on remote ask $how $SHARED $(($(told "host$n" first) + 80)) | cut -d' ' -f1; done | xargs)"
done
check "the pool in the statistics" same "3 1" "$(stat_of dhcp/leased) $(stat_of dhcp/reserved)"
check "pearpctl leases for people" grep -Eq "^$SHARED:20480-21503 +0/6/20 +00:0c:29:00:00:03 +bound " <<<"$(ctl leases)"

# The network's own server, for those that do not ask for ports.
cat >"$LAB_DIR/udhcpd.conf" <<CONF
start 192.35.162.100
end 192.35.162.110
interface eth0
lease_file $LAB_DIR/udhcpd.leases
pidfile $LAB_DIR/udhcpd.pid
option subnet 255.255.255.0
option router $ROUTER
option lease 60
CONF
touch "$LAB_DIR/udhcpd.leases"
start router udhcpd.log busybox udhcpd -f "$LAB_DIR/udhcpd.conf"
taken=$(stat_of consumed/dhcp)
ip -n "pearp-$LAB_ID-neighbour" address flush dev eth0
TRY_S=4 client neighbour -q -n # udhcpd looks with ARP for two seconds whether an address is free
check "a host that does not ask for ports is bound" wait_for 20 is_bound neighbour
check "by the network's own server" same 192.35.162 "$(told neighbour address | cut -d. -f1-3)"
check "with an address of that" test "$(told neighbour address | cut -d. -f4)" -ge 100
check "pearpd took nothing of it" same "$taken" "$(stat_of consumed/dhcp)"

before=$(leases_of first_port mac state)
check "the leases are saved" wait_for 20 grep -q '^lease .*range=192.35.162.2:20480' "$STATE_DIR/lab.state"
kill -9 "$PEARPD_PID"
wait "$PEARPD_PID" 2>/dev/null
lab_start_pearpd second.log || bail "does not start again"
check "a restart loses no lease" same "$before" "$(leases_of first_port mac state)"
check "nor its binding" same 3 "$(table_of | wc -l)"
check "a host is reached at once" talk_on remote ask udp $SHARED $(($(told host2 first) + 80))

# SIGUSR1: renew now. udhcpc opens its socket after it has sent: it may miss a quick answer, and asks again.
kill -USR1 "${CLIENT_PID[2]}"
check "a renewal through the bridge" wait_for 20 grep -q '^renew' "$LAB_DIR/lease-host2"
check "is answered" test "$(stat_of counters/dhcp_acks)" -ge 1

first=$(told host1 first)
kill "${CLIENT_PID[1]}"
wait "${CLIENT_PID[1]}" 2>/dev/null
check "a host that leaves frees its ports" wait_for 20 leases_are 2
check "in the table too" not grep -q "^$first " <<<"$(table_of)"

# Port sets of another size: the leases of the old ones end, and each is told.
both_told() { [ "$(grep -c "deleted $SHARED:.* (reload)" "$LAB_DIR/events")" -eq 2 ]; }
sed -i 's/^learn = .*/learn = pe-arp/; s/^psid = .*/psid = 0\/7/; /^\[lease /,/^name/d' "$LAB_DIR/lab.conf"
monitor
check "a reload with another psid" ctl reload
check "monitor tells of both leases that no longer fit" wait_for 20 both_told
check "the log says how many" grep -q 'reloaded; it ended 2 bindings and 2 leases$' "$LAB_DIR/second.log"
check "every frame is accounted for" equation
done_testing
