#!/bin/bash
# lab.sh: a network to try pearpd in, out of network namespaces. Sourced by tests and the demo; as a command:
#
#   tests/lib/lab.sh up [-n HOSTS] [-p] [-b | -e] [-c FILE]   raise one; prints its name and how to enter it
#                       -p: hosts without an agent; -b: a kernel bridge in pearpd's place; -e: pearpd on a router;
#                       -c: added to pearpd's configuration
#   tests/lib/lab.sh down NAME|all                       end its processes, remove its namespaces and files
#   tests/lib/lab.sh list
#
#   remote ------- router ------- box ------- switch --+-- host1 .. hostN   192.35.162.2, all of them
#   198.51.100.10  .1   192.35.162.1  (pearpd)         +-- neighbour        192.35.162.9, its own
#
# As an edge router (LAB_BOX=edge, -e) the box is itself the router, and `router` another name for it; with LAB_BOX=route
# the same without pearpd, so that one host alone can be reached:
#
#   remote ------- box: eth0, kernel, tap0, pearpd, eth1 ------- switch --+-- ...
#
# Only iproute2 is needed to build it. Each lab has a name of its own, so several may stand at once. Offloads stay
# as the kernel sets them, IPv6 is left alone. Variables, to be set before lab_up:
#   LAB_HOSTS (3)  LAB_MODE (agent | plain | bare: hosts know nothing)  LAB_BOX (pearpd | bridge | edge | route)  LAB_CONF (lines added to the configuration, which keeps no state otherwise)
#   LAB_ACCEL (none | auto | tc: whether the kernel forwards established flows)  LAB_LEARN (what the shared address is learned from)  PEARPD_BUILD (where the programs are)
# shellcheck shell=bash

LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB_TMP=${TMPDIR:-/tmp}
PEARPD_BUILD=${PEARPD_BUILD:-$LAB_ROOT/build}
SHARED=192.35.162.2 ROUTER=192.35.162.1 NEIGHBOUR=192.35.162.9 REMOTE=198.51.100.10
LAB_UP=eth0 LAB_UPLINK=eth1 # the router's interfaces on the hosts' and on the remote's side; the box's upstream is LAB_UP too
LAB_ID='' LAB_DIR='' LAB_FIRST=2000 LAB_BLOCK=1000
LAB_RUN_FILES=/run/pearp-agent # where agents keep a folder for each namespace

lab_say() { echo "lab: $*" >&2; }

# Is the box itself the router?
lab_routes() { [ "$LAB_BOX" = edge ] || [ "$LAB_BOX" = route ]; }

# The namespace of a place.
lab_place()
{
    lab_routes && [ "$1" = router ] && set -- box
    echo "pearp-$LAB_ID-$1"
}

# on PLACE COMMAND...: there. Not for the background: see `start`.
on()
{
    local place
    place=$(lab_place "$1")
    shift
    ip netns exec "$place" "$@"
}

# start PLACE LOG COMMAND...: in the background there; LAB_PID is its process id.
start()
{
    local place log=$2
    place=$(lab_place "$1")
    shift 2
    ip netns exec "$place" "$@" >"$LAB_DIR/$log" 2>&1 </dev/null &
    LAB_PID=$!
}

# at_once COMMAND...: in the background, until all_done waits for all of them. Exit status: whether all went well.
at_once()
{
    "$@" &
    LAB_AT_ONCE+=($!)
}
all_done()
{
    local pid status=0
    for pid in "${LAB_AT_ONCE[@]}"; do
        wait "$pid" || status=1
    done
    LAB_AT_ONCE=()
    return $status
}

talk() { /usr/bin/python3 -SE "$LAB_ROOT/tests/lib/talk.py" "$@"; }
talk_on()
{
    local place=$1
    shift
    on "$place" /usr/bin/python3 -SE "$LAB_ROOT/tests/lib/talk.py" "$@"
}

# The ports of host N, and its MAC address. The first two and the router are those of the seed system's network.
host_first() { echo $((LAB_FIRST + ($1 - 1) * LAB_BLOCK)); }
host_last() { echo $((LAB_FIRST + $1 * LAB_BLOCK - 1)); }
host_mac()
{
    case $1 in
    1) echo 00:0c:29:9e:8c:ee ;;
    2) echo 00:0c:29:39:44:ab ;;
    *) printf '00:0c:29:00:%02x:%02x\n' $(($1 / 256)) $(($1 % 256)) ;;
    esac
}
hosts() { seq 1 "$LAB_HOSTS"; }

