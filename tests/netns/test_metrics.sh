#!/bin/bash
# An operator's Prometheus scrapes a bridge: every figure of the contract is there, promtool finds no fault, and what is
# counted is what happened. Then a reload moves the listener, and one that cannot be had changes nothing.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
AT=127.0.0.1:9631
LAB_CONF="[range $SHARED:60000-60999]
mac = $(host_mac 1)
name = the \"first\" \\host"
lab_test
sed -i "s/^\[control\]/[control]\nmetrics = $AT/" "$LAB_DIR/lab.conf"
on box ip link set lo up

# web AT PATH...: on the box.
web() { on box /usr/bin/python3 -SE "$LAB_ROOT/tests/lib/web.py" get "$@"; }
# metric NAME{LABELS}: its value.
metric() { web "${WEB_AT:-$AT}" /metrics | awk -v name="$1" '$1 == name { print $2 }'; }
has_metric() { [ "$(metric "$1")" = "$2" ]; }

check "without the key nothing listens" not web $AT /metrics
check "a reload opens it" ctl reload
web $AT /metrics >"$LAB_DIR/metrics"
for name in 'pearpd_info{version="' 'pearpd_start_time_seconds ' 'pearpd_frames_total{side="upstream",direction="in"}' \
    'pearpd_drops_total{reason="no_owner"}' 'pearpd_consumed_total{kind="pe_arp"}' 'pearpd_frames_held ' \
    "pearpd_bindings{address=\"$SHARED\",state=\"reachable\"} 2" "pearpd_ports_owned{address=\"$SHARED\"} 3000" \
    "pearpd_ports_managed{address=\"$SHARED\"} 63000" 'pearpd_questions_open ' 'pearpd_events_total{event="learned"}' \
    'pearpd_link_up{side="downstream",interface="eth1"} 1' 'pearpd_fast_path_active ' \
    'pearpd_fast_path_frames_total{direction="upstream"}' 'pearpd_loop_lag_seconds_bucket{le="+Inf"}' \
    'process_resident_memory_bytes ' 'pearpd_limit{key="bindings"} 65536'; do
    check "$name" grep -qF "$name" "$LAB_DIR/metrics"
done
if command -v promtool >/dev/null; then
    check "promtool finds no fault" promtool check metrics <"$LAB_DIR/metrics"
    web $AT '/metrics?owners=1' >"$LAB_DIR/owners"
    check "nor with owners" promtool check metrics <"$LAB_DIR/owners"
else
    skip "promtool finds no fault" "needs prometheus"
fi

serve_all || bail "no servers"
dropped=$(metric 'pearpd_drops_total{reason="arp_capture"}')
talk_on neighbour arp eth0 reply 00:0c:29:00:00:66 $SHARED ff:ff:ff:ff:ff:ff $SHARED -c 7
check "a drop is counted" wait_for 20 has_metric 'pearpd_drops_total{reason="arp_capture"}' $((dropped + 7))
check "and is an event" test "$(metric 'pearpd_events_total{event="capture"}')" -ge 1
check "host1 is reached" talk_on remote ask tcp $SHARED 2080
web $AT '/metrics?owners=1' >"$LAB_DIR/owners"
check "the owner with the most is the first" grep -q "pearpd_owner_bytes_total{mac=\"$(host_mac 1)\",name=\"the .\"first.\" ..host\",direction=\"rx\"} [1-9]" "$LAB_DIR/owners"
check "the others are left out, and how many they are" grep -q '^pearpd_owners_omitted [1-9]' "$LAB_DIR/owners"
check "a query that is none is refused" same 400 "$(web $AT '/metrics?owners=many' -s)"
on box ip link set eth1 down
check "a link that went down is seen" wait_for 20 has_metric 'pearpd_link_up{side="downstream",interface="eth1"}' 0
on box ip link set eth1 up
check "and that it is back" wait_for 20 has_metric 'pearpd_link_up{side="downstream",interface="eth1"}' 1

# A real Prometheus.
if command -v prometheus >/dev/null; then
    cat >"$LAB_DIR/prometheus.yml" <<YML
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: pearpd
    static_configs:
      - targets: ["$AT"]
