#!/bin/bash
# Who held which ports when: owners that come and go are on record with times, origins and operators, and are found with one
# command; also after kill -9, a reload, a disk that was full, and without a daemon.
# takes: 15 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/state.sh"
LAB_HOSTS=2 LAB_MODE=agent
HISTORY=$STATE_DIR/lab.history
LAB_CONF="[range $SHARED:60000-60999]
mac = 00:0c:29:00:00:aa
name = fixed
[state]
file = $STATE_FILE
[history]
events = $STATE_DIR/events
event-bytes = 65536"
state_test

# of COMMAND...: its entries, a line each: the columns that a test can know
entries() { ctl "$@" --json | /usr/bin/python3 -c 'import json, re, sys
KEYS = ["address", "first_port", "last_port", "mac", "name", "origin", "by", "from", "until", "ended_by", "uncertain"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$")
for e in json.load(sys.stdin):
    if list(e) != KEYS or not TIME.match(e["from"]) or not (e["until"] is None or TIME.match(e["until"])):
        sys.exit("not of the form: %s" % e)
    print(e["first_port"], e["last_port"], e["mac"], e["name"] or "-", e["origin"], e["by"], "ended" if e["until"] else "lasts",
          e["ended_by"], ",".join(e["uncertain"]) or "certain")'; }
now() { date +%Y-%m-%dT%H:%M:%S.%3N%:z; }
usage() { "$@" 2>"$LAB_DIR/usage"; same 2 $?; }
stop_pearpd() { kill "-${1:-TERM}" "$PEARPD_PID"; wait "$PEARPD_PID" 2>/dev/null; }

A="2000 2999 00:0c:29:9e:8c:ee - pe-arp None"
check "whose port is it now" same "$A lasts None certain" "$(entries whois $SHARED:2345)"
check "text has it too" grep -q "^$SHARED:2000-2999 *00:0c:29:9e:8c:ee *pe-arp *20[0-9-]*T[0-9:]*[+-][0-9:]* *now *$" <(ctl whois $SHARED:2345)
check "a configured range with its name" same "60000 60999 00:0c:29:00:00:aa fixed config None lasts None certain" \
    "$(entries whois $SHARED:60001)"
check "an address has all its owners" same 3 "$(entries whois $SHARED now | wc -l)"
check "nobody is an empty list" same "[]" "$(ctl whois $SHARED:50000 --json)"
check "and is said in words" same "nobody owned it then" "$(ctl whois $SHARED:50000)"
check "of long ago too" same "[]" "$(ctl whois $SHARED:2345 '2 days ago' --json 2>"$LAB_DIR/notes")"
check "with where the history begins" grep -q "the history begins at" "$LAB_DIR/notes"
check "a bad time is status 2" usage ctl whois $SHARED:2345 2026-02-30
check "and is named" grep -qx "pearpctl: whois: 2026-02-30: there is no such day" "$LAB_DIR/usage"
check "a bad address is status 2" usage ctl whois $SHARED:99999
check "times the wrong way round are status 2" usage ctl history --since now --until yesterday

before=$(now)
ctl add $SHARED:9000-9099 00:0c:29:00:00:77
between=$(now)
ctl delete $SHARED:9000-9099
ctl add $SHARED:9000-9099 00:0c:29:00:00:78
B="9000 9099 00:0c:29:00:00:77 - control 0 ended 0 certain"
C="9000 9099 00:0c:29:00:00:78 - control 0 lasts None certain"
check "an operator's change is on record at once, with who made it" same "$B
$C" "$(entries history $SHARED:9050)"
check "before it nobody had it" same "" "$(entries whois $SHARED:9050 "$before")"
check "then the first" same "$B" "$(entries whois $SHARED:9050 "$between")"
check "now the second" same "$C" "$(entries whois $SHARED:9050)"
check "by MAC address" same "$B" "$(entries history 00:0c:29:00:00:77)"
check "by name" same "60000" "$(entries history fixed | cut -d' ' -f1)"
check "since then" same "$C" "$(entries history $SHARED:9050 --since now)"

sed -i 's/^name = fixed/name = renamed/' "$LAB_DIR/lab.conf"
ctl reload
check "a reload's changes are its operator's" same \
    "60000 60999 00:0c:29:00:00:aa fixed config None ended 0 certain
60000 60999 00:0c:29:00:00:aa renamed config 0 lasts None certain" "$(entries history $SHARED:60001)"
check "what it left alone went on" same "$A lasts None certain" "$(entries whois $SHARED:2345)"

events() { /usr/bin/python3 -c 'import json, sys
for line in open(sys.argv[1]):
    e = json.loads(line)
    if e["event"] == sys.argv[2] and e.get("range") == sys.argv[3] and e["time"][:2] == "20":
        sys.exit(0)
sys.exit(1)' "$STATE_DIR/events" "$@"; }
check "events are beside it, a line of JSON each" wait_for 20 events deleted $SHARED:9000-9099
check "for its owner alone" same 600 "$(stat -c %a "$STATE_DIR/events")"
for n in $(seq 200); do
    ctl add $SHARED:50000-50009 00:0c:29:00:00:79
    ctl delete $SHARED:50000-50009
done
check "their log is bounded" test "$(cat "$STATE_DIR/events" "$STATE_DIR/events.1" | wc -c)" -le 65536
check "and goes on in a new file" test -s "$STATE_DIR/events.1"

kill -STOP "${AGENT_PID[2]}"
stop_pearpd KILL
check "without a daemon the files are read" same "$A lasts None until" "$(entries whois $SHARED:2345 --file "$HISTORY")"
check "only its owner may" same 600 "$(stat -c %a "$HISTORY")"
printf 'torn' >>"$HISTORY"
check "a torn record is said" grep -q "1 of [0-9]* records are damaged" <(ctl history --file "$HISTORY" 2>&1 >/dev/null)
sed -i '/^\[range/,/^name/d' "$LAB_DIR/lab.conf"
lab_start_pearpd second.log || bail "does not start again"
check "after kill -9 an owner goes on" same "$A lasts None certain" "$(entries whois $SHARED:2345)"
check "what was not there any more ended at a time that is not known" same \
    "60000 60999 00:0c:29:00:00:aa renamed config 0 ended None until" "$(entries history $SHARED:60001 | tail -n 1)"
check "the time between is known as such" grep -q "the bridge did not run from" \
    <(ctl whois $SHARED:2345 "$(date +%Y-%m-%dT%H:%M)" 2>&1)
check "an operator's range too" same "$C" "$(entries whois $SHARED:9050)"
kill -CONT "${AGENT_PID[2]}"

rm "$HISTORY"
ctl delete $SHARED:9000-9099
check "a history that was removed begins again" wait_for 20 grep -q "was removed: a new one begins" "$LAB_DIR/second.log"
check "with what is held" same "$A lasts None certain" "$(entries whois $SHARED:2345)"
figures() { ctl stats --json | /usr/bin/python3 -c 'import json, sys
h = json.load(sys.stdin)["history"]
sys.exit(h["file"] != sys.argv[1] or h["last_error"] is not None or h["lost"] != 0 or h["held"] < 2)' "$HISTORY"; }
check "stats have its figures" figures
stop_pearpd
check "it stops with status 0" same 0 $?
lab_start_pearpd third.log || bail "does not start again"
check "a stop and a start leave an owner alone" same "$A lasts None certain" "$(entries whois $SHARED:2345)"
check "every frame is accounted for" equation
done_testing
