#!/bin/bash
# 4,096 MAC addresses on the hosts' switch send 10,000 frames a second: CLAIMs, ARP, DHCP, portless flows. A newcomer of
# each kind works meanwhile, numbered traffic to and from the owners is whole, and every frame is accounted for.
# Reliability rows (as far as they apply): H1, H3, H4, S43.
# alone: floods take both processors
# takes: 30 s
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/floods.sh"
LAB_HOSTS=3 LAB_MODE=agent LAB_LEARN=pe-arp
LEASED=192.35.162.3
LAB_CONF="[address $LEASED]
[dhcp]
serve = $LEASED
psid = 0/6
router = $ROUTER"
command -v udhcpc >/dev/null || { echo "1..0 # SKIP needs udhcpc"; exit 0; }
lab_test
serve_all && watch_owners || bail "no servers"
bridge=02:50:45:00:00:01 many=02:a0:00:00:00:00 all=ff:ff:ff:ff:ff:ff
flood() { on neighbour "$PEARPD_BUILD/flood" eth0 "$1" "$(rate 10000)" $SECONDS_EACH $many "$2" $SHARED "$3" 20000 60000; }

# during KIND DESTINATION OTHER COMMAND...: the flood, and a second after it began the newcomer's COMMAND; `served` is there
# if that went well.
during()
{
    local flood
    rm -f "$LAB_DIR/served"
    flood "$1" "$2" "$3" &
    flood=$!
    sleep 1
    "${@:4}" >"$LAB_DIR/newcomer" 2>&1 && : >"$LAB_DIR/served"
    wait $flood
}
served() { diag "$(cat "$LAB_DIR/newcomer")" && [ -e "$LAB_DIR/served" ]; }

kill "${AGENT_PID[3]}" && wait "${AGENT_PID[3]}"
starts() { lab_bound 3 || lab_start_agent 3 && wait_for 20 lab_bound 3; }
before=$(stat_of counters/requests)
quiet_during "CLAIMs of 4,096 machines" during claims $all $NEIGHBOUR starts
check "CLAIMs of 4,096 machines: an agent that starts is bound" served
echo "# H1: live: $SENT CLAIMs of 4,096 machines, $(($(stat_of counters/requests) - before)) challenges; a newcomer is bound; quiet traffic whole; Pss $(pss_kib) KiB"

# What an owner and a newcomer ask the router, whose MAC address they forgot.
on router timeout 120 tcpdump -nn -i eth0 -w "$LAB_DIR/up.pcap" -U arp and 'arp[24] == 10' 2>"$LAB_DIR/tcpdump" &
wait_for 20 grep -q listening "$LAB_DIR/tcpdump"
finds() { on "$1" ip neigh flush dev eth0 && wait_for 20 on "$1" ping -q -c 1 -W 1 $ROUTER; }
both_find() { finds host1 && finds neighbour; }
quiet_during "ARP of 4,096 machines" during arps $all $NEIGHBOUR both_find
check "ARP of 4,096 machines: an owner and a newcomer are answered" served
sleep 1.5
up=$(tcpdump -nn -r "$LAB_DIR/up.pcap" 2>/dev/null | wc -l)
check "ARP of 4,096 machines: no more than 1,000 a second went up" test "$up" -le $((1000 + 1000 * (RAN_S + 1)))
echo "# H4: live: of $SENT ARP of 4,096 machines $up went up; an owner and a newcomer are answered; quiet traffic whole; Pss $(pss_kib) KiB"

pings() { on host1 ping -q -c 20 -i 0.1 -W 10 $REMOTE; }
quiet_during "portless flows and pings of 4,096 machines" during flows $bridge $REMOTE pings
check "portless flows and pings of 4,096 machines: an owner's pings come back" served
echo "# H3: live: $SENT flows and pings of 4,096 machines; 20 pings of an owner: $(grep -o '[0-9]* received' "$LAB_DIR/newcomer"); quiet traffic whole; Pss $(pss_kib) KiB"

leases() { on host3 udhcpc -f -q -n -i eth0 -s /bin/true -O 159 -t 10 -T 2 -A 1; }
quiet_during "DHCPDISCOVERs of 4,096 machines" during discovers $all $NEIGHBOUR leases
check "DHCPDISCOVERs of 4,096 machines: a client gets a lease" served
echo "# S43: live: $SENT DHCPDISCOVERs of 4,096 machines; a newcomer leases; quiet traffic whole; Pss $(pss_kib) KiB"
check "the owners stand" eval 'lab_bound 1 && lab_bound 2'
check "no frame came to a wrong host" same "0 0 0" "$(arrived 1 wrong) $(arrived 2 wrong) $(arrived 3 wrong)"
done_testing
