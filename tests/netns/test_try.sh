#!/bin/bash
# A start on trial (--try): without a confirmation in time everything is as it was found, on the box and on a host, also where
# the terminal was lost, the program was killed, or hangs. A start that would cut off the ssh session it comes from is refused.
# takes: 20 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=3 LAB_MODE=agent LAB_ACCEL=auto
pearpd=$PEARPD_BUILD/pearpd agent=$PEARPD_BUILD/pearp-agent

[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
unshare --mount sh -c 'mount -t bpf bpf /sys/fs/bpf && exec sleep 300' &
HOLDER=$!
lab_test
trap 'status=$?; kill $HOLDER; lab_guard_exit $status' EXIT
for pid in "$PEARPD_PID" "${AGENT_PID[@]}"; do
    kill "$pid" && wait "$pid"
done

# in_box COMMAND...: there, with a BPF file system, so that a killed pearpd leaves all that it can leave.
IN_BOX=(nsenter --mount="/proc/$HOLDER/ns/mnt" --net="/run/netns/$(lab_place box)")
in_box() { "${IN_BOX[@]}" "$@"; }
# begin NAME COMMAND...: in the background; PID is its process id
begin()
{
    local name=$1
    shift
    "$@" >"$LAB_DIR/$name.log" 2>&1 </dev/null &
    PID=$!
}
begin_box() { begin "$1" "${IN_BOX[@]}" "$pearpd" -c "$LAB_DIR/lab.conf" "${@:2}"; }
begin_agent() { begin "$1" ip netns exec "$(lab_place host1)" "$agent" -i eth0 -a $SHARED -p 2000-2999 -g $ROUTER "${@:2}"; }
serves() { ctl version >/dev/null; }
holds() { on host1 "$agent" status --json | grep -q '"eth0"'; }
guards() { pgrep -x pearp-try -P "$1" | wc -l; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# What the box and a host are like: nothing that changes by itself.
box_state()
{
    local name
    for name in eth0 eth1; do
        on box ip -d link show "$name" | sed 's/ state [A-Z]*//; s/,LOWER_UP\|,NO-CARRIER//g'
        on box tc qdisc show dev "$name"
        on box tc filter show dev "$name" ingress 2>/dev/null
    done
    on box ip -o link show | sed -n 's/^[0-9]*: \(pearpd-[^:]*\):.*/\1/p'
    in_box find /sys/fs/bpf/pearpd -type f 2>/dev/null
}
host_state()
{
    on host1 ip -o address show | sed 's/ *valid_lft.*//; s/ tentative//; s/ *\\\\$//'
    on host1 ip route show table all | grep -v 'table local'
    on host1 nft list ruleset
    on host1 sysctl net.ipv4.conf.eth0.arp_ignore net.ipv4.conf.eth0.arp_announce net.ipv4.conf.eth0.arp_notify \
        net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports
}
box_as_found() { same "$BOX" "$(box_state)"; }
host_as_found() { same "$HOST" "$(host_state)"; }
# ends EXPECTED TEXT: the program that was begun last ends with this status
ends()
{
    local status
    wait "$PID" 2>/dev/null
    status=$?
    check "$2" same "$1" $status
}

on box ip link set eth1 down
BOX=$(box_state) HOST=$(host_state)

# A host whose agent hangs: it takes the longest, and is looked at in the end.
begin hangs ip netns exec "$(lab_place host2)" "$agent" -i eth0 -a $SHARED -p 3000-3999 --try 1 -n
wait "$PID"
check "--try does not go with -n" grep -q "are for a start" "$LAB_DIR/hangs.log"
on host2 nft list ruleset >"$LAB_DIR/host2"
begin hangs ip netns exec "$(lab_place host2)" "$agent" -i eth0 -a $SHARED -p 3000-3999 --try 2
HANGS=$PID
wait_for 20 grep -q 'on trial' "$LAB_DIR/hangs.log" && wait_for 20 test -S "$LAB_RUN_FILES/$(lab_place host2)/eth0.sock"
wait_for 20 test -e "$LAB_RUN_FILES/$(lab_place host2)/eth0.state"
kill -STOP "$HANGS"
check "host2's agent hangs, and has set something" not cmp -s "$LAB_DIR/host2" <(on host2 nft list ruleset)

# The box.
begin_box expires --try 2
wait_for 20 serves
check "pearpd runs on trial, and has changed the box" not box_as_found
check "the log says how it is confirmed" grep -q 'undone in 2 s unless confirmed: pearpctl confirm' "$LAB_DIR/expires.log"
ends 1 "nobody confirms: it ends with 1"
check "and says why" grep -q 'not confirmed within 2 s' "$LAB_DIR/expires.log"
check "the box is as it was found" box_as_found

begin_box killed --try 600
wait_for 20 serves
check "on trial SIGHUP is no reload: a lost terminal sends it, too" kill -HUP "$PID"
check "the log says so" wait_for 20 grep -q 'SIGHUP is ignored' "$LAB_DIR/killed.log"
kill -9 "$PID"
wait "$PID" 2>/dev/null
check "pearpd is killed: the box is as it was found" wait_for 20 box_as_found
check "the log says so, too" wait_for 20 grep -q 'undone' "$LAB_DIR/killed.log"

begin_box confirmed --try 600
wait_for 20 serves
check "pearpctl confirms" ctl confirm
check "a second time there is nothing to confirm" refused ctl confirm
check "the guard is gone" wait_for 20 same 0 "$(guards "$PID")"
check "it still runs" ctl table
check "SIGHUP is a reload again" kill -HUP "$PID"
check "which takes place" wait_for 20 grep -q 'reloaded' "$LAB_DIR/confirmed.log"
kill "$PID"
ends 0 "it ends with 0"

# A terminal.
terminal()
{
    mkdir "$LAB_DIR/$1"
    begin "$1" "${IN_BOX[@]}" /usr/bin/python3 "$LAB_ROOT/tests/lib/terminal.py" "$LAB_DIR/$1" "$pearpd" -c "$LAB_DIR/lab.conf" "${@:2}"
    wait_for 20 serves
}
terminal typed --try 600
check "in a terminal: Enter is offered" wait_for 20 grep -q 'by Enter or' "$LAB_DIR/typed/shown"
echo >"$LAB_DIR/typed/typed.new" && mv "$LAB_DIR/typed/typed.new" "$LAB_DIR/typed/typed"
check "and confirms" wait_for 20 grep -q 'confirmed: it stays' "$LAB_DIR/typed/shown"
kill "$(cat "$LAB_DIR/typed/pid")"
wait_for 20 test -e "$LAB_DIR/typed/status"
terminal lost --try 3
touch "$LAB_DIR/lost/hang"
check "the terminal is lost: it ends when the time is over, with 1" \
    eval 'wait_for 20 test -e "$LAB_DIR/lost/status" && same 1 "$(cat "$LAB_DIR/lost/status")"'
check "the box is as it was found" box_as_found

# ssh.
on box ip link set eth1 up
on box ip address add 192.35.162.77/24 dev eth0
ssh_refused()
{
    local status
    SSH_CONNECTION="198.51.100.10 50000 $1 22" on box timeout 10 "${@:2}" >"$LAB_DIR/ssh.log" 2>&1
    status=$?
    cat "$LAB_DIR/ssh.log"
    same 1 $status && grep -q "not started: your ssh session" "$LAB_DIR/ssh.log"
}
check "an ssh session to an address of eth0: refused" ssh_refused 192.35.162.77 "$pearpd" -c "$LAB_DIR/lab.conf"
check "with advice" grep -q -- '--try 120 --yes' "$LAB_DIR/ssh.log"
check "on trial, too" ssh_refused 192.35.162.77 "$pearpd" -c "$LAB_DIR/lab.conf" --try 5
on box ip link add br7 type bridge
on box ip link set eth0 master br7
on box ip address add 192.0.2.77/24 dev br7
check "to an address of a bridge on top of it: refused" ssh_refused 192.0.2.77 "$pearpd" -c "$LAB_DIR/lab.conf"
on box ip link del br7
SSH_CONNECTION="198.51.100.10 50000 192.35.162.77 22" begin_box yes --try 600 --yes
check "with --yes it starts" wait_for 20 serves
kill "$PID"
wait "$PID"
on box ip address del 192.35.162.77/24 dev eth0
on box ip link add other type bridge
on box ip address add 192.0.2.78/24 dev other
on box ip link set other up
SSH_CONNECTION="192.0.2.79 50000 192.0.2.78 22" begin_box other
check "a session by another interface: it starts" wait_for 20 serves

# A host. The box runs.
check "an agent that would cut off the session: refused" eval \
    'ssh_session=$(SSH_CONNECTION="198.51.100.10 50000 $SHARED 22" on host1 "$agent" -i eth0 -a $SHARED -p 2000-2999 2>&1); \
     [ $? = 1 ] && grep -q "port 22, which is not among" <<<"$ssh_session"'
check "the host is as it was found" host_as_found
SSH_CONNECTION="198.51.100.10 50000 $SHARED 2022" begin_agent expires1 --try 2
check "on trial it holds its ports" wait_for 20 lab_bound 1
check "and has changed the host" not host_as_found
ends 1 "nobody confirms: it ends with 1"
check "the host is as it was found" host_as_found
begin_agent killed1 --try 600
wait_for 20 grep -q 'on trial' "$LAB_DIR/killed1.log" && wait_for 20 lab_bound 1
kill -HUP "$PID"
check "a lost terminal does not end it" wait_for 20 grep -q 'SIGHUP is ignored' "$LAB_DIR/killed1.log"
kill -9 "$PID"
wait "$PID" 2>/dev/null
check "it is killed: the host is as it was found" wait_for 20 host_as_found
begin_agent confirmed1 --try 600
wait_for 20 holds && wait_for 20 lab_bound 1
check "pearp-agent confirms" on host1 "$agent" confirm
check "a second time there is nothing to confirm" not on host1 "$agent" confirm -i eth0
check "it still holds" on host1 "$agent" status
kill "$PID"
ends 0 "it ends with 0"
check "the host is as it was found" host_as_found

check "the agent that hung was killed, and its host is as it was found" \
    wait_for 20 cmp -s "$LAB_DIR/host2" <(on host2 nft list ruleset)
check "its log says so" wait_for 20 grep -q 'hangs: it is killed' "$LAB_DIR/hangs.log"
done_testing
