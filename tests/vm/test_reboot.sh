#!/bin/bash
# After a reboot, with the units that test_systemd.sh enabled: all is there without a hand, and a card that will never come holds
# nothing up. Runs in the machine of scripts/vm only.
. "$(dirname "$0")/../lib/vm.sh"

one_host
check "multi-user.target is reached" wait_for 300 is_active multi-user.target
check "pearpd runs" wait_for 60 is_active pearpd@rack1
check "the agent's range is in the table" wait_for 120 claimed 2000-2999
check "the host talks to the router" wait_for 60 talks
check "an agent whose card never comes runs" is_active pearp-agent@eth9
check "and says so" wait_for 60 said pearp-agent@eth9 'waiting for eth9'
network_of() { networkctl status --no-pager "$1" 2>/dev/null | sed -n 's/.*Network File: //p'; }
for card in eth0 eth1; do
    check "systemd-networkd takes the sample for $card" same /etc/systemd/network/10-pearpd-ports.network "$(network_of $card)"
    check "which leaves $card without addresses" same "" "$(ip -o address show dev $card)"
done
vm_tell pearpd@rack1 pearp-agent@eth2 pearp-agent@eth9
done_testing
