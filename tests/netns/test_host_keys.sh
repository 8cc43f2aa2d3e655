#!/bin/bash
# Each host has a key of its own: whoever has one cannot claim the range of another, not even with the other's MAC address,
# cannot mute another or itself by a leap of SEQ, and cannot speak as the bridge. Keys are changed under way, old and new
# both good; what was signed before a restart is a replay after it.
# Reliability rows (as far as they apply): S16.
# takes: 15 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/state.sh"
LAB_HOSTS=2 LAB_MODE=plain LAB_LEARN=pe-arp
secret() { printf '%064x' "$1"; }
# host_key ID N: the section of the bridge's file for a key of host N.
host_key()
{
    printf '[key %d]\nsecret = %s\nrole = host\nmac = %s\nrange = %s:%d-%d\n' "$1" "$(secret "$1")" "$(host_mac "$2")" $SHARED \
        "$(host_first "$2")" "$(host_last "$2")"
}
bridge_key() { printf '[key %d]\nsecret = %s\nrole = bridge\n' "$1" "$(secret "$1")"; }
LAB_CONF="$LAB_CONF
period = 1
$(host_key 11 1)
$(host_key 12 2)
$(bridge_key 20)"
state_test

# agent_file KEY: host 1's file, with its key of that id; the bridge's are 20 and, later, 21.
agent_file()
{
    printf '[agent]\ninterface = eth0\naddress = %s\nports = %s-%s\ngateway = %s\n\n' $SHARED "$(host_first 1)" \
        "$(host_last 1)" $ROUTER >"$LAB_DIR/host1.agent"
    { host_key "$1" 1 && bridge_key 20 && bridge_key 21; } >>"$LAB_DIR/host1.agent"
}
agent()
{
    on host1 ip address flush dev eth0 scope global
    start host1 "$1" "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/host1.agent" -v -v
    AGENT=$LAB_PID
}
# Host 2 is one that shares no code with pearpd.
claimant()
{
    start host2 "$1" /usr/bin/python3 "$LAB_ROOT/tests/lib/pe_arp_host.py" eth0 $SHARED "$(host_first 2)-$(host_last 2)" \
        -k "12=$(secret 12),host" -k "20=$(secret 20),bridge" -k "21=$(secret 21),bridge"
    CLAIMANT=$LAB_PID
}
# sends PLACE KIND PORTS KEY OPTION...: one message, signed with that key.
sends()
{
    local place=$1 kind=$2 ports=$3 key=$4
    shift 4
    on "$place" /usr/bin/python3 "$LAB_ROOT/tests/lib/pe_arp_send.py" eth0 "$kind" $SHARED "$ports" -k "$key=$(secret "$key")" "$@"
}
# For check: what the command sends is dropped as forged, and counted as NAME.
is_refused()
{
    local name=$1 before forged
    shift
    before=$(stat_of "counters/$name") forged=$(stat_of drops/pe_arp_forged)
    "$@" && wait_for 20 has_grown "counters/$name" "$before" 1 && has_grown drops/pe_arp_forged "$forged" 1
}
# For check: the same for what no counter has a name for.
is_forged()
{
    local forged
    forged=$(stat_of drops/pe_arp_forged)
    "$@" && wait_for 20 has_grown drops/pe_arp_forged "$forged" 1
}
owned() { owned_by "$(host_first "$1")-$(host_last "$1")" "$(host_mac "$1")"; }
agent_refused() { [ "$(grep -c "PE-ARP message from $1 is refused" "$LAB_DIR/host1.log")" -ge "$2" ]; }

sed 's/^role = bridge$/role = host/' "$LAB_DIR/lab.conf" >"$LAB_DIR/faulty.conf"
"$PEARPD_BUILD/pearpd" -c "$LAB_DIR/faulty.conf" -t 2>"$LAB_DIR/faults"
check "without a key of the bridge: -t says so" same 1 $?
check "with the line, and no secret" grep -q "^$LAB_DIR/faulty.conf:[0-9]*: .key.: there is none with role = bridge" "$LAB_DIR/faults"
check "the file itself has no fault" "$PEARPD_BUILD/pearpd" -c "$LAB_DIR/lab.conf" -t

agent_file 11
agent host1.log
claimant claimant.log
check "an agent with its own key is bound" wait_for 20 owned 1
check "so is a host that shares no code with it" wait_for 20 owned 2
serve_all || bail "no servers"
check "the first is reached" talk_on remote ask tcp $SHARED 2080
check "what it reaches sees it" talk_on host1 ask tcp $REMOTE 7000

