# tunnels.sh: the kernel's tunnels between the neighbour and the router of a lab. Sourced after lab.sh.
# shellcheck shell=bash

# For `while read -r text type options`.
TUNNELS='VXLAN vxlan id 7 dstport 4789 noudpcsum
VXLAN-with-checksums vxlan id 8 dstport 4790 udpcsum
Geneve geneve id 9 dstport 6081
GRE gre
GRE-with-checksums gre key 5 csum
IPIP ipip
6in4 sit'

# tunnel NUMBER TYPE [OPTION...]: its two ends, each with an address. Exit status 1: the kernel has no such tunnels.
tunnel()
{
    local number=$1 type=$2 ends="local $ROUTER remote $NEIGHBOUR"
    shift 2
    [ "$type" != geneve ] || ends="remote $NEIGHBOUR"
    # shellcheck disable=SC2086
    on router ip link add "t$number" type "$type" $ends "$@" 2>/dev/null || return 1
    ends="local $NEIGHBOUR remote $ROUTER"
    [ "$type" != geneve ] || ends="remote $ROUTER"
    # shellcheck disable=SC2086
    on neighbour ip link add "t$number" type "$type" $ends "$@" || return 1
    on router ip address add "10.9.$number.1/24" dev "t$number" && on neighbour ip address add "10.9.$number.2/24" dev "t$number" &&
        on router ip -6 address add "fd00:$number::1/64" dev "t$number" nodad && on router ip link set "t$number" up &&
        on neighbour ip -6 address add "fd00:$number::2/64" dev "t$number" nodad && on neighbour ip link set "t$number" up
}
answers() { on neighbour ping -q -c 1 -W 1 "$1"; }
