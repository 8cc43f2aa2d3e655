#!/bin/bash
# What make promises besides building: install and uninstall below any root, help for each target, the systemd unit.
. "$(dirname "$0")/tap.sh"
cd "$(dirname "$0")/../.." || exit 1
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
build=${PEARPD_BUILD:-$PWD/build}

# What is built is taken as it is: a source that changes meanwhile would be built with other flags.
quiet_make() { make --no-print-directory -s -o all B="$build" CC="${CC:-gcc}" CHECK=1 DESTDIR="$root" prefix=/usr sysconfdir=/etc "$@"; }
has() { [ -s "$root/$1" ] || { ls -R "$root"; return 1; }; }

check "install" quiet_make install
for file in usr/sbin/pearpd usr/sbin/pearpctl usr/sbin/pearp-agent usr/sbin/pearp-node usr/share/man/man8/pearpd.8 \
    usr/share/man/man5/pearpd.conf.5 usr/share/man/man8/pearpctl.8 usr/share/man/man8/pearp-agent.8 \
    usr/share/man/man7/pearpd-stats.7 usr/share/man/man7/pe-arp.7 usr/share/doc/pearpd/edge-router.md \
    usr/lib/systemd/system/pearpd@.service usr/lib/systemd/system/pearp-agent@.service usr/share/doc/pearpd/migration.md \
    usr/share/bash-completion/completions/pearpctl usr/share/pearpd/wireshark/pearp.lua \
    usr/share/pearpd/prometheus/pearpd.rules.yml usr/share/pearpd/grafana/pearpd.json; do
    check "it put $file there" has "$file"
done
check "a sample configuration is there" has etc/pearpd/sample.conf
check "the unit starts what was installed" \
    grep -qx 'ExecStart=/usr/sbin/pearpd -c /etc/pearpd/%i.conf' "$root/usr/lib/systemd/system/pearpd@.service"
check "and so does the agent's" \
    grep -qx 'ExecStart=/usr/sbin/pearp-agent -c /etc/pearpd/agent-%i.conf' "$root/usr/lib/systemd/system/pearp-agent@.service"
check "a reload that is refused fails: the file is checked, then pearpctl asks" same \
    "ExecReload=/usr/sbin/pearpd -c /etc/pearpd/%i.conf -t ExecReload=/usr/sbin/pearpctl -n %i reload" \
    "$(grep ^ExecReload= "$root/usr/lib/systemd/system/pearpd@.service" | xargs)"
for unit in "$root"/usr/lib/systemd/system/*.service; do
    grep -q '^Type=oneshot$' "$unit" || check "$(basename "$unit") is started however often it ends, in a second at most" same \
        "StartLimitIntervalSec=0 RestartSec" "$(grep -oE '^(StartLimitIntervalSec=0|RestartSec(=[0-9]{1,3}ms|=1s?)$)' "$unit" | sed 's/^RestartSec=.*/RestartSec/' | xargs)"
    check "$(basename "$unit") does not make the start of the machine wait for a card" \
        not grep -q 'net-devices' "$unit"
done
for unit in pearp-agent@ pearp-agent-dhcp@; do # ReadWritePaths= takes nothing away from ProtectSystem=full
    check "$unit lets a DHCP client write /etc/resolv.conf" not grep -qE '^ProtectSystem=(full|strict)' \
        "$root/usr/lib/systemd/system/$unit.service"
done
check "pearpd -t accepts the sample" \
    "$root/usr/sbin/pearpd" -c "$root/etc/pearpd/sample.conf" -t
echo '# mine' >"$root/etc/pearpd/mine.conf"
check "uninstall" quiet_make uninstall
check "it left the configuration, and nothing else" \
    same "$root/etc/pearpd/mine.conf" "$(find "$root" ! -type d)"
check "pearp-node is a program of its own" bash -n src/node/pearp-node
check "another prefix is in the unit" quiet_make prefix=/opt/x sysconfdir=/opt/x/etc install
check "its ExecStart" grep -qx 'ExecStart=/opt/x/sbin/pearpd -c /opt/x/etc/pearpd/%i.conf' \
    "$root/opt/x/lib/systemd/system/pearpd@.service"

# exposure UNIT MOST: for check: what systemd says of the unit as installed.
exposure()
{
    local score
    score=$(systemd-analyze security --offline=yes --no-pager "$1" 2>/dev/null | sed -n 's/.*Overall exposure.*: \([0-9.]*\) .*/\1/p')
    echo "exposure: $score"
    awk -v score="$score" -v most="$2" 'BEGIN { exit !(score != "" && score <= most) }'
}
units=$root/opt/x/lib/systemd/system
if command -v systemd-analyze >/dev/null; then
    check "the bridge's unit is exposed by 1.7 at most" exposure "$units/pearpd@.service" 1.7
    check "the agent's by 3.5 at most" exposure "$units/pearp-agent@.service" 3.5
    check "the agent's with DHCP too" exposure "$units/pearp-agent-dhcp@.service" 3.5
else
    skip "how exposed the units are" "systemd-analyze is not installed"
fi
if command -v systemd-sysusers >/dev/null; then
    mkdir -p "$root/etc"
    check "the user of the bridge is made" systemd-sysusers --root="$root" "$PWD/systemd/pearpd.sysusers"
    check "with a group, and without a shell" grep -q '^pearpd:.*:/var/lib/pearpd:/usr/sbin/nologin$' "$root/etc/passwd"
else
    skip "the user of the bridge" "systemd-sysusers is not installed"
fi
check "the bridge runs as that user" grep -qx 'User=pearpd' "$units/pearpd@.service"
for unit in pearpd@ pearp-agent@ pearp-agent-dhcp@; do
    check "$unit has a watchdog" grep -qE '^WatchdogSec=[0-9]+s$' "$units/$unit.service"
done

for target in all check check-all demo demo-edge demo-dhcp demo-node lint bench bench-engine fuzz install uninstall deps deb fresh vm; do
    check "make help names $target" grep -q "^make $target " <(make -s help)
done
done_testing
