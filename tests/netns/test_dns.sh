#!/bin/bash
# Services in the DNS: two hosts that share an address publish one name at BIND, a third at Knot; a stock client that
# follows SRV reaches both on their odd ports; servers that are down, refuse, or answer nonsense cost a line and no more.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=plain
OTHER=b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1vdGhlci0zMmI=
for program in named knotd dig nsupdate; do
    command -v $program >/dev/null || { echo "1..0 # SKIP needs $program"; exit 0; }
done
lab_test

. "$LAB_ROOT/tests/lib/dns.sh"

# The servers, both at the remote host.
zone_file "$LAB_DIR/knot.zone"
mkdir "$LAB_DIR/knot.db"
cat >"$LAB_DIR/knot.conf" <<CONF
server:
    rundir: $LAB_DIR
    listen: $REMOTE@5353
database:
    storage: $LAB_DIR/knot.db
log:
  - target: stderr
    any: info
key:
  - id: agent-key
    algorithm: hmac-sha256
    secret: $SECRET
acl:
  - id: updates
    key: agent-key
    action: update
    update-type: [SRV, HTTPS, SVCB, A]
zone:
  - domain: example.com
    storage: $LAB_DIR
    file: knot.zone
    acl: updates
CONF
knot_up() { start remote knotd.log knotd -c "$LAB_DIR/knot.conf" && KNOT=$LAB_PID; }

dig_knot() { on remote dig +short +time=1 +tries=1 -p 5353 "@$REMOTE" "$@"; }
HTTP=_http._tcp.www.example.net

# agent N SERVER KEY SECRET ZONE HTTP-PORT [MORE]: a host that serves http there, and so many services more.
agent()
{
    local n=$1 server=$2 key=$3 secret=$4 zone=$5 port=$6 i
    cat >"$LAB_DIR/agent$n.conf" <<CONF
[agent]
interface = eth0
address = $SHARED
ports = $(host_first "$n")-$(host_last "$n")
gateway = $ROUTER
[dns]
server = $server
zone = $zone
key = $key
secret = $secret
[service http]
port = $port
host = www.$zone
target = shared.$zone
svcb = svcb
[service https]
port = $((port + 363))
host = www.$zone
target = shared.$zone
alpn = h2, http/1.1
publish-address = yes
CONF
    for i in $(seq 1 "${7:-0}"); do
        printf '[service s%s]\nport = %s\nproto = udp\ntarget = shared.%s\n' "$i" $((port + i)) "$zone"
    done >>"$LAB_DIR/agent$n.conf"
    on "host$n" ip address flush dev eth0 scope global
    start "host$n" "agent$n.log" "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/agent$n.conf" -vv
    AGENT[n]=$LAB_PID
}
# agent_down N...: all at once.
agent_down()
{
    local n
    for n in "$@"; do kill "${AGENT[n]}"; done
    for n in "$@"; do wait "${AGENT[n]}" 2>/dev/null; done
}
said() { grep -q "$2" "$LAB_DIR/agent$1.log"; }
# shown N STATE...: what status says of the services of host N.
shown() { on "host$1" "$PEARPD_BUILD/pearp-agent" status | awk '$2 == "tcp" && $3 ~ /:/ { print $5 }' | xargs | grep -qx "${*:2}"; }
times_said() { grep -c "$2" "$LAB_DIR/agent$1.log"; }

