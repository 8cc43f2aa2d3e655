#!/bin/bash
# docs/services.md, walked from its first command to its last, with BIND: two hosts that share an address publish one service, a
# client follows its records to both, one stops; a well-known port is given to one.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/guide.sh"
for program in named dig nsupdate tsig-keygen; do
    command -v $program >/dev/null || { echo "1..0 # SKIP needs $program"; exit 0; }
done
SHARED=192.0.2.2 ROUTER=192.0.2.1 NEIGHBOUR=192.0.2.9 REMOTE=198.51.100.53 LAB_FIRST=2048 LAB_BLOCK=1024 LAB_HOSTS=2
GUIDE=$LAB_ROOT/docs/services.md

# In the place of the lab's: hosts without addresses, and a bridge machine without pearpd.
lab_host() { printf '%s\n' "link set lo up" "link set eth0 up"; }
lab_box() { printf '%s\n' "link set eth0 up" "link set eth1 up" | lab_in box; }
lab_test
. "$LAB_ROOT/tests/lib/dns.sh"

reaches() { same "$5" "$(talk_on "$1" ask "$2" "$3" "$4" -t "${6:-5}" | cut -d' ' -f1)"; }
SRV=_http._tcp.www.example.net

stand_ins
guide_files
bind_start example.net agent-key
take "/etc/pearpd/rack1.conf, port 80"
sed -i '/^\[range/,/^name/d' "$LAB_DIR/etc/pearpd/rack1.conf"
on_path box 'systemctl enable --now pearpd@rack1' || bail "no pearpd"
http_serve host1 2080 && http_serve host2 3104 && serve host1 host1 80 || bail "no servers"

echo "# The DNS server"
walk dns 'tsig-keygen agent-key'
check "prints BIND's clause" said 'algorithm hmac-sha256'

echo "# Two hosts with one service"
for n in 1 2; do
    take "/etc/pearpd/agent-eth0.conf, host$n"
    hold $n 'systemctl enable --now pearp-agent@eth0'
done
check "the DNS has both" wait_for 20 has_ports bind $SRV "2080 3104"
published() { on_path host1 'pearp-agent status' | grep -q published; }
check "host1 knows" wait_for 20 published
walk host1 'pearp-agent status'
check "says published" said published
walk box 'pearpctl services'
check "has both" same 2 "$(grep -c "^$SRV" "$LAB_DIR/said")"
walk dns 'dig +short @198.51.100.53 SRV _http._tcp.www.example.net'
check "is as in the guide" diff <(grep '^0 1 [0-9]* shared' "$GUIDE") <(sort "$LAB_DIR/said")
walk dns 'dig +short @198.51.100.53 A shared.example.net'
check "is the shared address" said "^$SHARED\$"
if command -v busybox >/dev/null && [ -x /usr/lib/apt/apt-helper ]; then
    check "a client that follows SRV reaches both" same "host1 host2" "$(fetch 24 | sort -u | xargs)"
else
    skip "a client that follows SRV reaches both" "needs busybox and apt"
fi
in_guide host2 'systemctl disable --now pearp-agent@eth0'
let_go 2
walk dns 'dig +short @198.51.100.53 SRV _http._tcp.www.example.net'
check "is host1's alone" same "0 1 2080 shared.example.net." "$(cat "$LAB_DIR/said")"

echo "# A well-known port"
take "/etc/pearpd/rack1.conf, port 80"
walk box 'pearpd -c /etc/pearpd/rack1.conf -t'
walk box 'systemctl reload pearpd@rack1'
let_go 1
take "/etc/pearpd/agent-eth0.conf, port 80"
hold 1 'systemctl restart pearp-agent@eth0'
walk box 'pearpctl table'
check "has port 80" said "$SHARED:80-80 .*$(host_mac 1)"
check "and host1 answers there" reaches remote tcp $SHARED 80 host1
let_go 1
guide_done
done_testing
