#!/bin/bash
# Nothing configured by hand on the hosts: a stock DHCP client brings each the same address and ports of its own, and
# what it serves on one of them is found by name from the remote host. Who leaves is found no longer.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=bare LAB_LEARN=pe-arp
STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-state.XXXXXX") || exit 1
LAB_CONF="[dhcp]
serve = all
psid = 0/6
router = $ROUTER
lease = 30
[state]
file = $STATE_DIR/lab.state"
for program in udhcpc named dig nsupdate; do
    command -v $program >/dev/null || { echo "1..0 # SKIP needs $program"; rm -rf "$STATE_DIR"; exit 0; }
done
lab_test
trap 'status=$?; (lab_guard_exit $status); status=$?; rm -rf "$STATE_DIR"; exit $status' EXIT
. "$LAB_ROOT/tests/lib/dns.sh"

HTTP=_http._tcp.www.example.net
bind_start example.net agent-key
# One file for all hosts: it names neither an address nor a port.
cat >"$LAB_DIR/agent.conf" <<CONF
[agent]
interface = eth0
dhcp = udhcpc
watch = 1
[dns]
server = $REMOTE
zone = example.net
key = agent-key
secret = $SECRET
[service http]
port = +80
host = www.example.net
target = shared.example.net
publish-address = yes
CONF
# The port of a host's http, as the bridge was told.
port_of() { ctl services --json | /usr/bin/python3 -c 'import json, sys
print(*(s["port"] for s in json.load(sys.stdin) if s["mac"] == sys.argv[1]))' "$(host_mac "$1")"; }
told() { [ -n "$(port_of "$1")" ]; }
for n in 1 2; do
    start "host$n" "agent$n.log" "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/agent.conf" --metrics "$LAB_DIR/agent$n.prom" -v
    AGENT[n]=$LAB_PID
done
for n in 1 2; do
    check "host$n has a lease, and tells of its service" wait_for 20 told "$n"
    PORT[n]=$(port_of "$n")
    http_serve "host$n" "${PORT[n]}"
done
check "the table says dhcp" same "dhcp dhcp" "$(ctl table --json | /usr/bin/python3 -c 'import json, sys
print(*(r["origin"] for r in json.load(sys.stdin) if r["mac"].startswith("00:0c:29")))')"
check "both are 80 behind the first of their lease" same "80 80" "$((PORT[1] % 1024)) $((PORT[2] % 1024))"
check "both are in the DNS" wait_for 20 has_ports bind $HTTP "$(printf '%s\n' "${PORT[@]}" | sort -n | xargs)"
# figure N NAME: the value of a figure of host N with one sample.
figure() { sed -n "s/^pearp_agent_$2{.*} //p" "$LAB_DIR/agent$1.prom"; }
figures() { [ "$(figure 1 service_published)$(figure 2 service_published)" = 11 ] &&
    [ "$(figure 1 lease_seconds)" -gt 0 ] && [ "$(figure 1 lease_seconds)" -le 30 ]; }
check "the metrics say so, and how long the lease lasts" wait_for 20 figures
check "with the address that both were leased" same "$SHARED" "$(dig_bind A shared.example.net)"
fetch 20 >"$LAB_DIR/fetched"
check "20 of 20 downloads by the name alone, from both" \
    same "20 host1 host2" "$(wc -l <"$LAB_DIR/fetched") $(sort -u "$LAB_DIR/fetched" | xargs)"
kill "${AGENT[1]}"
wait "${AGENT[1]}"
check "a host that leaves is withdrawn" same "${PORT[2]}" "$(ports_at bind $HTTP)"
fetch 2 >"$LAB_DIR/fetched"
check "and clients come to the other" same "host2 host2" "$(xargs <"$LAB_DIR/fetched")"
check "every frame is accounted for" equation
done_testing
