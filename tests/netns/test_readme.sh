#!/bin/bash
# README's first deployment, as it stands there: its configuration, its commands on the bridge, and its three kinds of
# hosts: with an agent, with DHCP, with neither. Each command is looked up in README before it runs.
. "$(dirname "$0")/../lib/lab.sh"
SHARED=192.0.2.2 ROUTER=192.0.2.1 NEIGHBOUR=192.0.2.9 LAB_FIRST=2048 LAB_BLOCK=1024 LAB_HOSTS=4
README=$LAB_ROOT/README.md CONF=/etc/pearpd/rack1.conf
own() { echo 192.0.2.$((100 + $1)); }

# In the place of the lab's: hosts that are not set up, the last one with an address of its own, and a bare bridge machine.
lab_host()
{
    printf '%s\n' "link set lo up" "link set eth0 up"
    [ "$n" -lt "$LAB_HOSTS" ] || printf '%s\n' "address add $(own "$n")/24 dev eth0" "route add default via $ROUTER"
}
lab_box() { :; }
lab_test

# readme N: README's N-th block of INI, without its indentation.
readme() { awk -v n="$1" '/^ *```ini/ { block++; inside = 1; next } /^ *```/ { inside = 0 } inside && block == n' "$README" | sed 's/^ *//'; }

# walk PLACE COMMAND: there, as README says; the lab's paths in place of the system's. What it printed is in $LAB_DIR/said.
in_readme() { grep -qF -- "$1" "$README" || bail "README does not say: $1"; }
walk()
{
    in_readme "$2"
    check "$1: $2" on_path "$1" "${2//$CONF/$LAB_DIR/rack1.conf}"
}
on_path() { on "$1" env PATH="$PEARPD_BUILD:$PATH" bash -c "$2" >"$LAB_DIR/said" 2>&1 || { cat "$LAB_DIR/said"; return 1; }; }
said() { grep -q -- "$1" "$LAB_DIR/said" || { cat "$LAB_DIR/said"; return 1; }; }

# hold N COMMAND: host N's agent, until the bridge has asked for its ports.
hold()
{
    start "host$1" "agent$1.log" env PATH="$PEARPD_BUILD:$PATH" bash -c "exec $2"
    AGENT_PID[$1]=$LAB_PID
    check "host$1: $2" wait_for 10 grep -q 'the bridge at .* asked for' "$LAB_DIR/agent$1.log" || diag "$(cat "$LAB_DIR/agent$1.log")"
}
bridge() { on box env PATH="$PEARPD_BUILD:$PATH" pearpctl -s "$LAB_DIR/pearpd.sock" "$@"; }
reaches() { same "$5" "$(talk_on "$1" ask "$2" "$3" "$4" -t "${6:-5}" | cut -d' ' -f1)"; }

for n in $(hosts); do
    serve "host$n" "host$n" $(($(host_first "$n") + 80)) || bail "no servers"
done
serve remote remote 7000 || bail "no server"

echo "# The bridge"
{ readme 1; readme 2; printf '[control]\nsocket = %s\n[state]\nfile = %s\n' "$LAB_DIR/pearpd.sock" "$LAB_DIR/rack1.state"; } |
    sed "s|^block .*|&\nlearn = pe-arp, traffic|" >"$LAB_DIR/rack1.conf"
in_readme '`learn = pe-arp, traffic`'
walk box 'pearpd -c /etc/pearpd/rack1.conf -t'
on box ip link set eth0 down
on box ip link set eth1 down
in_readme 'pearpd -c /etc/pearpd/rack1.conf'
start box pearpd.log "$PEARPD_BUILD/pearpd" -c "$LAB_DIR/rack1.conf"
PEARPD_PID=$LAB_PID
check "it is ready" talk ready "$LAB_DIR/pearpd.sock" "$PEARPD_PID"
check "the host with an address of its own reaches the router" on host4 ping -c 3 -i 0.2 192.0.2.1
in_readme 'pearpctl table'
check "the table has the shared address, CMP" grep -q "^$SHARED .* CMP " <(bridge table)

echo "# The hosts"
hold 1 'pearp-agent -i eth0 -a 192.0.2.2 -p 2048-3071 -g 192.0.2.1'
in_readme 'pearp-agent -i eth0 -a 192.0.2.2 -p 2048-3071 -g 192.0.2.1'
in_readme 'the same with `-p 3072-4095`'
hold 2 'pearp-agent -i eth0 -a 192.0.2.2 -p 3072-4095 -g 192.0.2.1'
for command in 'sysctl net.ipv4.ip_local_port_range="4096 5119"' 'sysctl net.ipv4.conf.eth0.arp_ignore=1' \
    'ip addr add 192.0.2.2/32 dev lo' 'ip route add 192.0.2.1 dev eth0 src 192.0.2.2' \
    'ip route add default via 192.0.2.1 src 192.0.2.2'; do
    walk host3 "$command"
done
check "host3 talks without an agent" reaches host3 tcp $REMOTE 7000 remote
for n in 1 2 3; do
    check "host$n owns its block" lab_bound "$n"
    check "and is reached" reaches remote tcp $SHARED $(($(host_first "$n") + 80)) "host$n"
done
on host4 ip addr del "$(own 4)/24" dev eth0
in_readme 'pearp-agent -i eth0 --dhcp'
hold 4 'pearp-agent -i eth0 --dhcp'
check "host4 has a lease of another block" grep -q "^$SHARED:5120-6143 .* $(host_mac 4) .*C" <(bridge table)
check "and is reached" reaches remote tcp $SHARED 5200 host4
in_readme '`/var/lib/pearpd/rack1.state`'
check "the state file is there" wait_for 5 test -s "$LAB_DIR/rack1.state"
check "every frame is accounted for" equation
done_testing
