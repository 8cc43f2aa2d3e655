#!/bin/bash
# pearpd with hosts that share no code with it: tests/lib/pe_arp_host.py is written from docs/pe-arp.md alone, and the
# hosts' network is set up with the commands of its section 16. Claim, link down and up, resolution, restart, contest,
# silence, release and port sets, first without keys and then with them; a host with a wrong key is not bound. At last
# one claim in ARP frames.
# takes: 45 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=bare LAB_LEARN=pe-arp
SETS=192.35.162.3 # shared by port sets; 1232-1235 are the first ports of set 52, 1236-1239 those of set 53
LAB_CONF="[address $SETS]
ports = 1024-65535
learn = pe-arp
psid = 6/8
[limits]
hello-window = 1" # shorter than a RELEASE takes: what is claimed after one has no rivals
lab_test
key() { printf '%064x' "$1"; }

# Section 16: the addresses and routes of host N.
network()
{
    on "host$1" sysctl -q -w net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.conf.eth0.arp_announce=2 \
        net.ipv4.conf.eth0.arp_notify=0 net.ipv4.ip_local_port_range="$(host_first "$1") $(host_last "$1")" &&
        printf '%s\n' "link set eth0 up" "address add $SHARED/32 dev lo scope host" \
            "address add $SETS/32 dev lo scope host" \
            "route add $ROUTER/32 dev eth0 scope link src $SHARED" \
            "route add default via $ROUTER dev eth0 src $SHARED" | lab_in "host$1"
}

# claimant N ADDRESS PORTS OPTION...: host N claims them; its process is CLAIMANT[N], what it says is in claimantN.log.
claimant()
{
    local n=$1
    shift
    start "host$n" "claimant$n.log" /usr/bin/python3 "$LAB_ROOT/tests/lib/pe_arp_host.py" eth0 "$@"
    CLAIMANT[n]=$LAB_PID
}
ends()
{
    kill "$1"
    wait "$1"
}
said() { grep -q "$2" "$LAB_DIR/claimant$1.log"; }
times() { grep -c "$2" "$LAB_DIR/claimant$1.log"; }
said_more() { [ "$(times "$1" "$2")" -gt "$3" ]; }

# For check: the table has the ports of ADDRESS as reachable by PE-ARP, at host N.
bound() { ctl table -v | grep -q "^$1:$2 .* $(host_mac "$3") .* reachable *pe-arp "; }
unbound() { ! ctl table | grep -q "^$1:$2 "; }
event() { grep -q " $1 $2 $(host_mac "$3")" "$LAB_DIR/events"; }
# reaches ADDRESS PORT N: the remote's connection arrives at host N.
reaches() { same "host$3 saw" "$(talk_on remote ask tcp "$1" "$2" | cut -d' ' -f1-2)"; }

restart()
{
    ends "$PEARPD_PID"
    lab_start_pearpd || bail "pearpd does not start"
    monitor
}

