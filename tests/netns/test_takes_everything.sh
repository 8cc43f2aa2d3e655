#!/bin/bash
# A host claims all ports of the address: in one CLAIM, then range by range, and answers for each. It gets its share and no more, the
# owner keeps its ports and newcomers find room; denied, it has nothing, and a flush does not give it back.
# Reliability rows (as far as they apply): H9.
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent LAB_LEARN=pe-arp
# After a loss of the table it would be a rival of the owner (test_loss_of_table.sh): that time is over here when it comes.
LAB_CONF='[limits]
hello-window = 1'
lab_test
serve_all && watch_owners || bail "no servers"
greedy=$(host_mac 2)
for n in 2 3; do
    kill "${AGENT_PID[$n]}" && wait "${AGENT_PID[$n]}"
done
gone() { ! lab_bound 2 && ! lab_bound 3; }
check "one owner is left" wait_for 20 gone

has() { ctl table --json | /usr/bin/python3 -c 'import json, sys
print(sum(row["last_port"] - row["first_port"] + 1 for row in json.load(sys.stdin) if row["mac"] == sys.argv[1]))' "$greedy"; }
counted() { [ "$(stat_of "counters/$1")" -gt "$2" ]; }
# takes NAME LINE...: an agent of the second host with these ranges; TAKER is its process.
takes()
{
    printf '%s\n' '[agent]' 'interface = eth0' "gateway = $ROUTER" "${@:2}" >"$LAB_DIR/$1.conf"
    start host2 "$1.log" "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/$1.conf"
    TAKER=$LAB_PID
}
ends() { kill $TAKER && wait $TAKER; }

takes all "[range $SHARED:3000-64999]"
check "62,000 ports in one claim: it is not asked" wait_for 20 counted host_ports 0
check "and has none" same 0 "$(has)"
ends
# The first is the owner's.
mapfile -t ranges < <(for first in $(seq 2000 2000 62000); do echo "[range $SHARED:$first-$((first + 1999))]"; done)
before=$(stat_of counters/host_ports)
takes each "${ranges[@]}"
share() { [ "$(has)" = 14000 ]; } # 7 ranges: a quarter of 63,000 ports is 15,750
check "range by range: it has a quarter" wait_for 20 share
check "and is not asked for more" wait_for 20 counted host_ports "$before"
check "the owner keeps its range" lab_bound 1
check "and is reached" talk_on remote ask tcp $SHARED 2080

free=$(ctl table --json | /usr/bin/python3 -c 'import json, sys
taken = [row["first_port"] for row in json.load(sys.stdin) if row["state"] != "published"]
print(next(port for port in range(2000, 64000, 2000) if port not in taken))')
newcomer() { start host3 newcomer.log "$PEARPD_BUILD/pearp-agent" -i eth0 -a $SHARED -p "$free-$((free + 999))" -g $ROUTER; NEWCOMER=$LAB_PID; }
is_bound() { ctl table | grep -q "^$SHARED:$free-$((free + 999)) .* $(host_mac 3) "; }
newcomer
check "a newcomer is bound beside it" wait_for 20 is_bound
kill "$NEWCOMER" && wait "$NEWCOMER"

check "denied" ctl deny "$greedy"
check "it has nothing at once" same 0 "$(has)"
ctl flush $SHARED >/dev/null
before=$(stat_of counters/denied)
check "after a flush it claims again, in vain" wait_for 60 counted denied "$before"
check "it has nothing" same 0 "$(has)"
newcomer
check "a newcomer is bound at once" wait_for 20 is_bound
check "the owner is found again" wait_for 20 talk_on remote ask tcp $SHARED 2080 -t 1
check "no frame came to a wrong host" same "0 0 0" "$(arrived 1 wrong) $(arrived 2 wrong) $(arrived 3 wrong)"
check "every frame is accounted for" equation
echo "# H9: live: one host claims all 63,000 ports and answers: it has 14,000, and 0 once it is denied; a newcomer is bound each time"
done_testing
