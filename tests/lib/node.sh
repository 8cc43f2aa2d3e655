# node.sh: one rented server with one address, and its guests, in the lab. Sourced after lab.sh by: test_node.sh, scripts/demo-node.
#
#   remote ------- router ------- provider ------- node: eth0 = pearpd = | vmbr0 |--+-- guest1, guest2
#   198.51.100.10  192.35.162.1   drops every      192.35.162.2          |       |--+-- the server itself, after pearp-node
#                                 MAC but node's
#
# The node's mount namespace has its own /etc and /run of pearp-node, which `reboot` keeps and wipes.
# shellcheck shell=bash

NODE_MAC=52:54:00:4e:0d:e1
NODE_PLACES="remote router provider node guest1 guest2"
HOST_KEY=22 # the port of what stands for ssh

# guest_mac N
guest_mac() { echo "52:54:00:67:00:0$1"; }

node_links()
{
    local p=pearp-$LAB_ID
    echo "link add eth0 netns $p-remote type veth peer name eth1 netns $p-router"
    echo "link add eth0 netns $p-router address 00:12:7f:c4:38:d3 type veth peer name router netns $p-provider"
}

# The machine itself: its card at the provider, its bridge, its guests. Again at each boot.
node_machine()
{
    local p=pearp-$LAB_ID n
    ip -n "$p-provider" link add node type veth peer name eth0 netns "$p-node" address $NODE_MAC || return 1
    ip -n "$p-provider" link set node master br0 up
    printf '%s\n' "link set lo up" "link add vmbr0 type bridge stp_state 0 forward_delay 0" "link set vmbr0 up" "address add 10.10.10.1/24 dev vmbr0" | lab_in node || return 1
    for n in 1 2; do
        ip -n "$p-node" link add "tap$n" type veth peer name eth0 netns "$p-guest$n" address "$(guest_mac $n)" || return 1
        printf '%s\n' "link set tap$n master vmbr0 up" | lab_in node
        printf '%s\n' "link set lo up" "link set eth0 up" "address add 10.10.10.10$n/24 dev eth0" | lab_in "guest$n"
    done
    [ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || # or the rules of this machine judge bridged frames
        on node sysctl -q -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-arptables=0
    # What the machine's own network files say.
    printf '%s\n' "link set eth0 up" "address add $SHARED/24 brd + dev eth0" "route add default via $ROUTER" | lab_in node
    # What leaves with another MAC address than the machine's, in the frame or in ARP: a provider shuts the port for it.
    on provider nft -f - <<NFT
table netdev provider
delete table netdev provider
table netdev provider {
    counter foreign { }
    counter passed { }
    chain from_node {
        type filter hook ingress device "node" priority 0;
        counter name passed
        ether saddr != $NODE_MAC counter name foreign drop
        arp saddr ether != $NODE_MAC counter name foreign drop
    }
}
NFT
}

foreign() { on provider nft list counter netdev provider "${1:-foreign}" | awk '/packets/ { print $2 }'; }

node_up()
{
    local place
    LAB_DIR=$(mktemp -d "$LAB_TMP/pearpd-lab.XXXXXX") || return 1
    LAB_ID=${LAB_DIR##*.}
    for place in $NODE_PLACES; do
        ip netns add "pearp-$LAB_ID-$place" || return 1
    done
    mkdir -p "$LAB_DIR/etc" "$LAB_DIR/run"
    node_links | lab_in provider || return 1
    printf '%s\n' "link add br0 type bridge stp_state 0 forward_delay 0" "link set router master br0 up" "link set br0 up" | lab_in provider
    printf '%s\n' "link set lo up" "link set eth0 up" "address add $REMOTE/24 dev eth0" "route add default via 198.51.100.1" | lab_in remote
    printf '%s\n' "link set lo up" "link set eth0 up" "link set eth1 up" "address add 198.51.100.1/24 dev eth1" \
        "address add $ROUTER/24 dev eth0" | lab_in router
    on router sysctl -q -w net.ipv4.ip_forward=1
    node_machine
}

# As at the node's own shell; the folders are the lab's.
node() { on node env PEARPD_BUILD="$PEARPD_BUILD" PEARP_NODE_ETC="$LAB_DIR/etc" PEARP_NODE_RUN="$LAB_DIR/run" "$LAB_ROOT/src/node/pearp-node" "$@"; }
ctl_node() { "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/run/pearpd.sock" "$@"; }

# Everything that runs there ends, its links and /run are gone; the machine comes up again, and its unit is started.
node_reboot()
{
    local pids name
    pids=$(ip netns pids "$(lab_place node)")
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill -9 $pids 2>/dev/null
    for name in eth0 tap1 tap2; do # the namespace itself lasts as long as its last connection
        ip -n "$(lab_place node)" link del "$name" || return 1
    done
    ip netns del "$(lab_place node)"
    rm -rf "${LAB_RUN_FILES:?}/$(lab_place node)" "$LAB_DIR/run"
    ip netns add "$(lab_place node)"
    node_machine || return 1
    [ ! -e "$LAB_DIR/etc/pearp-node.enabled" ] || node up
}

# A guest of the operator's: pearpctl gives it ports, and it is set up as cloud-init would.
guest_begins()
{
    ctl_node guest add "guest$1" --ports "$2" --mac "$(guest_mac "$1")" --json >"$LAB_DIR/guest$1" &&
        guest_boots "$1"
}
guest_boots()
{
    /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["setup"]["cloud_init"])' <"$LAB_DIR/guest$1" |
        sed -n 's/^    //p' >"$LAB_DIR/boot$1" && on "guest$1" sh -e "$LAB_DIR/boot$1" >/dev/null
}
guest_first() { /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["first_port"])' <"$LAB_DIR/guest$1"; }

# What stands for ssh: one TCP connection, by which the remote host gets an answer to a line every 50 ms. LAB_DIR/session has the
# number of answers and the longest wait for one so far, in ms.
session_begins()
{
    start node sshd.log /usr/bin/python3 "$LAB_ROOT/tests/lib/session.py" serve $HOST_KEY
    wait_for 20 eval 'on node ss -Hltn "sport = :22" | grep -q :22'
    start remote session.log /usr/bin/python3 "$LAB_ROOT/tests/lib/session.py" hold $SHARED $HOST_KEY "$LAB_DIR/session"
    SESSION_PID=$LAB_PID
    wait_for 20 test -s "$LAB_DIR/session"
}
# It is the same connection, and answers now.
session_lives()
{
    local before
    kill -0 "$SESSION_PID" && before=$(cut -d' ' -f1 "$LAB_DIR/session") && wait_for 20 session_grew "$before"
}
session_grew() { [ "$(cut -d' ' -f1 "$LAB_DIR/session")" -gt "$1" ]; }
