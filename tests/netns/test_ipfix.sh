#!/bin/bash
# A provider's collector (nfcapd) behind one address: what it wrote, read back by nfdump, is what the accounts say of each
# owner, frame by frame and byte by byte, after TCP, UDP, ping, fragments, a neighbour, a range that moves, a reload, a
# restart, and with a flow table that is too small.
# takes: 15 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent
STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-ipfix.XXXXXX") || exit 1
LAB_CONF="[range $SHARED:60000-60999]
mac = $(host_mac 1)
name = hostA
[state]
file = $STATE_DIR/lab.state
[limits]
ipfix-flows = 16
[ipfix]
collector = 127.0.0.1:9995
idle = 1
active = 3"
lab_test
trap 'status=$?; rm -rf "$STATE_DIR"; lab_guard_exit $status' EXIT
command -v nfcapd >/dev/null || bail "nfdump is not installed: make deps"

accounts() { ctl account --json >"$LAB_DIR/accounts.json"; }
# is_quiet: nothing was counted for a while
is_quiet()
{
    local before
    before=$(ctl account)
    sleep 0.3
    same "$before" "$(ctl account)"
}
bytes_captured() { [ "$(stat -c %s "$LAB_DIR/ipfix.pcap")" -gt 24 ]; }
has_exported() { [ "$(stat_of ipfix/exported)" -gt "$1" ]; }

bridged() { echo $(($(stat_of fast_path/upstream_frames) + $(stat_of fast_path/downstream_frames))); }
nfcapd_has_read() { [ "$(on box ss -Hlun 'sport = :9995' | awk '{ print $2 }')" = 0 ]; }

# Each owner: its account against the sums of nfdump's lines {source MAC, destination MAC, direction, packets, bytes of IP}.
# No frame is padded: 14 bytes of Ethernet each.
as_collected()
{
    nfdump -q -N -R "$LAB_DIR/collected" -o 'fmt:%ismc,%idmc,%dir,%pkt,%byt' >"$LAB_DIR/collected.csv"
    /usr/bin/python3 - "$LAB_DIR/accounts.json" "$LAB_DIR/collected.csv" <<'PYTHON'
import collections, json, sys
told = collections.defaultdict(lambda: [0, 0, 0, 0])
records = 0
for line in open(sys.argv[2]):
    fields = [field.strip() for field in line.split(",")]
    if len(fields) != 5:
        continue
    source, destination, direction, packets, size = fields
    records += 1
    to_owner = direction == "E"
    sums = told[destination if to_owner else source]
    at = 0 if to_owner else 2
    sums[at] += int(packets)
    sums[at + 1] += int(size) + 14 * int(packets)
good = records > 0
for owner in json.load(open(sys.argv[1])):
    counted = [owner[key] for key in ("rx_frames", "rx_bytes", "tx_frames", "tx_bytes")]
    print(owner["mac"], "counted", counted, "collected", told[owner["mac"]])
    good = good and counted == told.pop(owner["mac"])
print(records, "records; of nobody:", dict(told))
sys.exit(not good or bool(told))
PYTHON
}

# 40 flows at once
many()
{
    on remote /usr/bin/python3 -c 'import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(2100, 2140):
    sender.sendto(b"one of many", (sys.argv[1], port))' $SHARED
}

traffic()
{
    local n
    many || return 1
    for n in 1 2 3; do
        talk_on remote ask udp $SHARED $(($(host_first $n) + 80)) || return 1
        talk_on remote fetch $SHARED $(($(host_first $n) + 80)) 300000 || return 1
        on "host$n" ping -q -c 2 -i 0.2 -W 10 $REMOTE || return 1
    done
    talk_on remote sizes $SHARED 2080 host1 || return 1
    on host2 ping -q -c 2 -i 0.2 -W 10 -s 4000 $REMOTE || return 1
    talk_on neighbour ask udp $SHARED 3080
}
totals() { ctl account | cut -c 1-86 | sort; }
# a datagram to the port, whoever listens
poke() { talk_on remote ask udp $SHARED "$1" -t 0.2 >/dev/null 2>&1; true; }

serve_all || bail "no servers"
mkdir "$LAB_DIR/collected"
start box nfcapd.log nfcapd -w "$LAB_DIR/collected" -p 9995 -b 127.0.0.1 -t 3600
NFCAPD_PID=$LAB_PID
start box tcpdump.log tcpdump -n -U --immediate-mode -i lo -w "$LAB_DIR/ipfix.pcap" udp dst port 9995
TCPDUMP_PID=$LAB_PID
wait_for 20 grep -q "Startup nfcapd" "$LAB_DIR/nfcapd.log" || bail "nfcapd does not start"
wait_for 20 grep -q "listening on" "$LAB_DIR/tcpdump.log" || bail "tcpdump does not start"

check "traffic of every kind" traffic
if [ "$(stat_of fast_path/active)" = True ]; then
    check "the kernel forwards for no owner" same 0 "$(stat_of fast_path/bindings)"
    on neighbour ping -q -c 5 -i 0.2 -W 10 $ROUTER >/dev/null
    check "but what is only bridged" test "$(bridged)" -gt 0
fi
check "records leave while the bridge runs" wait_for 20 has_exported 10
check "the first message brings the templates" wait_for 20 bytes_captured