lab_ids() { ip netns list | sed -n 's/^pearp-\([^-]*\)-remote\b.*/\1/p'; }

# Run in the switch's namespace, which has no eth0: kernels before 6.14 look for a new interface's name there, too.
lab_links()
{
    local p=pearp-$LAB_ID n
    if lab_routes; then
        echo "link add eth0 netns $p-remote type veth peer name eth0 netns $p-box"
    else
        echo "link add eth0 netns $p-remote type veth peer name eth1 netns $p-router"
        echo "link add eth0 netns $p-router address 00:12:7f:c4:38:d3 type veth peer name eth0 netns $p-box"
    fi
    echo "link add eth1 netns $p-box type veth peer name box netns $p-switch"
    for n in $(hosts); do
        echo "link add eth0 netns $p-host$n address $(host_mac "$n") type veth peer name host$n netns $p-switch"
    done
    echo "link add eth0 netns $p-neighbour type veth peer name neighbour netns $p-switch"
}

# lab_in PLACE: ip(8) commands from standard input, there.
lab_in() { ip -n "$(lab_place "$1")" -batch -; }

lab_switch()
{
    local n
    echo "link add br0 type bridge stp_state 0 forward_delay 0"
    for n in box neighbour $(hosts | sed 's/^/host/'); do
        echo "link set $n master br0 up"
    done
    echo "link set br0 up"
}

# Do the hosts have agents? Without pearpd they have nobody to speak to.
lab_agents() { [ "$LAB_MODE" = agent ] && { [ "$LAB_BOX" = pearpd ] || [ "$LAB_BOX" = edge ]; }; }

lab_host()
{
    echo "link set lo up"
    [ "$LAB_MODE" != bare ] || return 0
    echo "link set eth0 up"
    lab_agents && return
    echo "address add $SHARED/24 dev eth0"
    echo "route add default via $ROUTER"
}

# On an edge router the hosts' side is the tap, which pearpd makes: lab_tap.
lab_router()
{
    printf '%s\n' "link set lo up" "link set eth0 up" "link set eth1 up" "address add 198.51.100.1/24 dev $LAB_UPLINK"
    [ "$LAB_BOX" = edge ] || echo "address add $ROUTER/24 dev $LAB_UP"
}

# An edge router's kernel must hear the hosts by the tap alone: on eth1 it would answer ARP for its own addresses, and route
# what comes to eth1's own MAC past pearpd. The rule against it is the guide's. Redirects count against the ICMP errors that
# the shared address may get.
lab_edge()
{
    [ "$LAB_BOX" = edge ] || return 0
    on box sysctl -q -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 &&
        sed -n '/^table netdev pearpd$/,/^}/p' "$LAB_ROOT/docs/edge-router.md" | on box nft -f -
}

# What the operator of an edge router does once.
lab_tap() { printf '%s\n' "address add $ROUTER/24 dev $LAB_UP" "link set $LAB_UP up" | lab_in box; }

lab_configure()
{
    local n
    printf '%s\n' "link set lo up" "link set eth0 up" "address add $REMOTE/24 dev eth0" \
        "route add default via 198.51.100.1" | lab_in remote &&
        lab_router | lab_in router &&
        on router sysctl -q -w net.ipv4.ip_forward=1 &&
        lab_switch | lab_in switch &&
        printf '%s\n' "link set lo up" "link set eth0 up" "address add $NEIGHBOUR/24 dev eth0" \
            "route add default via $ROUTER" | lab_in neighbour &&
        printf '%s\n' "link set lo up" "link set eth0 up" "link set eth1 up" | lab_in box && lab_edge || return 1
    for n in $(hosts); do
        lab_host | lab_in "host$n" || return 1
        [ "$LAB_MODE" = bare ] || lab_agents ||
            on "host$n" sysctl -q -w net.ipv4.ip_local_port_range="$(host_first "$n") $(host_last "$n")" || return 1
    done
}

