#!/bin/bash
# PE-ARP with keys: agents with a file and its key are believed, a rival without it, or with another, gets nothing; keys
# are rotated under way, on the bridge by a reload, on the hosts one after the other.
# Reliability rows (as far as they apply): S16.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=plain LAB_LEARN=pe-arp
key() { printf '%064d' "$1"; }
LAB_CONF="[keys]
1 = $(key 1)
2 = $(key 2)"
lab_test

# agent_file NAME HOST KEY-LINE...: a file for host HOST's range.
agent_file()
{
    local file=$LAB_DIR/$1.agent n=$2
    shift 2
    printf '[agent]\ninterface = eth0\naddress = %s\nports = %s-%s\ngateway = %s\n\n[keys]\n' $SHARED "$(host_first "$n")" \
        "$(host_last "$n")" $ROUTER >"$file"
    printf '%s\n' "$@" >>"$file"
}
agent()
{
    local place=$1
    on "$place" ip address flush dev eth0 scope global
    start "$place" "$2.log" "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/$2.agent" -v
}
owned() { owned_by "$(host_first "$1")-$(host_last "$1")" "$2"; }

agent_file host1 1 "1 = $(key 1)"
agent_file host2 2 "1 = $(key 1)" "2 = $(key 2)" "3 = $(key 3)"
agent_file rival 1 "1 = $(key 9)"
agent_file bare 2
printf '[agent]\ninterface = eth 0\nports = 9-1\nwhat = 1\n[keys]\n1 = 12\n[other]\n' >"$LAB_DIR/faulty.agent"
"$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/faulty.agent" 2>"$LAB_DIR/faults"
check "a faulty file: exit 1" same 1 $?
check "every fault, with its line" same 6 "$(grep -c "^$LAB_DIR/faulty.agent:[1-7]: " "$LAB_DIR/faults")"
check "and no key in the text" not grep -q ' 12' "$LAB_DIR/faults"
"$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/host1.agent" -i eth0 2>/dev/null
check "-c beside -i: wrong usage" same 2 $?

rival_mac=$(on neighbour cat /sys/class/net/eth0/address)
agent neighbour rival
check "an agent with another key: its claims are forged" wait_for 20 has_grown drops/pe_arp_forged 0 2
check "it owns nothing" same "" "$(owner 2000-2999)"
kill "$LAB_PID" && wait "$LAB_PID"
before=$(stat_of drops/pe_arp_forged)
agent host2 bare
check "one without a key: so are its" wait_for 20 has_grown drops/pe_arp_forged "$before" 2
check "it owns nothing" same "" "$(owner 3000-3999)"
kill "$LAB_PID" && wait "$LAB_PID"

agent host1 host1
HOST1=$LAB_PID
check "an agent with a key is bound" wait_for 20 owned 1 "$(host_mac 1)"
agent host2 host2
HOST2=$LAB_PID
check "so is one with more keys" wait_for 20 owned 2 "$(host_mac 2)"
serve_all || bail "no servers"
check "and reached" talk_on remote ask tcp $SHARED 2080

# Rotation: key 1 goes from the bridge, which signs with 2 then; host2 knew it before, host1 is told afterwards.
at_once talk_on remote quiet $SHARED 3080 200 4 host2 >"$LAB_DIR/quiet" 2>&1
sed -i "/^1 = /d" "$LAB_DIR/lab.conf"
check "the new keys are taken" ctl reload
check "no binding was lost" owned 1 "$(host_mac 1)"
kill "$HOST1" && wait "$HOST1"
sleep 0.2
check "a release with the retired key changes nothing" owned 1 "$(host_mac 1)"
agent_file host1 1 "2 = $(key 2)"
agent host1 host1
heard() { grep -q 'the bridge at .* asked for' "$LAB_DIR/host1.log"; }
check "with the new key it is heard again" wait_for 20 heard
all_done
check "traffic of the other did not notice" same 0 $?
talk_on remote ask udp $SHARED 3999 -t 0.1 >/dev/null 2>&1
kill "$HOST2" && wait "$HOST2"
check "a host that knew both signs with what the bridge uses: its release frees its range" wait_for 20 owned 2 ""
check "every frame is accounted for" equation
printf '# S16: live: 0 learned of %s statements without a good AUTH\n' "$(stat_of drops/pe_arp_forged)"
done_testing