YML
    start box prometheus.log prometheus --config.file="$LAB_DIR/prometheus.yml" --storage.tsdb.path="$LAB_DIR/tsdb" \
        --web.listen-address=127.0.0.1:9090
    scraped() { web 127.0.0.1:9090 "/api/v1/query?query=$1" | grep -q "\"value\":\[[^]]*\"$2\"\]"; }
    check "Prometheus scrapes it" wait_for 60 scraped up 1
    check "and has the ports that are owned" wait_for 20 scraped pearpd_ports_owned 3000
    check "nothing was lost on the way" wait_for 20 scraped 'scrape_samples_scraped-scrape_samples_post_metric_relabeling' 0
else
    skip "Prometheus scrapes it" "needs prometheus"
fi

# What pearpctl prints, and the page.
whose() { /usr/bin/python3 -c 'import json, sys
for e in json.load(sys.stdin): print(e["address"], e["first_port"], e["last_port"], e["mac"], e["state"], e["origin"], e["name"])'; }
check "/api/table is what pearpctl prints" same "$(ctl table --json | whose)" "$(web $AT /api/table | whose)"
stats_balance() { web $AT /api/stats | talk equation; }
check "/api/stats has every frame" stats_balance
check "its type" same application/json "$(web $AT /api/stats -w Content-Type)"
web $AT / >"$LAB_DIR/page"
check "the page is whole" grep -q '</html>' "$LAB_DIR/page"
check "it asks for nothing from elsewhere" not grep -qE '(src|href)="?(https?:)?//' "$LAB_DIR/page"
check "no mark is left in it" not grep -qE '@(NONCE|STYLE|SCRIPT)@' "$LAB_DIR/page"
policy=$(web $AT / -w Content-Security-Policy)
check "its policy lets nothing else run" grep -q "default-src 'none'; script-src 'nonce-[A-Za-z0-9+/=]*'; .*frame-ancestors 'none'" <<<"$policy"
check "each answer has a nonce of its own" not same "$policy" "$(web $AT / -w Content-Security-Policy)"

# What it is not for.
check "HEAD is answered" same 200 "$(web $AT /metrics -m HEAD -s)"
check "POST is refused" same 405 "$(web $AT /metrics -m POST -s)"
check "and told what is not" same "GET, HEAD" "$(web $AT /metrics -m DELETE -w Allow)"
check "another page is not there" same 404 "$(web $AT /../etc/passwd -s)"
check "another name is refused: DNS rebinding" same 403 "$(web $AT /metrics -H Host:evil.example -s)"
check "an address is not" same 200 "$(web $AT /metrics -H Host:127.0.0.1:8000 -s)"
check "no other site may read it" same "same-origin" "$(web $AT /metrics -w Cross-Origin-Resource-Policy)"

# Reloads.
set_at() { sed -i "s|^metrics = .*|metrics = $1|" "$LAB_DIR/lab.conf"; }
start box taken /usr/bin/python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 9632))
print("there", flush=True)
time.sleep(600)'
wait_for 20 in_log there taken
set_at 127.0.0.1:9632
check "an address that is taken is refused" not ctl reload
check "the log says which and why" in_log 'not reloaded: \[control\] metrics = 127.0.0.1:9632: Address already in use'
check "the old one goes on" has_metric pearpd_frames_held 0
set_at "unix:$LAB_DIR/web.sock"
check "a Unix socket is taken" ctl reload
check "and served" same 200 "$(web "unix:$LAB_DIR/web.sock" /metrics -s)"
check "for its group alone" same 660 "$(stat -c %a "$LAB_DIR/web.sock")"
check "the old one is gone" not web $AT /metrics
set_at '[::1]:9631'
check "so is IPv6" ctl reload
check "and served, too" same 200 "$(web '[::1]:9631' /metrics -s)"
check "the file of the socket is gone" not test -e "$LAB_DIR/web.sock"
set_at 0.0.0.0:9631
check "all addresses, which is a line in the log" ctl reload
check "that says who can see what" in_log 'metrics and status page at 0.0.0.0:9631: whoever reaches it sees'
check "there a name is one like others" same 200 "$(web $AT /metrics -H Host:bridge.example -s)"
set_at none
check "none ends it" ctl reload
check "really" not web $AT /metrics
check "every frame is accounted for" equation
done_testing
