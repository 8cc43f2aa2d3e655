#!/bin/bash
# The Debian packages: built from the tree, clean to lintian, with what each is to have. They are installed, upgraded and purged in
# `make fresh` and `make vm`.
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 1
for program in dpkg-buildpackage dh lintian clang; do
    command -v $program >/dev/null || { echo "1..0 # SKIP $program is not installed"; exit 0; }
done
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
bridge=$out/pearpd_9.8.7_*.deb agent=$out/pearp-agent_9.8.7_*.deb

check "the packages are built" scripts/deb -v 9.8.7 -o "$out" || bail "none"
check "two of them" same "pearp-agent pearpd" "$(for file in "$out"/*.deb; do dpkg-deb -f "$file" Package; done | xargs)"
clean() { lintian --allow-root --fail-on error,warning --display-info "$@"; }
check "lintian has nothing to say" clean $bridge $agent

# holds PACKAGE FILE
holds() { dpkg-deb -c "$1" | awk '{ print $6 }' | grep -qx "\./$2"; }
for file in usr/sbin/pearpd usr/sbin/pearpctl lib/systemd/system/pearpd@.service lib/systemd/system/system-pearpd.slice \
    usr/lib/sysusers.d/pearpd.conf usr/lib/tmpfiles.d/pearpd.conf usr/share/man/man8/pearpd.8.gz usr/share/man/man8/pearpctl.8.gz \
    usr/share/bash-completion/completions/pearpd usr/share/bash-completion/completions/pearpctl etc/pearpd/sample.conf \
    usr/share/pearpd/wireshark/pearp.lua usr/share/doc/pearpd/examples/box-ports.network; do
    check "pearpd has $file" holds $bridge $file
done
for file in usr/sbin/pearp-agent lib/systemd/system/pearp-agent@.service lib/systemd/system/pearp-agent-dhcp@.service \
    usr/share/man/man8/pearp-agent.8.gz usr/share/bash-completion/completions/pearp-agent usr/share/pearpd/dhcp/pearp-dhcp-hook \
    etc/pearpd/agent.conf.sample; do
    check "pearp-agent has $file" holds $agent $file
done
conffiles() { dpkg-deb -I "$1" conffiles | xargs; }
check "the bridge's sample is a conffile" same /etc/pearpd/sample.conf "$(conffiles $bridge)"
check "the agent's too" same /etc/pearpd/agent.conf.sample "$(conffiles $agent)"
dpkg-deb -x $bridge "$out/bridge"
check "pearpd tells the package's version" same "pearpd 9.8.7" "$("$out/bridge/usr/sbin/pearpd" -V)"
check "with a fast path" grep -q fast_ingress "$out/bridge/usr/sbin/pearpd"
exposure() { systemd-analyze security --offline=yes --no-pager "$1" 2>/dev/null | sed -n 's/.*Overall exposure.*: \([0-9.]*\) .*/\1/p'; }
if command -v systemd-analyze >/dev/null; then
    check "its unit is exposed by 1.7 at most" awk -v score="$(exposure "$out/bridge/lib/systemd/system/pearpd@.service")" \
        'BEGIN { print score; exit !(score != "" && score <= 1.7) }'
else
    skip "how exposed its unit is" "systemd-analyze is not installed"
fi
for package in $bridge $agent; do
    mkdir -p "$out/control" && dpkg-deb -e $package "$out/control"
    for script in postinst prerm postrm; do
        check "$(dpkg-deb -f $package Package): $script is a shell script" sh -n "$out/control/$script"
    done
done
done_testing
