#!/bin/bash
# The network's own server, BusyBox udhcpd on the router, leases the shared address to a host with ports (option 159):
# seen passing, the lease is a binding until the host gives it back. What another host says in the server's name is not.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=plain LAB_LEARN=dhcp
command -v udhcpc >/dev/null && command -v busybox >/dev/null || { echo "1..0 # SKIP needs udhcpc and busybox"; exit 0; }
lab_test

# A static lease: before another one udhcpd asks by ARP whether the address is in use, and the bridge says so.
cat >"$LAB_DIR/udhcpd.conf" <<CONF
start 192.35.162.200
end 192.35.162.200
max_leases 1
static_lease $(host_mac 1) $SHARED
interface eth0
lease_file $LAB_DIR/udhcpd.leases
pidfile $LAB_DIR/udhcpd.pid
option subnet 255.255.255.0
option router $ROUTER
option lease 3600
option 0x9f 00060c00
CONF
touch "$LAB_DIR/udhcpd.leases"
start router udhcpd.log busybox udhcpd -f "$LAB_DIR/udhcpd.conf"
serve remote remote 7000 || bail "no server"
for n in 1 2; do ip -n "pearp-$LAB_ID-host$n" address flush dev eth0; done

dhcp_rows() { ctl table --json | /usr/bin/python3 -c 'import json, sys
for row in json.load(sys.stdin):
    if row["origin"] == "dhcp":
        print(row["first_port"], row["last_port"], row["mac"], row["expires_s"] > 3500)'; }
is_leased() { [ "$(dhcp_rows)" = "3072 4095 $(host_mac 1) True" ]; }
is_free() { [ -z "$(dhcp_rows)" ]; }

# An ACK of the same lease to host2, said by host2.
forged=$(/usr/bin/python3 - "$(host_mac 2)" <<'PYTHON'
import sys
sys.path.insert(0, "pcaps")
from frames import *
print(from_server(ACK, mac(sys.argv[1]), lease_time(600) + port_params(0, 6, 3), source=mac(sys.argv[1]), yiaddr=SHARED).hex())
PYTHON
)
talk_on host2 frame eth0 "$forged"
is_counted() { [ "$(stat_of counters/dhcp_forged)" -ge 1 ]; }
check "an ACK from a host is counted" wait_for 20 is_counted
check "and teaches nothing" is_free

export LAB_LEASE=$LAB_DIR/lease-host1
start host1 client.log udhcpc -f -i eth0 -s "$LAB_ROOT/tests/lib/udhcpc.script" -O 159 -R -t 5 -T 4 -A 1
client=$LAB_PID
check "the lease that passed is in the table" wait_for 25 is_leased
check "the client took address and ports" wait_for 20 grep -q "^bound address=$SHARED .*first=3072 last=4095" "$LAB_LEASE"
serve host1 host1 3080 || bail "no server"
check "its host reaches the remote" talk_on host1 ask udp $REMOTE 7000
check "and is reached" same host1 "$(talk_on remote ask tcp $SHARED 3080 | cut -d' ' -f1)"
talk_on host2 frame eth0 "$forged"
check "it is still its host's" is_leased
kill "$client"
wait "$client" 2>/dev/null
check "its DHCPRELEASE frees the ports" wait_for 20 is_free
check "pearpd answered nothing itself" same 0 "$(stat_of consumed/dhcp)"
check "every frame is accounted for" equation
done_testing