# Netfilter for bridged frames would slow the kernel bridges and let the rules of this machine judge them.
lab_no_bridge_netfilter()
{
    local place
    [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || return 0
    for place in switch box; do
        on "$place" sysctl -q -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 \
            net.bridge.bridge-nf-call-arptables=0 || return 1
    done
}

lab_write_config()
{
    cat >"$LAB_DIR/lab.conf" <<CONF
[bridge]
upstream   = $([ "$LAB_BOX" = edge ] && echo tap:)$LAB_UP
downstream = eth1
mac        = 02:50:45:00:00:01
accel      = ${LAB_ACCEL:-auto}

[control]
socket = $LAB_DIR/pearpd.sock
$([[ ${LAB_CONF:-} == *'[state]'* ]] || printf '\n[state]\nfile = none\n')

[address $SHARED]
ports = $LAB_FIRST-$((LAB_FIRST + (65536 - LAB_FIRST) / LAB_BLOCK * LAB_BLOCK - 1))
learn = ${LAB_LEARN:-pe-arp, traffic}
block = $LAB_BLOCK
${LAB_CONF:-}
CONF
}

ctl() { "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/pearpd.sock" "$@"; }

# Starts pearpd and waits until it is ready: its control socket accepts. PEARPD_PID is its process id.
lab_start_pearpd()
{
    start box "${1:-pearpd.log}" "$PEARPD_BUILD/pearpd" -v -c "$LAB_DIR/lab.conf"
    PEARPD_PID=$LAB_PID
    talk ready "$LAB_DIR/pearpd.sock" "$PEARPD_PID" && return 0
    lab_say "pearpd is not ready:"
    cat "$LAB_DIR/${1:-pearpd.log}" >&2
    return 1
}

lab_start_agent()
{
    start "host$1" "agent$1.log" "$PEARPD_BUILD/pearp-agent" -i eth0 -a "$SHARED" \
        -p "$(host_first "$1")-$(host_last "$1")" -g "$ROUTER" -v
    AGENT_PID[$1]=$LAB_PID
}

# lab_bound N: host N's range is in the table, by its MAC.
lab_bound()
{
    ctl table | grep -q "^$SHARED:$(host_first "$1")-$(host_last "$1") .* $(host_mac "$1") .*C"
}

lab_box()
{
    local n
    AGENT_PID=()
    if [ "$LAB_BOX" = bridge ]; then
        printf '%s\n' "link add br0 type bridge stp_state 0 forward_delay 0" "link set eth0 master br0" \
            "link set eth1 master br0" "link set br0 up" | lab_in box
        return
    fi
    [ "$LAB_BOX" != route ] || return 0
    lab_write_config
    lab_start_pearpd || return 1
    [ "$LAB_BOX" != edge ] || lab_tap || return 1
    lab_agents || return 0
    for n in $(hosts); do
        lab_start_agent "$n"
    done
    for n in $(hosts); do
        wait_for 20 lab_bound "$n" && continue
        lab_say "host$n's range is not in the table"
        cat "$LAB_DIR/agent$n.log" "$LAB_DIR/pearpd.log" >&2
        return 1
    done
}

lab_up()
{
    local place
    LAB_HOSTS=${LAB_HOSTS:-3} LAB_MODE=${LAB_MODE:-agent} LAB_BOX=${LAB_BOX:-pearpd}
    LAB_UP=eth0 LAB_UPLINK=eth1
    case $LAB_BOX in
    edge) LAB_UP=tap0 LAB_UPLINK=eth0 ;;
    route) LAB_UP=eth1 LAB_UPLINK=eth0 ;;
    esac
    [ "$LAB_HOSTS" -le 63 ] || LAB_BLOCK=64
    [ "$LAB_HOSTS" -le 992 ] || { lab_say "at most 992 hosts"; return 1; }
    [ "$(id -u)" -eq 0 ] || { lab_say "needs root: network namespaces"; return 1; }
    LAB_DIR=$(mktemp -d "$LAB_TMP/pearpd-lab.XXXXXX") || return 1
    LAB_ID=${LAB_DIR##*.}
    for place in $(lab_routes || echo router) remote box switch neighbour $(hosts | sed 's/^/host/'); do
        ip netns add "pearp-$LAB_ID-$place" || return 1
    done
    lab_links | lab_in switch && lab_no_bridge_netfilter && lab_configure && lab_box
}

lab_pids()
{
    local name
    for name in $(ip netns list | sed -n "s/^\(pearp-$LAB_ID-[^ ]*\).*/\1/p"); do
        ip netns pids "$name"
    done 2>/dev/null
}

# Ends what runs in the lab's namespaces, by process id, then removes them. Nothing there: nothing done.
lab_down()
{
    local name pids tries
    [ -n "$LAB_ID" ] || return 0
    for tries in $(seq 1 60); do
        pids=$(lab_pids)
        [ -n "$pids" ] || break
        case $tries in
        1) kill $pids 2>/dev/null ;;
        [4-6]0) kill -9 $pids 2>/dev/null ;;
        esac
        kill -CONT $pids 2>/dev/null
        sleep 0.05
    done
    for name in $(ip netns list | sed -n "s/^\(pearp-$LAB_ID-[^ ]*\).*/\1/p"); do
        ip netns del "$name"
        rm -rf "${LAB_RUN_FILES:?}/$name"
    done
    rm -rf "$LAB_TMP/pearpd-lab.$LAB_ID"
    LAB_ID='' LAB_DIR=''
}

