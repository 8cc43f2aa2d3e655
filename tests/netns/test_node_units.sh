#!/bin/bash
# pearp-node under systemd, with systemd-networkd and with ifupdown: which units it starts, and which files it writes beside those of the
# network manager. systemctl, systemd-run, networkctl and ifquery are stand-ins that note what they are told, and start the programs.
# takes: 10 s
. "$(dirname "$0")/../lib/lab.sh"
. "$LAB_ROOT/tests/lib/node.sh"
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
lab_guard
node_up || bail "the lab does not stand"
mkdir -p "$LAB_DIR/bin" "$LAB_DIR/networkd" "$LAB_DIR/if-up.d" "$LAB_DIR/slash-run/systemd/system" "$LAB_DIR/slash-run/pearp-node"
install -m 755 "$LAB_ROOT/src/node/pearp-node" "$LAB_DIR/bin"
for program in pearpd pearp-agent; do ln -s "$PEARPD_BUILD/$program" "$LAB_DIR/bin"; done

stand_in() { rm -f "$LAB_DIR/bin/$1" && cat >"$LAB_DIR/bin/$1" && chmod 755 "$LAB_DIR/bin/$1"; }
stand_in systemctl <<END
#!/bin/bash
echo "systemctl \$*" >>$LAB_DIR/told
case \$* in
"start pearpd@node.service") [ -e $LAB_DIR/pearpd.pid ] || { $LAB_DIR/bin/pearpd -c $LAB_DIR/etc/node.conf >>$LAB_DIR/pearpd.log 2>&1 </dev/null 9>&- & echo \$! >$LAB_DIR/pearpd.pid; } ;;
"start pearp-agent@pn-host.service") [ -e $LAB_DIR/agent.pid ] || { $LAB_DIR/bin/pearp-agent -c $LAB_DIR/etc/agent-pn-host.conf >>$LAB_DIR/agent.log 2>&1 </dev/null 9>&- & echo \$! >$LAB_DIR/agent.pid; } ;;
"stop pearpd@node.service") name=pearpd ;;&
"stop pearp-agent@pn-host.service") name=agent ;;&
stop*@*) pid=\$(cat $LAB_DIR/\$name.pid 2>/dev/null) && kill \$pid && while [ -e /proc/\$pid/exe ]; do sleep 0.05; done; rm -f $LAB_DIR/\$name.pid ;;
*"is-active systemd-networkd"*) [ -e $LAB_DIR/has_networkd ] ;;
*"is-active NetworkManager"*) exit 3 ;;
"is-active pearp"*) echo active ;;
esac
END
stand_in systemd-run <<END
#!/bin/bash
echo "systemd-run \$*" >>$LAB_DIR/told
END
stand_in networkctl <<END
#!/bin/bash
echo "networkctl \$*" >>$LAB_DIR/told
[ "\$1" != status ] || echo "   Network File: /etc/systemd/network/eth0.network"
END
stand_in ifquery <<END
#!/bin/bash
[ ! -e $LAB_DIR/has_networkd ]
END
# The node's /run/systemd and /run/pearp-node are the lab's; where the machine has none, it has none afterwards.
empty=''
for folder in /run/systemd /run/pearp-node; do [ -d $folder ] || empty="$empty $folder"; done
# shellcheck disable=SC2086
trap 'status=$?; [ -z "$empty" ] || rmdir $empty 2>/dev/null; lab_guard_exit $status' EXIT
node()
{
    on node unshare --mount bash -c '
        mkdir -p /run/systemd /run/pearp-node
        mount --bind "$1/slash-run/systemd" /run/systemd && mount --bind "$1/slash-run/pearp-node" /run/pearp-node || exit 9
        export PATH=$1/bin:$PATH PEARP_NODE_ETC=$1/etc PEARP_NODE_NETWORKD=$1/networkd PEARP_NODE_IFUP=$1/if-up.d
        unset PEARPD_BUILD PEARP_NODE_RUN
        exec "$1/bin/pearp-node" "${@:2}"' - "$LAB_DIR" "$@"
}
told() { grep -qxF -- "$1" "$LAB_DIR/told"; }
told_not() { ! told "$1"; }
files() { (cd "$LAB_DIR" && find networkd if-up.d -type f | sort | xargs); }

