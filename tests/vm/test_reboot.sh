#!/bin/bash
# After a reboot, with the units that test_systemd.sh enabled: all is there without a hand, and a card that will never come holds
# nothing up. Runs in the machine of scripts/vm only.
. "$(dirname "$0")/../lib/lab.sh"
[ "$(cat /etc/hostname)" = pearpd-vm ] || { echo "1..0 # SKIP only in the machine of make vm"; exit 0; }

sysctl -q -w net.ipv4.conf.eth0.arp_ignore=8 net.ipv4.conf.eth1.arp_ignore=8
is_active() { systemctl is-active -q "$1"; }
said() { journalctl -q -b -u "$1" | grep -q "$2"; }
bound() { pearpctl -n rack1 table | grep -q '2000-2999 .*C'; }
talks() { talk ask tcp $ROUTER 7000 -t 5 | grep -q '^router'; }

check "multi-user.target is reached" wait_for 300 is_active multi-user.target
check "pearpd runs" wait_for 60 is_active pearpd@rack1
check "the agent's range is in the table" wait_for 120 bound
check "the host talks to the router" wait_for 60 talks
check "an agent whose card never comes runs" is_active pearp-agent@eth9
check "and says so" wait_for 60 said pearp-agent@eth9 'waiting for eth9'
done_testing
