#!/bin/bash
# Agents below their units, which restrict what they may do: a range with keys, a cgroup, metrics and services in the DNS;
# a DHCP client, udhcpc and dhclient, with the hook, names and MTU; the unit without a file. All that the manual promises is
# there below the restrictions, too, and nothing is left behind. eth2 is the host. After test_systemd.sh.
. "$(dirname "$0")/../lib/vm.sh"
unit=pearpd@rack1 agent=pearp-agent@eth2 group=/sys/fs/cgroup/pearp-test metrics=/var/lib/pearp-test/agent.prom
work=$(mktemp -d) || exit 1
trap 'kill $BIND $OUTSIDE 2>/dev/null; rm -rf "$work" /var/lib/pearp-test; rmdir $group 2>/dev/null; [ "$TAP_FAILED" -eq 0 ] || exit 1' EXIT
BIND='' OUTSIDE=''

# As on a host of this address: the DNS server is elsewhere.
LAB_DIR=$work REMOTE=127.0.0.1
on() { shift; "$@"; }
start()
{
    local log=$2
    shift 2
    "$@" >"$LAB_DIR/$log" 2>&1 </dev/null &
    LAB_PID=$!
}
. "$LAB_ROOT/tests/lib/dns.sh"
HTTP=_http._tcp.www.example.net
bind_start example.net agent-key
mkdir -p $group /var/lib/pearp-test
chmod 700 /var/lib/pearp-test
chown nobody /var/lib/pearp-test # of another user, who alone may write there
echo 'nameserver 192.0.2.53' >/etc/resolv.conf

# agent_conf LINE...: of pearp-agent@eth2.
agent_conf()
{
    {
        printf '%s\n' '[agent]' 'interface = eth2' "gateway = $ROUTER" "cgroup = $group" "metrics = $metrics" 'watch = 1' "$@"
        printf '%s\n' '[dns]' 'server = 127.0.0.1' 'zone = example.net' 'key = agent-key' "secret = $SECRET" \
            '[service http]' 'port = +80' 'host = www.example.net' 'target = shared.example.net' 'publish-address = yes'
    } >/etc/pearpd/agent-eth2.conf
    chmod 600 /etc/pearpd/agent-eth2.conf
}
# in_group COMMAND...: a program of the cgroup.
in_group() { sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' $group "$@"; }
binds() { /usr/bin/python3 -c 'import socket, sys; socket.socket().bind(("", int(sys.argv[1])))' "$1"; }
figure() { sed -n "s/^pearp_agent_$1{.*} //p" $metrics; }
outside_seen() { [ "$(figure outside_sockets)" -ge 1 ]; }
first() { pearpctl -n rack1 table --json | /usr/bin/python3 -c 'import json, sys
print(*(row["first_port"] for row in json.load(sys.stdin) if row["mac"] == "52:54:00:00:00:03" and row["state"] == "reachable"))'; }
leased() { [ -n "$(first)" ] && talks; }
in_dns() { has_ports bind $HTTP "$(($(first) + 80))"; }
# The agent waits for two seconds at most, which an emulated machine may need.
withdrawn() { has_ports bind $HTTP "" || said $agent 'could not be withdrawn in time'; }
asks_leased() { [ "$(sed -n 's/^nameserver //p' /etc/resolv.conf | xargs)" = "198.51.100.53 198.51.100.54" ]; }
own_port() { [ "$(talk ask udp $ROUTER 7000 -t 5 | sed 's/.*://')" -ge "$1" ]; }
settings()
{
    ip -4 -br address show
    ip -4 route show table all
    ip link show eth2 | grep -o 'mtu [0-9]*'
    sysctl net.ipv4.ip_local_port_range net.ipv4.conf.eth2.arp_ignore
    nft list tables
    cat /etc/resolv.conf
    ls $metrics
} 2>&1

# everything: what an agent does on a running host, whoever gave it the range.
everything()
{
    local what=$1
    check "$what: it talks to the router" reaches
    check "$what: from its own ports" own_port "$(first)"
    check "$what: its service is in the DNS" wait_for 60 in_dns
    check "$what: a program of the cgroup binds a port of the range" in_group /bin/bash -c "$(declare -f binds); binds $(($(first) + 5))"
    check "$what: and no other" not in_group /bin/bash -c "$(declare -f binds); binds 1999"
    check "$what: metrics are written to another user's folder" wait_for 60 test -s $metrics
    check "$what: another user's socket outside the ranges is seen" wait_for 60 outside_seen
    check "$what: with its process" wait_for 60 said $agent 'python3.*1998\|1998.*python3'
}
gone()
{
    local what=$1
    systemctl stop $agent pearp-agent-dhcp@eth2
    check "$what: stopped, its service has left the DNS" wait_for 60 withdrawn
    check "$what: all is as it was" same "$before" "$(settings)"
}

# A socket that no packet reaches, of a user who is nobody.
setpriv --reuid=65534 --clear-groups /usr/bin/python3 -c 'import socket, time
one = socket.socket(); one.bind(("0.0.0.0", 1998)); one.listen(); time.sleep(3600)' &
OUTSIDE=$!

systemctl stop $agent pearp-agent-dhcp@eth2
ip link set eth2 up # as its network configuration has it
vm_conf pe-arp '[keys]' "7 = $(printf '%064d' 7)"
systemctl restart $unit
before=$(settings)
agent_conf "[range $SHARED:2000-2999]" '[keys]' "7 = $(printf '%064d' 7)"
check "a range and a key: started" timeout 120 systemctl start $agent
check "a range and a key: claimed" wait_for 120 claimed 2000-2999
everything "a range and a key"
gone "a range and a key"

vm_conf pe-arp '[dhcp]' 'serve = all' 'psid = 0/6' "router = $ROUTER" 'dns = 198.51.100.53, 198.51.100.54' 'mtu = 1400' 'lease = 60'
systemctl restart $unit
for client in udhcpc dhclient; do
    agent_conf "dhcp = $client"
    check "$client: started" timeout 120 systemctl start $agent
    check "$client: a lease" wait_for 120 leased
    everything $client
    check "$client: the lease's DNS servers" wait_for 60 asks_leased
    check "$client: the lease's MTU" wait_for 60 grep -qx 1400 /sys/class/net/eth2/mtu
    check "$client: how long it lasts" test "$(figure lease_seconds)" -gt 0
    gone $client
done
check "the unit without a file: started" timeout 120 systemctl start pearp-agent-dhcp@eth2
check "the unit without a file: a lease" wait_for 120 leased
check "the unit without a file: the lease's MTU" wait_for 60 grep -qx 1400 /sys/class/net/eth2/mtu
gone "the unit without a file"
vm_tell $unit $agent pearp-agent-dhcp@eth2

# For test_reboot.sh: the range again, and learned as test_systemd.sh has it.
vm_conf pe-arp,traffic
printf '%s\n' '[agent]' 'interface = eth2' "gateway = $ROUTER" "[range $SHARED:2000-2999]" >/etc/pearpd/agent-eth2.conf
systemctl restart $unit
systemctl start $agent
check "back as it was: claimed" wait_for 120 claimed 2000-2999
sync
done_testing
