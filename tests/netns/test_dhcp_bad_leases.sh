#!/bin/bash
# Leases that no good server gives: malformed ports, addresses and gateways that cannot be, text that a shell would run,
# no ports at all: a clear line each, and nothing is set. A lease that changes, and one that nobody renews.
# takes: 45 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=1 LAB_MODE=bare LAB_LEARN=pe-arp
for program in udhcpc dhclient; do
    command -v $program >/dev/null || { echo "1..0 # SKIP needs $program"; exit 0; }
done
lab_test
HOOKS=$PEARPD_BUILD/dhcp
export PEARP_AGENT=$PEARPD_BUILD/pearp-agent
MARK=$LAB_DIR/a-shell-ran-this

# The server is another host of the segment.
server()
{
    [ -z "${SERVER:-}" ] || { kill "$SERVER"; wait "$SERVER"; } 2>/dev/null
    start neighbour server.log /usr/bin/python3 "$LAB_ROOT/tests/lib/dhcp_server.py" eth0 "log=$LAB_DIR/heard" "$@"
    SERVER=$LAB_PID
    wait_for 20 grep -q ready "$LAB_DIR/server.log"
}
agent()
{
    start host1 agent.log "$PEARP_AGENT" -i eth0 --dhcp --client "$1" -v
    AGENT=$LAB_PID
}
agent_down()
{
    kill "$AGENT"
    wait "$AGENT"
}
said() { grep -Fq -- "$1" "$LAB_DIR/agent.log"; }
times_said() { [ "$(grep -Fc -- "$1" "$LAB_DIR/agent.log")" -ge "$2" ]; }
settings() { on host1 sh -c 'ip -4 address show; ip -4 route show table all; sysctl net.ipv4.ip_local_port_range; nft list tables'; }
as_found() { settings | diff "$LAB_DIR/before" -; }
holds() { on host1 "$PEARP_AGENT" status | grep -q "^$SHARED:psid/$1 .*held"; }
# In both forms, and in neither where there is a lease.
waits()
{
    local forms
    forms="$(on host1 "$PEARP_AGENT" status | grep -c 'waits for a lease on eth0')$(on host1 "$PEARP_AGENT" status --json | grep -c '"waiting": *\["eth0"\]')"
    [ "$forms" = 11 ] || { [ "$forms" = 00 ] || echo "not the same: $forms"; return 1; }
}
is_up() { on host1 ip -o link show dev eth0 | grep -q '[<,]UP[,>]'; }
holds_nothing() { on host1 "$PEARP_AGENT" status | grep -q 'no range is held'; }

on host1 ip link set eth0 up
settings >"$LAB_DIR/before"

# refused CLIENT TEXT KEY=VALUE...: what such a server gives is not taken.
refused()
{
    local client=$1 text=$2
    shift 2
    server "$@"
    agent "$client"
    check "$client, $*: refused with a line" wait_for 20 said "lease of eth0 refused: $text"
    check "  and nothing is set" as_found
    agent_down
}
# network_manager INTERFACE ACTION [WORD=VALUE...]: its dispatcher's script, with the words that NetworkManager gives.
network_manager()
{
    on host1 env PATH="$PEARPD_BUILD:$PATH" DHCP4_IP_ADDRESS=$SHARED DHCP4_V4_PORTPARAMS=0:6:8:0 \
        DHCP4_ROUTERS=$ROUTER DHCP4_SUBNET_MASK=255.255.255.0 "${@:3}" "$HOOKS/networkmanager-dispatcher" "$1" "$2" \
        >>"$LAB_DIR/hook.log" 2>&1
}
refused udhcpc '000608: not the four bytes of option 159' ports=000608
refused dhclient '0:6:8: not the four bytes of option 159' ports=000608
refused udhcpc '060c0000: offset 6 and PSID length 12 are no port set' ports=060c0000
refused dhclient '6:c:0:0: offset 6 and PSID length 12 are no port set' ports=060c0000
refused udhcpc '00060801: the PSID has bits beyond its length of 6' ports=00060801
refused dhclient '0:0:0:0: a PSID length of 0 shares no address' ports=00000000
refused udhcpc 'the lease has no ports (option 159)' ports=
refused dhclient '239.1.2.3: not a host'\''s IPv4 address' address=239.1.2.3
refused udhcpc 'gateway=10.0.0.1: outside the leased address'\''s subnet' router=10.0.0.1
refused udhcpc "gateway=$SHARED: is the leased address itself" router=$SHARED

server ports=
agent dhclient
check "dhclient takes no offer without ports, and goes on asking" wait_for 20 sh -c "[ \$(grep -c '^discover' '$LAB_DIR/heard') -ge 2 ]"
check "  and nothing is set" as_found
agent_down

