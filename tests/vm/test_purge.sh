#!/bin/bash
# The packages are removed and purged from a machine that uses them: what they made is gone, what the operator wrote is there.
# After test_reboot.sh. Runs in the machine of scripts/vm only.
. "$(dirname "$0")/../lib/vm.sh"
gone() { ! compgen -G "$1" || { ls -ld $1; return 1; }; }
programs() { tc filter show dev eth0 ingress; tc filter show dev eth1 ingress; }

check "the state is there" test -s /var/lib/pearpd/rack1.state
# Killed, and not started again: what it left in the kernel is removed, too.
kill -9 "$(systemctl show -P MainPID pearpd@rack1)"
check "the bridge is removed" timeout 120 dpkg --remove pearpd
check "it has ended" not is_active pearpd@rack1
check "nothing is attached to its cards" same "" "$(programs)"
check "nothing is pinned" gone '/sys/fs/bpf/pearpd*'
check "no device is left" same "" "$(ip -o link show | grep pearpd-)"
check "its state is there still" test -s /var/lib/pearpd/rack1.state
check "its sample is, too" test -s /etc/pearpd/sample.conf
check "the bridge is purged" timeout 120 dpkg --purge pearpd
check "its state is gone" gone '/var/lib/pearpd*'
check "its sample is gone" gone /etc/pearpd/sample.conf
check "no unit is enabled any more" gone '/etc/systemd/system/*.wants/pearpd@*'
check "the operator's file is there" test -s /etc/pearpd/rack1.conf
check "the agent is purged" timeout 120 dpkg --purge pearp-agent
check "it has ended" not is_active pearp-agent@eth2
check "the host has no shared address any more" not grep -q "$SHARED/" <(ip -o address)
check "what it noted is gone" gone '/run/pearp-agent*'
check "no unit of it is enabled any more" gone '/etc/systemd/system/*.wants/pearp-agent*'
done_testing