# The whole life of a range: HOW is said in the titles, OPTIONs are those of the hosts.
life()
{
    local how=$1 before
    shift
    claimant 1 $SHARED 2000-2999 "$@"
    check "$how: a host that claims its range is challenged and bound" wait_for 20 bound $SHARED 2000-2999 1
    claimant 2 $SHARED 3000-3999 "$@"
    check "$how: so is the second" wait_for 20 bound $SHARED 3000-3999 2
    check "$how: traffic for the first arrives there" reaches $SHARED 2080 1
    check "$how: traffic for the second arrives there" reaches $SHARED 3080 2
    check "$how: the first reaches the remote" talk_on host1 ask tcp $REMOTE 7000

    before=$(times 1 'received REQUEST .*:2080-2080/6')
    ctl flush >/dev/null || not_ok "flush"
    check "$how: after a flush nothing is bound" unbound $SHARED 2000-2999
    check "$how: a packet for its port finds the host" reaches $SHARED 2080 1
    check "$how: because it answered a REQUEST for that port" wait_for 20 said_more 1 'received REQUEST .*:2080-2080/6' "$before"
    check "$how: with its whole range" bound $SHARED 2000-2999 1

    before=$(times 1 'sent CLAIM')
    echo "link set host1 down" | lab_in switch
    check "$how: the link of the first goes down" wait_for 20 said 1 'link down'
    echo "link set host1 up" | lab_in switch
    check "$how: it comes up: the first claims again" wait_for 20 said_more 1 'sent CLAIM' "$before"

    before=$(times 1 'received HELLO')
    restart
    check "$how: pearpd restarts: its HELLO is received" wait_for 20 said_more 1 'received HELLO' "$before"
    check "$how: with a number" wait_for 20 said 1 'received HELLO .* seq [0-9]'
    check "$how: the claims for it bind the first" wait_for 20 bound $SHARED 2000-2999 1
    check "$how: and the second" wait_for 20 bound $SHARED 3000-3999 2

    ends "${CLAIMANT[2]}"
    check "$how: the second ends: it sends RELEASE" wait_for 20 said 2 'sent RELEASE'
    check "$how: its binding ends" wait_for 20 unbound $SHARED 3000-3999
    check "$how: as released" wait_for 20 event released $SHARED:3000-3999 2

    before=$(times 1 "received REQUEST .*:2000-2000/0")
    claimant 2 $SHARED 2000-2999 "$@"
    check "$how: the second claims the range of the first: a conflict" wait_for 20 event conflict $SHARED:2000-2999 2
    check "$how: the owner was challenged" wait_for 20 said_more 1 "received REQUEST .*:2000-2000/0" "$before"
    check "$how: and objected" wait_for 20 said 1 "sent CONFLICT .* tpa $SHARED:2000-2999/0"
    check "$how: the claimant receives that" wait_for 20 said 2 "reported: $(host_mac 1) holds $SHARED:2000-2999/0"
    check "$how: the owner keeps the range" bound $SHARED 2000-2999 1
    check "$how: the claimant was not challenged" not said 2 'received REQUEST'

    kill -STOP "${CLAIMANT[1]}"
    check "$how: the owner is silent: the claimant is bound" wait_for 30 bound $SHARED 2000-2999 2
    check "$how: the range has moved" wait_for 20 event moved $SHARED:2000-2999 2
    ends "${CLAIMANT[2]}"
    check "$how: it releases the range" wait_for 20 unbound $SHARED 2000-2999
    kill -CONT "${CLAIMANT[1]}"
    check "$how: the first, awake again, answers for it" wait_for 30 reaches $SHARED 2080 1
    check "$how: and is bound" bound $SHARED 2000-2999 1
    ends "${CLAIMANT[1]}"
    check "$how: its end releases it" wait_for 20 unbound $SHARED 2000-2999

    claimant 1 $SETS 6/8/53 "$@"
    claimant 2 $SETS 6/8/52 "$@"
    check "$how: a port set is bound" wait_for 20 bound $SETS 1236-64727 1
    check "$how: and the next one" wait_for 20 bound $SETS 1232-64723 2
    check "$how: a port of the first set arrives at its owner" reaches $SETS 1236 1
    check "$how: one of the second at the other" reaches $SETS 1232 2
    check "$how: also one of its last span" reaches $SETS 64720 2
    ends "${CLAIMANT[1]}"
    ends "${CLAIMANT[2]}"
    check "$how: a port set is released" wait_for 20 unbound $SETS 1236-64727
    check "$how: and the other" wait_for 20 unbound $SETS 1232-64723
}

network 1 && network 2 || bail "the hosts have no network"
serve remote remote 7000 && serve host1 host1 2080 1236 && serve host2 host2 3080 1232 64720 || bail "no servers"
monitor
life "without keys"

claimant 1 $SHARED 2000-2999 -k "3=$(key 3)" -k "7=$(key 7)"
check "a host with keys ignores what is not signed" wait_for 20 said 1 'ignored REQUEST .* AUTH is not good'
check "and is not bound" not bound $SHARED 2000-2999 1
printf '\n[keys]\n7 = %s\n' "$(key 7)" >>"$LAB_DIR/lab.conf"
restart
check "pearpd gets a key: the host signs with it, too, and is bound" wait_for 20 bound $SHARED 2000-2999 1
check "its claim was signed" wait_for 20 said 1 'sent CLAIM .* seq [0-9]* key 7'
ends "${CLAIMANT[1]}"
check "its release was, too" wait_for 20 unbound $SHARED 2000-2999

forged=$(stat_of drops/pe_arp_forged)
claimant 1 $SHARED 2000-2999 -k "7=$(key 8)"
check "a host with another key under the same id is refused" wait_for 20 has_grown drops/pe_arp_forged "$forged" 2
check "nothing is bound" unbound $SHARED 2000-2999
ends "${CLAIMANT[1]}"
forged=$(stat_of drops/pe_arp_forged)
claimant 1 $SHARED 2000-2999
check "one without a key is refused" wait_for 20 has_grown drops/pe_arp_forged "$forged" 2
check "nothing is bound" unbound $SHARED 2000-2999
ends "${CLAIMANT[1]}"

life "signed" -k "7=$(key 7)"

sed -i 's/^\[bridge\]$/&\nencap = arp/' "$LAB_DIR/lab.conf"
restart
claimant 1 $SHARED 2000-2999 -k "7=$(key 7)" -e arp
check "in ARP frames: a host is bound" wait_for 20 bound $SHARED 2000-2999 1
check "and reached" reaches $SHARED 2080 1
ends "${CLAIMANT[1]}"
check "and released" wait_for 20 unbound $SHARED 2000-2999
check "every frame is accounted for" equation
done_testing