# Host 2 is taken over: its key is in bad hands. The range of host 1 is not.
check "a claim for another's range: dropped" is_refused pe_arp_key_range sends host2 CLAIM 2000-2999 12 -s now
check "a release of it: dropped" is_refused pe_arp_key_range sends host2 RELEASE 2000-2999 12 -s now
check "one port more than its own: dropped" is_refused pe_arp_key_range sends host2 CLAIM 3000-4000 12 -s now
check "its key with another's MAC address: dropped" \
    is_refused pe_arp_key_mac sends host2 CLAIM 3000-3999 12 -s now -m "$(host_mac 1)"
check "a key that it does not have: dropped" is_forged sends host2 CLAIM 2000-2999 99 -s now -m "$(host_mac 1)"
check "a leap of SEQ with the other's MAC address mutes it not" \
    is_refused pe_arp_key_mac sends host2 CLAIM 2000-2999 12 -s 18446744073709551615 -m "$(host_mac 1)"
check "nor does one mute itself" is_refused pe_arp_seq_ahead sends host2 CLAIM 3000-3999 12 -s 18446744073709551615
check "a HELLO with the key of a host: the bridge drops it" is_refused pe_arp_key_role sends host2 HELLO 2000-65535 12 -s now -w 65535
check "the agent refuses it, too" wait_for 20 agent_refused "$(host_mac 2)" 1
check "likewise a REQUEST" is_refused pe_arp_key_role sends host2 REQUEST 2000-2000 12
check "the agent does not answer it" wait_for 20 agent_refused "$(host_mac 2)" 2
check "a claim with the key of the bridge: dropped" is_refused pe_arp_key_role sends neighbour CLAIM 2000-2999 20 -s now
check "the first keeps its range" owned 1
check "the second keeps its own" owned 2
before=$(stat_of consumed/pe_arp)
sends host1 CLAIM 2000-2999 11 -s now
check "a new claim of the first is taken: it is not mute" wait_for 20 has_grown consumed/pe_arp "$before" 1
before=$(stat_of consumed/pe_arp)
sends host2 CLAIM 3000-3999 12 -s now
check "one of the second, too" wait_for 20 has_grown consumed/pe_arp "$before" 1

# Change of keys: 13 beside 11 for host 1, 21 beside 20 for the bridge; then without the old ones. In each file the old ones
# go last.
{ host_key 13 1 && bridge_key 21; } >>"$LAB_DIR/lab.conf"
check "the bridge gets new keys beside the old ones" ctl reload
check "no binding was lost" owned 1
kill "$AGENT" && wait "$AGENT"
agent_file 13
agent host1-new.log
heard() { grep -q 'the bridge at .* asked for' "$LAB_DIR/host1-new.log"; }
check "the host with its new key is heard" wait_for 20 heard
check "and bound" wait_for 20 owned 1
before=$(grep -c 'received HELLO .* key 21' "$LAB_DIR/claimant.log")
sed -i -e '/^\[key 11\]$/,/^range/d' -e '/^\[key 20\]$/,/^role/d' "$LAB_DIR/lab.conf"
check "the old keys are taken away" ctl reload
hello_by_new_key() { [ "$(grep -c 'received HELLO .* key 21' "$LAB_DIR/claimant.log")" -gt "$before" ]; }
check "HELLO is signed with the bridge's new one, which the hosts know" wait_for 20 hello_by_new_key
check "no binding was lost" owned 1
check "the old key is good for nothing" is_forged sends host1 CLAIM 2000-2999 11 -s now
kill "$AGENT" && wait "$AGENT"
released() { owned_by 2000-2999 ""; }
check "a release with the new key is taken" wait_for 20 released

# What was sent once is a replay, also after the bridge was killed.
number=$(($(date +%s%N) / 1000))
before=$(stat_of consumed/pe_arp)
sends host1 CLAIM 2000-2999 13 -s $number
check "a claim is taken" wait_for 20 has_grown consumed/pe_arp "$before" 1
check "again it is a replay" is_refused pe_arp_seq_old sends host1 CLAIM 2000-2999 13 -s $number
check "its number is saved" wait_for 20 grep -q "^seq key=13 .*number=$number " "$STATE_FILE"
stop_pearpd KILL
lab_start_pearpd second.log || bail "pearpd does not start again"
check "after kill -9 it is a replay still" is_refused pe_arp_seq_old sends host1 CLAIM 2000-2999 13 -s $number
before=$(stat_of consumed/pe_arp)
sends host1 CLAIM 2000-2999 13 -s $((number + 1))
check "the next number is good" wait_for 20 has_grown consumed/pe_arp "$before" 1
check "the second is bound" wait_for 20 owned 2
check "every frame is accounted for" equation
printf '# S16: live, keys of hosts: 0 ranges lost or muted by the holder of another key\n'
done_testing
