#!/bin/bash
# What each owner used: over ranges that come, go and move, in months, after kill -9, and while a flood of MAC addresses
# tries to push the accounts out. An operator asks by MAC, by port, by month.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-account.XXXXXX") || exit 1
LAB_CONF="[state]
file = $STATE_DIR/lab.state
counters = 1
[limits]
accounts = 16"
lab_test
trap 'status=$?; rm -rf "$STATE_DIR"; lab_guard_exit $status' EXIT

# figure MAC|others KEY: of its account
figure() { ctl account --json | /usr/bin/python3 -c 'import json, sys
print(sum(row[sys.argv[2]] for row in json.load(sys.stdin) if (row["mac"] or "others") == sys.argv[1]))' "$1" "$2"; }
# sum KEY: over all lines
sum() { ctl account --json | /usr/bin/python3 -c 'import json, sys
print(sum(row[sys.argv[1]] for row in json.load(sys.stdin)))' "$1"; }
months_add_up()
{
    ctl account --json | /usr/bin/python3 -c 'import json, sys
keys = ("rx_frames", "rx_bytes", "tx_frames", "tx_bytes")
rows = json.load(sys.stdin)
for row in rows:
    if [row[key] for key in keys] != [sum(month[key] for month in row["months"]) for key in keys]:
        sys.exit("the months of %s" % row)
sys.exit(not rows)'
}
# counts MAC RX TX: frames of its account
counts() { same "$2 $3" "$(figure "$1" rx_frames) $(figure "$1" tx_frames)"; }
poke() { talk_on remote ask udp $SHARED "$1" -t 0.2 >/dev/null 2>&1; true; }
a=$(host_mac 1) b=$(host_mac 2)

serve_all || bail "no servers"
month=$(date -u +%Y-%m)
check "a datagram and its answer" talk_on remote ask udp $SHARED 2080
check "one frame to the owner, one from it" counts "$a" 1 1
check "its months add up to its total" months_add_up

ctl add $SHARED:9000-9099 "$a" >/dev/null
poke 9000
ctl delete $SHARED:9000-9099
ctl add $SHARED:9000-9099 "$b" >/dev/null
poke 9000
# the datagram, and the ICMP error that the host answers it with
check "what a range brought stays with the owner when it moves" counts "$a" 2 2
check "and the new owner has what came since" counts "$b" 1 1
check "asked for by port: its owner alone" same "$b" "$(ctl account $SHARED:9050 | awk 'NR > 1 && $2 == "all" { print $1 }')"
check "asked for by MAC: the ranges that it holds" \
    grep -q "$SHARED:3000-3999,$SHARED:9000-9099\$" <(ctl account "$b")
check "asked for by month" same "$a $b" "$(ctl account --month "$month" | awk 'NR > 1 && $2 != "all" { print $1 }' | sort -r | xargs)"
check "in another month there was nothing" same "[]" "$(ctl account --month 2020-01 --json)"
check "a port that nobody owns is refused" refused ctl account $SHARED:50000
check "a MAC that is not known is refused" refused ctl account 00:0c:29:00:00:99
check "no month is wrong usage" same "2 2" "$(for month in 2026-13 202-611; do ctl account --month $month >/dev/null 2>&1; echo $?; done | xargs)"
check "--month with another command is wrong usage" same 2 "$(ctl table --month 2026-11 >/dev/null 2>&1; echo $?)"

# ping_from N: an echo request with the shared address as source, from a MAC of its own
ping_from()
{
    printf '0250450000010200000000%02x0800' "$1"
    echo "4500001c000000004001$(printf %04x 0)c023a202c633640a08000000$(printf %04x "$1")0001"
}
flood()
{
    local n
    for n in $(seq 1 40); do
        ping_from "$n"
    done | while read -r hex; do talk_on host1 frame eth0 "$hex"; done
}
before=$(($(sum tx_frames) + 0))
flood
check "owners of ports keep their accounts in a flood of MACs" counts "$a" 2 2
check "the others have what had no room" test "$(figure others tx_frames)" -gt 0
check "and nothing is missing" same $((before + 40)) "$(sum tx_frames)"
check "their months add up too" months_add_up

# in_file KEY: the sum over the accounts that are saved
in_file() { awk -v key="$1=" '/^account / { for (i = 2; i <= NF; i++) if (index($i, key) == 1) sum += substr($i, length(key) + 1) }
    END { print sum + 0 }' "$STATE_DIR/lab.state"; }
is_saved() { [ "$(in_file tx_frames) $(in_file rx_frames)" = "$(sum tx_frames) $(sum rx_frames)" ]; }
before=$(ctl account | cut -c 1-86 | sort)
check "accounts are saved" wait_for 20 is_saved
kill -9 "$PEARPD_PID"
wait "$PEARPD_PID" 2>/dev/null
lab_start_pearpd second.log || bail "does not start again"
check "after kill -9 every account is as it was" same "$before" "$(ctl account | cut -c 1-86 | sort)"
check "every frame is accounted for" equation
done_testing
