# vm.sh: what the stories in the machine of scripts/vm share: its cards, its units, the router behind eth0. Sourced by: tests/vm.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
[ "$(cat /etc/hostname)" = pearpd-vm ] || { echo "1..0 # SKIP only in the machine of make vm"; exit 0; }
cd "$LAB_ROOT" || exit 1

# card eth1 off|on: takes the card out of the machine, and back.
card()
{
    case $2 in
    off)
        basename "$(readlink -f "/sys/class/net/$1/device")" >"/run/card-$1"
        cat "/run/card-$1" >/sys/bus/virtio/drivers/virtio_net/unbind
        ;;
    on) cat "/run/card-$1" >/sys/bus/virtio/drivers/virtio_net/bind ;;
    esac
}

# The machine is bridge and host at once: only the host answers for its addresses.
one_host() { sysctl -q -w net.ipv4.conf.eth0.arp_ignore=8 net.ipv4.conf.eth1.arp_ignore=8; }

# vm_conf LEARN [LINE...]: of pearpd@rack1.
vm_conf()
{
    local learn=$1
    shift
    cat >/etc/pearpd/rack1.conf <<CONF
[bridge]
upstream   = eth0
downstream = eth1
mac        = auto
[address $SHARED]
ports      = 2000-63999
learn      = $learn
[control]
socket     = /run/pearpd/rack1.sock
CONF
    [ $# -eq 0 ] || printf '%s\n' "$@" >>/etc/pearpd/rack1.conf
    chgrp pearpd /etc/pearpd/rack1.conf
    chmod 640 /etc/pearpd/rack1.conf
}

is_active() { systemctl is-active -q "$1"; }
# said UNIT TEXT: in its journal. On failure: what it said, and the table.
said() { journalctl -q -b -o cat -u "$1" | grep -q "$2"; }
table_has() { pearpctl -n rack1 table | grep -q "$1"; }
# claimed RANGE: a host claimed it.
claimed() { table_has ":$1 .*C"; }
talks() { talk ask tcp $ROUTER 7000 -t 5 | grep -q '^router'; }
reaches() { wait_for 60 talks; }
# What a failed check is read with.
vm_tell()
{
    [ "$TAP_FAILED" -gt 0 ] || return 0
    {
        pearpctl -n rack1 table
        ip -br address
        ip route show table all
        for name in "$@"; do journalctl -q -b -o short-monotonic -n 60 -u "$name"; done
    } 2>&1 | sed 's/^/#   /'
}