# What a shell would run, in each word that a client hands on.
for value in "\$(touch $MARK)" "\`touch $MARK\`" "; touch $MARK" "' ; touch $MARK; '" "\" ; touch $MARK; \"" "1
touch $MARK" "a b c" "*" "-h"; do
    for word in interface ip opt159 subnet router dns mtu lease; do
        on host1 env interface=eth0 ip=$SHARED opt159=00060800 subnet=255.255.255.0 router=$ROUTER dns= mtu= lease=60 \
            "$word=$value" "$HOOKS/pearp-dhcp-hook" bound >>"$LAB_DIR/hook.log" 2>&1 && echo "$word=$value"
    done
    for word in interface new_ip_address new_v4_portparams new_subnet_mask new_routers new_domain_name_servers \
        new_interface_mtu new_dhcp_lease_time; do
        on host1 env reason=BOUND interface=eth0 new_ip_address=$SHARED new_v4_portparams=0:6:8:0 "$word=$value" \
            "$HOOKS/pearp-dhcp-hook" >>"$LAB_DIR/hook.log" 2>&1 && echo "$word=$value"
    done
    for word in DHCP4_IP_ADDRESS DHCP4_V4_PORTPARAMS DHCP4_ROUTERS DHCP4_SUBNET_MASK; do
        network_manager eth0 up "$word=$value" && echo "$word=$value"
    done
    network_manager "$value" up && echo "NetworkManager's interface $value"
done >"$LAB_DIR/taken"
check "words that a shell would run are refused, all of them" same "" "$(cat "$LAB_DIR/taken")"
check "  and no shell ran them" not test -e "$MARK"
check "  and each left one line" same "$((9 * 21))" "$(grep -c '^pearp-agent: lease' "$LAB_DIR/hook.log")"
check "  and nothing is set" as_found

# The domain and host names are nobody's business here.
server "hostname=\$(touch $MARK)" "domain=x\";touch $MARK;\"" lease=60
agent udhcpc
check "a lease beside hostile names is taken" wait_for 20 holds 0/6/2
server ports=00060c00 lease=60
kill -USR1 "$(on host1 pgrep -P "$AGENT" udhcpc)"
check "a renewal with other ports: those are held" wait_for 20 holds 0/6/3
check "  and no longer the others" not holds 0/6/2
check "  which were withdrawn at the bridge" said 'leased 192.35.162.2:psid/0/6/3'
check "  with the kernel's own range" same "3072 4095" "$(on host1 sysctl -n net.ipv4.ip_local_port_range | xargs)"
agent_down
check "all is put back" as_found
check "no shell ran the names" not test -e "$MARK"

# A killed agent takes its client along, and leaves its settings on record; so too that the interface was down.
on host1 ip link set eth0 down
agent udhcpc
check "a lease" wait_for 20 holds 0/6/3
CLIENT=$(on host1 pgrep -P "$AGENT" udhcpc)
kill -9 "$AGENT"
wait "$AGENT" 2>/dev/null
check "the client of a killed agent ends" wait_for 20 not kill -0 "$CLIENT"
on host1 "$PEARP_AGENT" -i eth0 --undo 2>/dev/null
check "--undo puts back what it left" as_found
check "  and puts down what was down" not is_up

# Nobody answers any more: udhcpc takes the lease for one of 30 s, the agent does not.
server lease=2
agent udhcpc
check "a short lease" wait_for 20 holds 0/6/2
kill "$SERVER"
check "a lease that is not renewed is over in time" wait_for 20 holds_nothing
check "  and all is put back" as_found
check "  but the link, which the client goes on with" is_up
check "  status says that an agent waits" wait_for 20 waits
check "  and a line says that none came" wait_for 20 said 'no lease with ports (option 159) on eth0 yet'
server lease=60
check "  one comes in the end" wait_for 70 holds 0/6/2
check "  and nobody waits any more" not waits
agent_down
check "it is down at the end, as it was" not is_up
no_agent() { [ ! -e "$LAB_RUN_FILES/pearp-$LAB_ID-host1" ]; }
check "  and no file is left" no_agent

# NetworkManager sets the address itself, and tells the dispatcher's scripts.
on host1 ip link set eth0 up
on host1 ip address add "$SHARED/24" dev eth0
settings >"$LAB_DIR/before"
check "NetworkManager: up takes its lease" network_manager eth0 up
check "  which is held" wait_for 20 holds 0/6/2
check "  by its gateway" on host1 sh -c "ip -4 route show default | grep -q 'via $ROUTER dev eth0'"
check "  a change takes another lease" network_manager eth0 dhcp4-change DHCP4_V4_PORTPARAMS=0:6:c:0
check "  which is held then" wait_for 20 holds 0/6/3
check "  down: the lease is over" network_manager eth0 down
check "  and its agent ends" wait_for 20 no_agent
check "  and all is put back" as_found
check "  up again" network_manager eth0 up
check "  is held" wait_for 20 holds 0/6/2
check "  a change to a lease without ports: it is over" network_manager eth0 dhcp4-change DHCP4_V4_PORTPARAMS=
check "  and its agent ends" wait_for 20 no_agent
check "  and all is put back" as_found
check "  down without an agent is fine" network_manager eth0 down
check "  so is an interface without a lease" network_manager eth0 up DHCP4_V4_PORTPARAMS=
check "  and so is lo, up" network_manager lo up DHCP4_V4_PORTPARAMS=
check "  and down" network_manager lo down DHCP4_V4_PORTPARAMS=
done_testing