ctl add $SHARED:9000-9099 "$(host_mac 1)" >/dev/null
poke 9000
ctl delete $SHARED:9000-9099
ctl add $SHARED:9000-9099 "$(host_mac 2)" >/dev/null
poke 9000
poke 60080
kill -HUP "$PEARPD_PID"
check "a reload goes well" wait_for 20 grep -q "lab.conf reloaded" "$LAB_DIR/pearpd.log"
check "an owner's name is shown" grep -q "hostA" <(ctl account "$(host_mac 1)")

wait_for 20 is_quiet || bail "it does not become quiet"
before=$(totals)
kill "$PEARPD_PID"
wait "$PEARPD_PID"
check "it stops with status 0" same 0 $?
lab_start_pearpd second.log || bail "does not start again"
check "accounts and months survive the restart" same "$before" "$(totals)"
check "traffic after the restart" traffic
wait_for 20 is_quiet || bail "it does not become quiet"
accounts
check "no record was lost" same "0 0" "$(stat_of ipfix/lost) $(stat_of drops/send_failed)"
early=$(stat_of counters/flows_early)
check "flows made room for others" test "$early" -gt 0
check "every frame is accounted for" equation
kill "$PEARPD_PID"
wait "$PEARPD_PID"

# What was sent last may still be on its way through either: a datagram behind it tells.
on box /usr/bin/python3 -c 'import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"no IPFIX message", ("127.0.0.1", 9995))'
wait_for 20 grep -q "no IPFIX message" "$LAB_DIR/ipfix.pcap" || bail "tcpdump hangs"
wait_for 20 nfcapd_has_read || bail "nfcapd hangs"
kill "$NFCAPD_PID" "$TCPDUMP_PID"
wait "$NFCAPD_PID" "$TCPDUMP_PID"
check "what was collected is what was counted, for each owner, exactly" as_collected
as_collected | sed -n 's/^\([0-9]* records\).*/# IPFIX: \1 read back by nfdump match the accounts exactly/p'

index() { on box ip -o link show dev "$1" | cut -d: -f1; }
interfaces() { nfdump -q -N -R "$LAB_DIR/collected" -o 'fmt:%dir %in %out' | awk '{ print $1, $2, $3 }' | sort -u | xargs; }
check "records name the interfaces by their indexes, by direction" \
    same "E $(index eth0) $(index eth1) I $(index eth1) $(index eth0)" "$(interfaces)"

# cflow FILTER FIELD...: of the messages, one value a line
cflow()
{
    local filter=$1 fields=()
    shift
    for field in "$@"; do fields+=(-e "$field"); done
    tshark -n -r "$LAB_DIR/ipfix.pcap" -d udp.port==9995,cflow -Y "$filter" -T fields -E aggregator=' ' "${fields[@]}" 2>/dev/null
}
sum() { tr ' ' '\n' | awk '{ sum += $1 } END { print sum }'; }
total() { /usr/bin/python3 -c 'import json, sys
print(sum(owner["rx_bytes"] + owner["tx_bytes"] for owner in json.load(open(sys.argv[1]))))' "$LAB_DIR/accounts.json"; }
check "no message is malformed" same "" "$(cflow '_ws.malformed or _ws.expert.severity == error' frame.number)"
check "every set has its template" same "" "$(cflow 'cflow and not cflow.packets and not cflow.template_id' frame.number)"
check "no message is longer than 1,400 bytes" same "" "$(cflow 'udp.length > 1408' frame.number)"
check "frame bytes are those of the accounts" same "$(total)" "$(cflow cflow cflow.layer2_octet_delta_count | sum)"
check "each owner's range stands in its records" same "0 2000 3000 4000 9000 60000" \
    "$(cflow cflow cflow.port_range_start | tr ' ' '\n' | grep . | sort -nu | xargs)"

# One packet in ten, and a collector that was told so.
frames() { ctl account --json | /usr/bin/python3 -c 'import json, sys
print(sum(owner["rx_frames"] + owner["tx_frames"] for owner in json.load(sys.stdin)))'; }
sed -i 's/^\[ipfix\]/&\nsample = 10/' "$LAB_DIR/lab.conf"
mkdir "$LAB_DIR/sampled"
start box nfcapd2.log nfcapd -w "$LAB_DIR/sampled" -p 9995 -b 127.0.0.1 -t 3600 -s 10
NFCAPD_PID=$LAB_PID
wait_for 20 grep -q "Startup nfcapd" "$LAB_DIR/nfcapd2.log" || bail "nfcapd does not start"
lab_start_pearpd third.log || bail "does not start with sample = 10"
before=$(frames)
check "traffic, sampled" traffic
wait_for 20 is_quiet || bail "it does not become quiet"
counted=$(($(frames) - before))
kill "$PEARPD_PID"
wait "$PEARPD_PID"
wait_for 20 nfcapd_has_read || bail "nfcapd hangs"
kill "$NFCAPD_PID"
wait "$NFCAPD_PID"
collected=$(nfdump -q -N -R "$LAB_DIR/sampled" -o 'fmt:%pkt' | awk '{ sum += $1 } END { print sum + 0 }')
diag "of $counted frames $collected by sampling"
check "one packet in ten, times ten, is what was counted" same $((counted - counted % 10)) "$collected"
done_testing