# The configuration is there already, with a socket of the lab's.
settings()
{
    cat >"$LAB_DIR/etc/node.conf" <<END
[bridge]
upstream = eth0
downstream = pn-down
mac = $NODE_MAC
upstream-macs = bridge
[control]
socket = $LAB_DIR/run/pearpd.sock
[state]
file = none
[address $SHARED]
ports = 2000-65535
gateway = $ROUTER
[range $SHARED:1-1999]
mac = 02:70:6e:4e:0d:e1
END
}
stand_in pearpctl <<END
#!/bin/bash
[ "\$1" != -n ] || shift 2
exec $PEARPD_BUILD/pearpctl -s $LAB_DIR/run/pearpd.sock "\$@"
END

settings
session_begins || bail "no session"
touch "$LAB_DIR/has_networkd"
on node ip -6 address add 2001:db8::2/64 dev eth0 nodad
on node ip -6 route add default via 2001:db8::1 dev eth0 proto static
check "converted under systemd" node convert --bridge vmbr0 --try 100
check "its configuration stays as it is" grep -q '^socket' "$LAB_DIR/etc/node.conf"
check "systemd has a timer for the trial" eval 'grep -q "^systemd-run .*--unit=pearp-node-try --on-active=100 .*/pearp-node undo$" "$LAB_DIR/told"'
check "nothing outlives a reboot yet" eval '[ -z "$(files)" ] && told_not "systemctl -q enable pearp-node.service"'
check "the session goes on" session_lives
check "confirmed" node confirm
check "the timer is stopped" told "systemctl -q stop pearp-node-try.timer"
check "the unit comes up at boot" told "systemctl -q enable pearp-node.service"
check "systemd-networkd: two files before its own" same "networkd/00-pearp-node-links.network networkd/00-pearp-node.network" "$(files)"
check "with IPv6 as it was, and no IPv4 address" same "Name=eth0 LinkLocalAddressing=ipv6 IPv6AcceptRA=no Address=2001:db8::2/64 Gateway=2001:db8::1" \
    "$(grep = "$LAB_DIR/networkd/00-pearp-node.network" | xargs)"
check "our links are none of its" grep -q '^Unmanaged=yes' "$LAB_DIR/networkd/00-pearp-node-links.network"
check "it reads them" told "networkctl reload"
check "status" eval 'node status | grep -q "^pearp-agent   active"'
check "undone" node undo
check "its files are gone, and the unit is disabled" eval '[ -z "$(files)" ] && told "systemctl -q disable pearp-node.service"'
check "the session goes on" session_lives

rm "$LAB_DIR/has_networkd"
check "ifupdown: converted at once" node convert --bridge vmbr0 --try 0
check "ifupdown: a hook" same "if-up.d/pearp-node" "$(files)"
on node ip address add $SHARED/24 dev eth0
check "after an ifup the address is taken away again: what the hook runs" node up
check "it is gone" eval '! on node ip -o -4 address show dev eth0 | grep -q $SHARED'
check "the hook is for eth0 alone" env IFACE=eth1 sh "$LAB_DIR/if-up.d/pearp-node"
check "stop of the unit: the address is back" eval 'node down && on node ip -o -4 address show dev eth0 | grep -q $SHARED'
check "start of the unit" node up
check "the session goes on" session_lives
check "undone" node undo
check "the hook is gone" same "" "$(files)"
on node ip address change $SHARED/24 dev eth0 valid_lft 1000 preferred_lft 1000
check "an address by DHCP, without systemd-networkd: refused" eval '! node convert --bridge vmbr0 --try 0 2>"$LAB_DIR/dhcp" && grep -q "by DHCP: make it static" "$LAB_DIR/dhcp"'
check "the provider dropped nothing" same 0 "$(foreign)"
done_testing
