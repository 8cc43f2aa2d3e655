#!/bin/bash
# Hosts that are denied: one with an agent, one that traffic teaches, one with a lease. What they have ends at once; claims,
# frames and DHCP messages give them nothing, not after a flush, nor after a restart; once allowed they are owners again. A
# reload with another [deny] does the same.
# takes: 25 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=plain
STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-state.XXXXXX") || exit 1
LAB_CONF="[dhcp]
serve = all
psid = 0/6
router = $ROUTER
lease = 120
[state]
file = $STATE_DIR/lab.state"
command -v udhcpc >/dev/null || { echo "1..0 # SKIP needs udhcpc"; exit 0; }
lab_test
trap 'status=$?; rm -rf "$STATE_DIR"; lab_guard_exit $status' EXIT
serve remote remote 7000 || bail "no server"
for n in 1 3; do
    ip -n "pearp-$LAB_ID-host$n" address flush dev eth0
done

denied() { ctl denied --json | /usr/bin/python3 -c 'import json, sys
print(*(row["mac"] + " " + row["origin"] for row in json.load(sys.stdin)), sep="\n")' | sort; }
all_three() { for n in 1 2 3; do echo "$(host_mac $n) control"; done | sort; }
has_ports() { ctl table | grep -q " $(host_mac "$1") "; }
has_none() { ! has_ports "$1"; }
times() { grep -c "^$2" "$LAB_DIR/lease-host$1"; } # N WORD: how often its client was told it
was_told() { [ "$(times 3 "$1")" -gt "$2" ]; }      # WORD, more often than so
counted() { [ "$(stat_of counters/denied)" -gt "$1" ]; }

# Each host does what made it an owner: a claim, a frame, a renewal or DISCOVERs (udhcpc goes on until it has a lease).
agent_claims()
{
    if [ -n "${AGENT_PID[1]}" ]; then
        kill "${AGENT_PID[1]}"
        wait "${AGENT_PID[1]}"
    fi
    lab_start_agent 1
}
host2_sends() { talk_on host2 ask udp $REMOTE 7000 -s 3456 -t "${1:-10}"; }

agent_claims
export LAB_LEASE=$LAB_DIR/lease-host3
start host3 client.log udhcpc -f -i eth0 -s "$LAB_ROOT/tests/lib/udhcpc.script" -t 4 -T 1 -A 1 -O 159
CLIENT=$LAB_PID
check "a claim" wait_for 20 lab_bound 1
check "a frame" host2_sends
check "and a lease" wait_for 20 was_told bound 0
for n in 1 2 3; do
    check "make host$n an owner" has_ports $n
done
serve host1 host1 2080 || bail "no server"
check "which is reached" talk_on remote ask udp $SHARED 2080

monitor
for n in 1 2 3; do
    check "host$n is denied" ctl deny "$(host_mac $n)"
    check "and owns nothing at once" has_none $n
    check "monitor tells of it" wait_for 20 grep -q "deleted $SHARED:.* $(host_mac $n)" "$LAB_DIR/events"
done
check "all three are listed" same "$(all_three)" "$(denied)"
check "in text, too" grep -q "^$(host_mac 2) *control$" <(ctl denied)
check "no lease is left" same "" "$(ctl leases | sed 1d)"
check "add for one of them is refused" refused ctl add $SHARED:9000-9099 "$(host_mac 1)"

# After a flush, each tries.
nothing_comes_back()
{
    local before
    before=$(stat_of counters/denied)
    agent_claims
    check "$1: a claim of the agent is refused" wait_for 20 counted "$before"
    before=$(stat_of counters/denied)
    host2_sends 1
    check "$1: a frame teaches nothing" wait_for 20 counted "$before"
    before=$(stat_of counters/denied)
    kill -USR1 "$CLIENT"
    check "$1: a lease is refused" wait_for 20 counted "$before"
    for n in 1 2 3; do
        check "$1: host$n owns nothing" has_none $n
    done
}
naks=$(times 3 nak)
ctl flush >/dev/null
nothing_comes_back "after a flush"
check "who had a lease is told that it is gone" wait_for 20 was_told nak "$naks"
check "a frame for the port finds nobody" not talk_on remote ask udp $SHARED 2080 -t 1
check "and the log says why" wait_for 20 in_log "refused .*$SHARED:2000-2999 .*$(host_mac 1) .*denied"

saved() { [ "$(grep -c '^deny mac=' "$STATE_DIR/lab.state")" -eq "$1" ]; }
check "the list is saved" wait_for 20 saved 3
kill -9 "$PEARPD_PID"
wait "$PEARPD_PID" 2>/dev/null
lab_start_pearpd second.log || bail "does not start again"
check "a restart forgets nobody" same "$(all_three)" "$(denied)"
nothing_comes_back "after a restart"

bounds=$(times 3 bound)
for n in 1 2; do
    check "host$n is allowed" ctl allow "$(host_mac $n)"
done
check "the second sends again" host2_sends # before the third may be leased its ports
check "and owns ports" has_ports 2
check "host3 is allowed" ctl allow "$(host_mac 3)"
check "nobody is denied" same "" "$(denied)"
check "allow of one that is not is refused" refused ctl allow "$(host_mac 1)"
agent_claims
check "the agent is bound again" wait_for 20 lab_bound 1
check "and its host reached" talk_on remote ask udp $SHARED 2080
check "the third is leased ports again" wait_for 20 was_told bound "$bounds"
check "and owns them" has_ports 3
check "the file forgets, too" wait_for 20 saved 0

cp "$LAB_DIR/lab.conf" "$LAB_DIR/before.conf"
printf '[deny]\nmac = %s\n' "$(host_mac 1)" >>"$LAB_DIR/lab.conf"
check "a reload with [deny]" ctl reload
check "ends what the host has" has_none 1
check "and nothing else" has_ports 2
check "it is listed" same "$(host_mac 1) config" "$(denied)"
check "an operator cannot allow it" refused ctl allow "$(host_mac 1)"
before=$(stat_of counters/denied)
agent_claims
check "it cannot claim" wait_for 20 counted "$before"
check "and owns nothing" has_none 1
ctl deny "$(host_mac 3)"
cp "$LAB_DIR/before.conf" "$LAB_DIR/lab.conf"
printf '[range %s:9000-9099]\nmac = %s\n' $SHARED "$(host_mac 3)" >>"$LAB_DIR/lab.conf"
check "a reload that gives ports to a denied host is refused" refused ctl reload
check "and changes nothing" same "$(host_mac 1) config
$(host_mac 3) control" "$(denied | sort -k2)"
cp "$LAB_DIR/before.conf" "$LAB_DIR/lab.conf"
check "a reload without [deny]" ctl reload
agent_claims
check "lets the host claim again" wait_for 20 lab_bound 1
check "every frame is accounted for" equation
done_testing
