#!/bin/bash
# Tunnels to hosts that share an address: WireGuard over UDP for two of them at once; GRE, IPIP and ESP, which have no
# ports, for the one that holds the flow or that the configuration names; the second one to the same peer is told apart.
# takes: 15 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
LAB_CONF="[protocol 192.35.162.2/ipip]
mac = 00:0c:29:39:44:ab"
[ -c /dev/net/tun ] || { echo "1..0 # SKIP no /dev/net/tun"; exit 0; }
lab_test
monitor

# tunnel N|remote KIND NUMBER: one end of the tunnel NUMBER.
tunnel()
{
    local place=remote ends="$REMOTE $SHARED" address=10.9.$3.1/24
    [ "$1" = remote ] || place=host$1 ends="$SHARED $REMOTE" address=10.9.$3.$((1 + $1))/24
    # shellcheck disable=SC2086
    start "$place" "tunnel-$place-$2.log" /usr/bin/python3 "$LAB_ROOT/tests/lib/tunnel.py" tunnel "$2" "t$3" \
        "$address" $ends "$LAB_DIR/ready-$place-$2"
    wait_for 20 test -e "$LAB_DIR/ready-$place-$2" || bail "no tunnel $2 at $place"
}
through() { on "$1" ping -q -c 3 -i 0.2 -W 10 "$2"; }
nobody() { ! on "$1" ping -q -c 3 -i 0.2 -W 1 "$2"; }

tunnel remote gre 1
check "GRE: nobody holds the flow yet: the remote reaches nobody" nobody remote 10.9.1.2
check "that was counted as no_owner" test "$(stat_of drops/no_owner)" -ge 3
tunnel 1 gre 1
check "GRE: host1 reaches the remote" through host1 10.9.1.1
check "GRE: and the remote it" through remote 10.9.1.2
tunnel 2 gre 1
check "GRE: a second host to the same peer does not" nobody host2 10.9.1.1
check "it is told apart by its own drop" test "$(stat_of drops/flow_conflict)" -ge 3
check "and by an event" wait_for 20 grep -q "flow-conflict.*$(host_mac 2).*against.*$(host_mac 1)" "$LAB_DIR/events"
check "GRE: host1 is not disturbed" through host1 10.9.1.1

tunnel remote esp 2
tunnel 2 esp 2
check "ESP: another protocol to the same peer is another flow: host2 holds it" through host2 10.9.2.1

tunnel remote ipip 3
tunnel 2 ipip 3
tunnel 1 ipip 3
check "IPIP: the remote reaches the configured host, which never sent" through remote 10.9.3.3
check "IPIP: another host may not send it" nobody host1 10.9.3.1

# WireGuard, as it is in Debian, in user space.
wireguard()
{
    local place=$1 address=$2 port=$3
    on "$place" wireguard-go "wg$port" >"$LAB_DIR/wg-$place.log" 2>&1 || return 1
    (umask 077 && wg genkey >"$LAB_DIR/$place.key")
    on "$place" wg set "wg$port" private-key "$LAB_DIR/$place.key" listen-port "$port" &&
        on "$place" ip address add "$address" dev "wg$port" && on "$place" ip link set "wg$port" up
}
public() { wg pubkey <"$LAB_DIR/$1.key"; }
if command -v wireguard-go >/dev/null && command -v wg >/dev/null; then
    wireguard remote 10.8.0.1/24 7820 && wireguard host1 10.8.0.2/24 2700 && wireguard host2 10.8.0.3/24 3700 ||
        bail "no WireGuard: $(cat "$LAB_DIR"/wg-*.log)"
    for n in $(hosts); do
        on remote wg set wg7820 peer "$(public "host$n")" allowed-ips "10.8.0.$((n + 1))/32"
        on "host$n" wg set "wg$(($(host_first "$n") + 700))" peer "$(public remote)" endpoint $REMOTE:7820 allowed-ips 10.8.0.1/32
    done
    for n in $(hosts); do
        check "WireGuard: host$n reaches the remote" through "host$n" 10.8.0.1
        check "WireGuard: and the remote it" through remote "10.8.0.$((n + 1))"
    done
else
    skip "WireGuard" "wireguard-go and wg are not there"
fi

for n in $(hosts); do
    port=$(($(host_first "$n") + 800))
    start remote "sctp$n.log" /usr/bin/python3 "$LAB_ROOT/tests/lib/tunnel.py" sctp-serve $REMOTE $((7200 + n)) 6 \
        "$LAB_DIR/ready-sctp$n"
    start "host$n" "sctp-host$n.log" /usr/bin/python3 "$LAB_ROOT/tests/lib/tunnel.py" sctp-serve $SHARED $((port + 1)) 6 \
        "$LAB_DIR/ready-sctp-host$n"
    wait_for 20 test -e "$LAB_DIR/ready-sctp$n" -a -e "$LAB_DIR/ready-sctp-host$n"
    check "SCTP: an association from host$n" on "host$n" /usr/bin/python3 "$LAB_ROOT/tests/lib/tunnel.py" sctp-ask \
        $SHARED "$port" $REMOTE $((7200 + n)) 6
    check "SCTP: an association to host$n" on remote /usr/bin/python3 "$LAB_ROOT/tests/lib/tunnel.py" sctp-ask \
        $REMOTE 7300 $SHARED $((port + 1)) 6
done
check "every frame is accounted for" equation
done_testing
