#!/bin/bash
# The samples of etc/network, as far as a tool that reads them is there. systemd-networkd reads its own in make vm.
. "$(dirname "$0")/tap.sh"
cd "$(dirname "$0")/../.." || exit 1
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT

# generated NAME: what netplan makes of that sample.
generated()
{
    rm -rf "${root:?}"/*
    mkdir -p "$root/etc/netplan"
    install -m 600 "etc/network/netplan-$1.yaml" "$root/etc/netplan/60-pearp.yaml"
    netplan generate --root-dir "$root"
}
setting() { grep -qx "$2" "$root/run/systemd/network/10-netplan-$1.network"; }
if command -v netplan >/dev/null; then
    check "netplan takes the sample of the bridge's machine" generated box
    for card in eth0 eth1; do
        check "$card gets no address" setting $card LinkLocalAddressing=no
        check "$card holds nothing up" setting $card RequiredForOnline=no
    done
    check "eth2 gets one" setting eth2 Address=203.0.113.10/24
    check "netplan takes the sample of a host" generated host
    check "eth0 gets none of IPv4" setting eth0 LinkLocalAddressing=ipv6
else
    skip "the samples for netplan" "netplan is not installed"
fi
for file in etc/network/*; do
    check "$(basename "$file") says where it belongs" grep -q '^# .*/etc/' "$file"
done
if command -v NetworkManager >/dev/null; then
    mkdir -p "$root/conf.d" && cp etc/network/networkmanager-pearpd.conf "$root/conf.d/pearpd.conf"
    check "NetworkManager takes its sample" grep -q 'unmanaged-devices=interface-name:eth0;interface-name:eth1' \
        <(NetworkManager --config=/dev/null --config-dir="$root/conf.d" --print-config 2>&1)
else
    skip "the sample for NetworkManager" "it is not installed"
fi
done_testing