# Nobody listens yet.
agent 1 "$REMOTE" agent-key $SECRET example.net 2080
agent 2 "$REMOTE" agent-key $SECRET example.net 3080
agent 3 "$REMOTE:5353" agent-key $SECRET example.com 4080 8
check "a server that is down: a line" wait_for 20 said 1 "cannot update zone example.net at $REMOTE:53: no TCP connection: is the server up"
check "the range is held all the same" wait_for 20 lab_bound 1
check "status says so of both services" wait_for 20 shown 1 failed failed
bind_start example.net agent-key idle-key
knot_up
check "once it is up, BIND has the records of both" wait_for 20 has_ports bind $HTTP "2080 3080"
check "status says that too" wait_for 20 shown 1 published published
check "and Knot those of the third" wait_for 20 has_ports knot _http._tcp.www.example.com 4080
check "the last of many services is there too" same 4088 "$(ports_at knot _s8._udp.example.com)"
check "the line was logged once" same 1 "$(times_said 1 'no TCP connection')"
check "SRV: priority, weight, port, target" same "0 1 4080 shared.example.com." "$(dig_knot SRV _http._tcp.www.example.com)"
check "HTTPS at BIND" same '1 shared.example.net. alpn="h2,http/1.1" port=2443 1 shared.example.net. alpn="h2,http/1.1" port=3443' \
    "$(dig_bind HTTPS www.example.net | sort | xargs -d '\n')"
check "HTTPS at Knot" same '1 shared.example.com. alpn="h2,http/1.1" port=4443' "$(dig_knot HTTPS www.example.com)"

check "SVCB at BIND" same "1 shared.example.net. port=2080 1 shared.example.net. port=3080" \
    "$(dig_bind SVCB _http.www.example.net | sort | xargs -d '\n')"
check "SVCB at Knot" same "1 shared.example.com. port=4080" "$(dig_knot SVCB _http.www.example.com)"

