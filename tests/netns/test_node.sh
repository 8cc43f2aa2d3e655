#!/bin/bash
# One rented server with one address: pearp-node makes it a bridge for guests, and back. The provider sees one MAC address, the ssh
# session lives on, what is not confirmed is undone, also by a reboot, and what is confirmed comes up again.
# takes: 25 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/node.sh"
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
lab_guard
node_up || bail "the lab does not stand"

state()
{
    on node ip -o address show dev eth0 scope global
    on node ip -4 route show
    on node ip -br link | awk '{ print $1 }' | sed 's/@.*//' | sort
    on node nft list ruleset
    on node sysctl net.ipv4.conf.vmbr0.arp_ignore net.ipv4.conf.eth0.arp_ignore net.ipv4.ip_local_port_range
}
as_found() { same "$FOUND" "$(state)"; }
is_converted() { node status; }
not_converted() { ! node status && as_found; }
reached() { [ "$(talk_on remote ask tcp $SHARED "$(($(guest_first "$1") + 5))" -t 5 | cut -d' ' -f1)" = "guest$1" ]; }
reaches() { talk_on "guest$1" ask tcp $REMOTE 7000 -t 5 | grep -q "^remote saw $SHARED:"; }
serve_guest() { serve "guest$1" "guest$1" $(($(guest_first "$1") + 5)); }
# Every datagram once: neither lost nor doubled.
heard_once()
{
    start node heard /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" in-order 1500 20
    wait_for 20 grep -q ready "$LAB_DIR/heard" || return 1
    talk_on remote numbers $SHARED 1500 100 0.2 >/dev/null
    wait "$LAB_PID"
}

FOUND=$(state)
serve remote remote 7000
session_begins || bail "no session"
check "the dry run changes nothing" eval 'node convert --bridge vmbr0 --dry-run >/dev/null 2>"$LAB_DIR/dry" && as_found && [ -z "$(ls "$LAB_DIR/etc")" ]'
check "and says what it would do" grep -q 'ip address del 192.35.162.2/24 dev eth0' "$LAB_DIR/dry"
check "a bridge that is not there: refused" eval '! node convert --bridge nowhere 2>/dev/null && as_found'
for words in "" "drop" "convert --try x" "convert --ports 5-3" "status more"; do
    # shellcheck disable=SC2086
    node $words >/dev/null 2>&1
    check "wrong usage (pearp-node $words): status 2" same 2 $?
done

node convert --bridge vmbr0 --try 3 >"$LAB_DIR/convert" 2>&1
check "converted, on trial" same 0 $?
check "status says so" eval 'node status | grep -q "on trial"'
check "the session goes on" session_lives
check "nobody confirms: everything is as it was found" wait_for 20 not_converted
check "the session goes on" session_lives

node convert --bridge vmbr0 --try 600 >>"$LAB_DIR/convert" 2>&1
check "converted again, with the configuration that is there" is_converted
check "again: nothing to do" eval 'node convert --bridge vmbr0 2>&1 | grep -q "converted already"'
check "confirmed" node confirm
check "once" not node confirm
check "a guest gets ports" guest_begins 1 40
check "and another one" guest_begins 2 100
serve_guest 1 && serve_guest 2
for n in 1 2; do
    check "guest$n is reached at the server's address" reached $n
    check "guest$n reaches the remote host" reaches $n
done
check "the server reaches the remote host" eval 'talk_on node ask tcp $REMOTE 7000 -t 5 | grep -q "^remote saw $SHARED:"'
check "the session goes on" session_lives
check "a ping of the address is answered" on remote ping -q -c 2 -i 0.2 -W 5 $SHARED
check "what comes for the server is heard once" heard_once
check "guests reach each other, and the server, at private addresses" \
    eval 'on guest1 ping -q -c 1 -W 5 10.10.10.102 && on guest1 ping -q -c 1 -W 5 10.10.10.1'
on guest1 ping -c 1 -W 1 10.10.10.99 >/dev/null 2>&1
on guest1 ping -6 -c 1 -W 1 ff02::2%eth0 >/dev/null 2>&1
check "ARP and IPv6 of a guest end at pearpd" eval '[ "$(ctl_node stats --json | talk figure drops/upstream_mac)" -gt 0 ]'

# A guest with an agent in the place of the snippet: its kernel asks for the gateway by the private address.
on guest2 ip address del $SHARED/32 dev lo
on guest2 ip route del default
on guest2 sysctl -q -w net.ipv4.ip_local_port_range="32768 60999" net.ipv4.conf.eth0.arp_ignore=0
start guest2 guest2.log "$PEARPD_BUILD/pearp-agent" -i eth0 -a $SHARED -p "$(guest_first 2)-$(($(guest_first 2) + 99))" -g $ROUTER
check "with an agent instead guest2 reaches the remote host, too" wait_for 20 reaches 2
kill "$LAB_PID" && wait "$LAB_PID"

# A guest without ports, behind the server's, as the guide has it.
on node sysctl -q -w net.ipv4.ip_forward=1
sed -n 's/^    nft \(add.*ip nat.*\|.add chain ip nat.*\)/nft \1/p' "$LAB_ROOT/docs/one-server.md" | sed "s/192.0.2.2/$SHARED/" >"$LAB_DIR/nat"
on node sh -e "$LAB_DIR/nat"
on guest2 ip route replace default via 10.10.10.1
check "source NAT to ports of the server for a guest that has none" eval \
    '[ "$(wc -l <"$LAB_DIR/nat")" = 3 ] && talk_on guest2 ask tcp $REMOTE 7000 -t 5 | grep -q "^remote saw $SHARED:1[0-9][0-9][0-9]$"'
on node nft delete table ip nat
on node sysctl -q -w net.ipv4.ip_forward=0

kill "$SESSION_PID"
node_reboot >"$LAB_DIR/reboot" 2>&1
check "after a reboot it comes up again" is_converted
guest_boots 1 && guest_boots 2
start node again.log /usr/bin/python3 "$LAB_ROOT/tests/lib/session.py" serve 22
check "guest1 is reached" reached 1
check "guest2 reaches the remote host" reaches 2
session_begins
check "and the server" session_lives
check "the provider dropped nothing: no MAC address but the server's" same 0 "$(foreign)"
check "and it did look" test "$(foreign passed)" -gt 20

check "undone" node undo
check "everything is as it was found" as_found
check "the session goes on" session_lives
check "the ports of guests are kept" test -s "$LAB_DIR/etc/node.d/guest1.conf"
node convert --bridge vmbr0 --try 600 >>"$LAB_DIR/convert" 2>&1
node_reboot >>"$LAB_DIR/reboot" 2>&1
check "a reboot before the confirmation: it is as it was found" not_converted
check "the provider dropped nothing" same 0 "$(foreign)"
done_testing