# Whatever happens, the lab goes: for scripts that raise one. The first line of a test's end.
lab_guard()
{
    trap 'lab_guard_exit $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

lab_guard_exit()
{
    trap '' INT TERM HUP
    if [ "${TAP_FAILED:-0}" -gt 0 ] && [ -n "$LAB_DIR" ] && [ -f "$LAB_DIR/pearpd.log" ]; then
        echo "# pearpd said:"
        tail -n 40 "$LAB_DIR/pearpd.log" | sed 's/^/#   /'
    fi
    lab_down
    [ "${TAP_FAILED:-0}" -eq 0 ] || exit 1
    exit "$1"
}

# For tests: what they need, or a skip of the whole program.
lab_test()
{
    [ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
    lab_guard
    lab_up || bail "the lab does not stand"
}

# `pearpctl monitor` into $LAB_DIR/events, once pearpd listens to it: it answers in the order in which it is asked.
monitor()
{
    start box events "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/pearpd.sock" monitor
    wait_for 20 is_connected && ctl version >/dev/null
}
is_connected() { on box ss -Hx | grep -q "ESTAB.*$LAB_DIR/pearpd.sock"; }

# Counts frames that are longer than the MTU allows on the wire where they arrive, behind the bridge: super-frames of
# segmentation offload.
large_places() { printf '%s\n' "switch box" "$([ "$LAB_BOX" = edge ] && echo box || echo router) $LAB_UP"; }
watch_large()
{
    local place interface
    while read -r place interface; do
        on "$place" nft -f - <<NFT || return 1
table netdev lab {
    counter large { }
    chain large { type filter hook ingress device "$interface" priority 0; meta length > 1514 counter name large; }
}
NFT
    done < <(large_places)
}
large()
{
    local place
    large_places | while read -r place _; do on "$place" nft list counter netdev lab large </dev/null; done |
        awk '/packets/ { sum += $2 } END { print sum + 0 }'
}

# owner FIRST-LAST: the MAC address that the table has for this range. owned_by FIRST-LAST MAC
owner() { ctl table | awk -v range="$SHARED:$1" '$1 == range { print $3 }'; }
owned_by() { [ "$(owner "$1")" = "$2" ]; }

# For check: host2 is reached from the remote, and the remote from host1.
reached() { talk_on remote ask tcp $SHARED 3080 -t 1 && talk_on host1 ask tcp $REMOTE 7000 -t 1; }

# in_log TEXT [LOG]: pearpd said it.
in_log() { grep -q "$1" "$LAB_DIR/${2:-pearpd.log}"; }

# For check: the command ends with 1 and one line on standard error.
refused()
{
    local said status
    said=$("$@" 2>&1 >/dev/null)
    status=$?
    echo "$said"
    same "1 1" "$status $(wc -l <<<"$said")"
}

# Of pearpd: open descriptors; processor time, in hundredths of a second.
fds() { find "/proc/$PEARPD_PID/fd" -type l | wc -l; }
ticks() { awk '{ print $14 + $15 }' "/proc/$PEARPD_PID/stat"; }

# The router's view of the shared address.
router_cache() { on router ip -4 neighbour show "$SHARED" | awk '{ for (i = 1; i < NF; i++) if ($i == "lladdr") print $(i + 1) }'; }

# serve PLACE NAME PORT...: a TCP and UDP server there that says NAME and whom it saw.
serve()
{
    local place=$1 name=$2
    shift 2
    start "$place" "serve-$name.log" /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" serve "$name" \
        "$LAB_DIR/ready-$place-$1" "$@"
    wait_for 20 test -e "$LAB_DIR/ready-$place-$1"
}

# Servers everywhere: on host N at its first port + 80, on the others at 7000.
serve_all()
{
    local n
    serve remote remote 7000 && serve neighbour neighbour 7000 || return 1
    for n in $(hosts); do
        serve "host$n" "host$n" $(($(host_first "$n") + 80)) || return 1
    done
}

# Counters in each host's kernel: frames for the shared address at this host's MAC, to its own ports and to others
# (of fragments the first, which has the ports).
watch_owners()
{
    local n
    for n in $(hosts); do
        on "host$n" nft -f - <<NFT || return 1
table netdev lab {
    counter right { }
    counter wrong { }
    chain arrived {
        type filter hook ingress device "eth0" priority -450; policy accept;
        ether daddr $(host_mac "$n") ip daddr $SHARED ip frag-off & 0x1fff == 0 meta l4proto { tcp, udp } th dport $(host_first "$n")-$(host_last "$n") counter name right
        ether daddr $(host_mac "$n") ip daddr $SHARED ip frag-off & 0x1fff == 0 meta l4proto { tcp, udp } th dport != $(host_first "$n")-$(host_last "$n") counter name wrong
    }
}
NFT
    done
}

# arrived N right|wrong
arrived() { on "host$1" nft list counter netdev lab "$2" | awk '/packets/ { print $2 }'; }

# For check: frames came to every host, and none for another one's ports.
only_owners()
{
    local n
    for n in $(hosts); do
        echo "host$n: $(arrived "$n" right) for its ports, $(arrived "$n" wrong) for others'"
        [ "$(arrived "$n" right)" -gt 0 ] && [ "$(arrived "$n" wrong)" -eq 0 ] || return 1
    done
}

# For check: every frame that came in left, was consumed, dropped under a name, or is held.
equation() { ctl stats --json | talk equation; }

# What pearpd takes of memory, without the fast path's maps (pearpctl stats has them). What the compiler's checks of undefined
# behaviour take is not counted either: their libraries, and
# text over 512 KiB, which is more than there is without them. A build with sanitizers of addresses takes more than it may.
pss_kib()
{
    awk '/^[0-9a-f]+-[0-9a-f]+ / { name = $6 } /^Pss:/ { total += $2; of[name] += $2 } END {
        for (name in of) {
            if (name ~ /\/(libubsan|libstdc\+\+)\.so|^anon_inode:bpf-map/) total -= of[name]
            if (name ~ /\/pearpd$/ && of[name] > 512) total -= of[name] - 512
        }
        print total
    }' "/proc/$PEARPD_PID/smaps"
}
is_sanitized() { nm "$PEARPD_BUILD/pearpd" 2>/dev/null | grep -q __asan; }

# stat PATH: one figure of the statistics, as drops/arp_capture.
stat_of() { ctl stats --json | talk figure "$1"; }

# grew PATH BEFORE COUNT: for check: that figure grows from BEFORE by COUNT, and by no more.
grew()
{
    wait_for 20 has_grown "$@"
    same "$3" $(($(stat_of "$1") - $2))
}
has_grown() { [ $(($(stat_of "$1") - $2)) -ge "$3" ]; }

lab_usage()
{
    sed -n '3,8s/^#  *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

lab_command_up()
{
    local option
    LAB_HOSTS=3 LAB_MODE=agent LAB_BOX=pearpd
    while getopts 'n:pbec:' option; do
        case $option in
        n) LAB_HOSTS=$OPTARG ;;
        p) LAB_MODE=plain ;;
        b) LAB_BOX=bridge ;;
        e) LAB_BOX=edge ;;
        c) LAB_CONF=$(cat "$OPTARG") || exit 1 ;;
        *) lab_usage ;;
        esac
    done
    case $LAB_HOSTS in *[!0-9]* | '' | 0) lab_usage ;; esac
    trap lab_down EXIT
    trap 'exit 130' INT TERM HUP
    lab_up || exit 1
    trap - EXIT
    echo "lab $LAB_ID: remote$(lab_routes || echo ' router') box switch neighbour$(hosts | sed 's/^/ host/' | tr -d '\n')"
    echo "  enter one:   ip netns exec pearp-$LAB_ID-host1 bash"
    [ "$LAB_BOX" = bridge ] || echo "  the table:   $PEARPD_BUILD/pearpctl -s $LAB_DIR/pearpd.sock table"
    echo "  take it down: tests/lib/lab.sh down $LAB_ID"
}

lab_command_down()
{
    local id found=
    [ $# -eq 1 ] || lab_usage
    for id in $(lab_ids); do
        [ "$1" = "$id" ] || [ "$1" = all ] || continue
        found=$id LAB_ID=$id
        lab_down
    done
    [ -n "$found" ] || [ "$1" = all ] || { lab_say "no lab $1"; exit 1; }
}

. "$LAB_ROOT/tests/lib/tap.sh"
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    lab_action=${1:-}
    shift
    case $lab_action in
    up) lab_command_up "$@" ;;
    down) lab_command_down "$@" ;;
    list) lab_ids ;;
    *) lab_usage ;;
    esac
fi