services() { ctl services --json | /usr/bin/python3 -c 'import json, sys
print(*sorted("{name}/{protocol}/{address}:{port}/{mac}".format(**s) for s in json.load(sys.stdin)), sep="\n")'; }
check "the bridge was told of all" same 14 "$(services | wc -l)"
check "whose they are, and where" grep -qx "$HTTP/tcp/$SHARED:2080/$(host_mac 1)" <(services)
check "for people too" grep -Eq "^$HTTP +tcp +$SHARED:3080 +$(host_mac 2) " <(ctl services)

# A stock client: apt's http method looks for SRV records of the host that it is given.
http_serve host1 2080 && http_serve host2 3080 || bail "no web servers"
fetch 40 >"$LAB_DIR/fetched"
check "40 of 40 downloads by the name alone" same 40 "$(wc -l <"$LAB_DIR/fetched")"
one=$(grep -c host1 "$LAB_DIR/fetched") two=$(grep -c host2 "$LAB_DIR/fetched")
check "both sharers had their part" test "$one" -ge 5 -a "$two" -ge 5
diag "apt followed SRV to host1 $one times, to host2 $two times"

# Withdrawn, and not the neighbour's.
agent_down 2
check "withdrawn at stop, the other's stays" same "2080" "$(ports_at bind $HTTP)"
check "in the HTTPS records too" same '1 shared.example.net. alpn="h2,http/1.1" port=2443' "$(dig_bind HTTPS www.example.net)"
check "and in the SVCB records" same "1 shared.example.net. port=2080" "$(dig_bind SVCB _http.www.example.net)"
check "the address stays" same "$SHARED" "$(dig_bind A shared.example.net)"
gone() { ! services | grep -q "$(host_mac 2)"; }
check "the bridge knows none of it any more" wait_for 20 gone
fetch 3 >"$LAB_DIR/fetched"
check "clients come to the one that is left" same 3 "$(grep -c host1 "$LAB_DIR/fetched")"

# Refused in every way, two hosts at once; each line says what to look at.
agent_down 3
agent 2 "$REMOTE" agent-key $OTHER example.net 3080
agent 3 "$REMOTE" agent-key $SECRET example.org 4080
check "another secret: BADSIG" wait_for 20 said 2 'BADSIG: the server has another secret for the key agent-key'
check "status says so" shown 2 failed failed
check "and never in the log" not said 2 "$OTHER"
check "another zone: NOTAUTH" wait_for 20 said 3 "NOTAUTH: the server is not the zone's primary"
agent_down 2 3
agent 2 "$REMOTE" late-key $SECRET example.net 3080
agent 3 "$REMOTE" idle-key $SECRET example.net 4080
check "a key without the right: REFUSED" wait_for 20 said 3 'REFUSED: the key idle-key may not change the zone'
check "a key that the server does not know: BADKEY" wait_for 20 said 2 'BADKEY: the server does not know the key late-key'
check "meanwhile the other host is published" same "2080" "$(ports_at bind $HTTP)"
bind_conf example.net agent-key late-key idle-key
kill -HUP "$BIND"
check "the server learns the key: published without a hand on the host" wait_for 20 has_ports bind $HTTP "2080 3080"
check "and said so" wait_for 20 said 2 'published 5 records of zone example.net'
check "each line was logged once" same "1 1" "$(times_said 2 BADKEY) $(times_said 3 REFUSED)"

# Without nsupdate, which /dev/null covers: a host that shares its ports all the same.
agent_down 3
on host3 ip address flush dev eth0 scope global
start host3 agent3.log unshare -m sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$(readlink -f "$(command -v nsupdate)")" \
    "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/agent3.conf"
AGENT[3]=$LAB_PID
check "without nsupdate: a line that names its package" wait_for 20 said 3 'nsupdate(1) is not installed: .* bind9-dnsutils'
check "the range is held all the same" wait_for 20 lab_bound 3
check "status says that nothing is published" wait_for 20 shown 3 failed failed

# A killed agent's records go when the next one starts, and only they.
kill -9 "${AGENT[1]}"
wait "${AGENT[1]}" 2>/dev/null
agent 1 "$REMOTE" agent-key $SECRET example.net 2081 9
check "killed, and started with another port: the old one's record goes" wait_for 20 has_ports bind $HTTP "2081 3080"
check "and many more come" same 2090 "$(ports_at bind _s9._udp.example.net)"

# Nonsense for answers.
agent_down 1
start remote hostile.log "$LAB_ROOT/tests/lib/hostile_dns.py" "$REMOTE" 5399 7
wait_for 20 on remote sh -c 'ss -Hlnt | grep -q :5399'
agent 1 "$REMOTE:5399" agent-key $SECRET example.net 2080
check "hostile answers: a line" wait_for 20 said 1 'cannot update zone example.net'
check "none of them is believed" not said 1 'DNS: published'
check "status says so" shown 1 failed failed
check "the range is held" lab_bound 1
check "the agent lives" kill -0 "${AGENT[1]}"

check "the stop took all of it back" same "3080" "$(ports_at bind $HTTP)$(ports_at bind _s9._udp.example.net)"

# A server that is gone when the agent stops holds it up for two seconds at most.
kill "$BIND"
wait "$BIND" 2>/dev/null
started=$(date +%s%N)
agent_down 2
took=$((($(date +%s%N) - started) / 1000000))
check "a server that is gone does not hold up the stop" test "$took" -lt 15000
diag "stopped in $took ms without a server"
check "what could not be withdrawn is kept for the next start" test -s "$LAB_RUN_FILES/pearp-$LAB_ID-host2/eth0.services"
STILL='services of an earlier agent are still in the DNS: an agent with \[dns\] for their zone on eth0 withdraws them'
check "--undo does not, and says so" same 1 "$(on host2 "$PEARPD_BUILD/pearp-agent" -i eth0 --undo 2>&1 | grep -c "$STILL")"
lab_start_agent 2
check "nor does an agent without [dns], which says so too" wait_for 20 said 2 "$STILL"
check "  once" same 1 "$(times_said 2 "$STILL")"
check "it is kept all the same" test -s "$LAB_RUN_FILES/pearp-$LAB_ID-host2/eth0.services"
check "where nothing was left, nothing is said" same 0 "$(on neighbour "$PEARPD_BUILD/pearp-agent" -i eth0 --undo 2>&1 | grep -c "$STILL")"
check "every frame is accounted for" equation
done_testing
