#!/bin/bash
# The packages on a whole Debian 12: pearpd@ with cards that come late and cards that are down, reloads that are taken and refused,
# killed ten times, restarted, upgraded; pearp-agent@ with and without its card. eth0 goes to a router, eth1 and eth2 to one switch.
# Installs into / : runs in the machine of scripts/vm only. test_reboot.sh goes on after a reboot.
. "$(dirname "$0")/../lib/vm.sh"
unit=pearpd@rack1 agent=pearp-agent@eth2

check "the packages are installed" dpkg -i build/deb/before/*.deb || bail "not installed"
vm_conf pe-arp,traffic
cat >/etc/pearpd/agent-eth2.conf <<CONF
[agent]
interface = eth2
gateway   = $ROUTER
[range $SHARED:2000-2999]
CONF
one_host
# The host's card is set up by the machine's network; the bridge's are nobody's but pearpd's.
sed 's/^Name=.*/Name=eth2/' etc/network/host.network >/etc/systemd/network/eth2.network
systemctl daemon-reload
systemctl enable -q --now systemd-networkd

main_pid() { systemctl show -P MainPID "$unit"; }

# Late cards.
card eth0 off
card eth1 off
check "starts without its cards, though its MAC is to come of one" timeout 60 systemctl start $unit
check "and says what it waits for" wait_for 60 said $unit 'waiting for eth0'
card eth0 on # in this order: each gets the first name that is free
check "takes the one that comes, and sets it up" wait_for 60 said $unit 'port-up .*eth0'
card eth1 on
check "the other one too" wait_for 60 said $unit 'port-up .*eth1'
check "each is what it was" same "52:54:00:00:00:01 52:54:00:00:00:02" "$(cat /sys/class/net/eth0/address /sys/class/net/eth1/address | xargs)"
check "it is still the same process" same 0 "$(systemctl show -P NRestarts $unit)"

# The agent.
card eth2 off
check "an agent whose card is missing is ready" timeout 60 systemctl start $agent
check "and says that it waits" wait_for 60 said $agent 'waiting for eth2'
card eth2 on
check "it claims when the card is there" wait_for 120 claimed 2000-2999
check "the host talks to the router" reaches

# Reload.
check "a reload" systemctl reload $unit
sed -i 's/^ports .*/ports = 2000-100/' /etc/pearpd/rack1.conf
check "a file with a fault: systemctl says that the reload failed" not systemctl reload $unit
check "the journal names the line" wait_for 60 said $unit 'rack1.conf:6: '
check "it runs on" is_active $unit
sed -i 's/^ports .*/ports = 2000-63999/; $a[limits]\nring-slots = 8192' /etc/pearpd/rack1.conf
check "a change that needs a restart: the reload failed" not systemctl reload $unit
sed -i '/^\[limits\]/,$d' /etc/pearpd/rack1.conf
check "the old file again" systemctl reload $unit
check "nothing was lost" claimed 2000-2999

# Stopped.
down() { ip -o link show "$1" | grep -qv '[<,]UP[,>]'; }
systemctl stop $unit
check "stopped: its cards are down, as they were" down eth0
check "the other one too" down eth1
check "started: it sets them up" timeout 60 systemctl start $unit
check "the host talks" reaches

# Killed.
for n in $(seq 1 10); do
    before=$(main_pid)
    kill -9 "$before"
    is_new() { [ "$(main_pid)" != "$before" ] && [ "$(main_pid)" != 0 ] && pearpctl -n rack1 version; }
    wait_for 60 is_new || break
done
check "killed ten times in a row: it runs" same "10 10" "$n $(systemctl show -P NRestarts $unit)"
check "the host talks" reaches
sed -i 's/^ports .*/ports = 2000-100/' /etc/pearpd/rack1.conf
kill -9 "$(main_pid)"
sleep 5
sed -i 's/^ports .*/ports = 2000-63999/' /etc/pearpd/rack1.conf
is_back() { is_active $unit && pearpctl -n rack1 version; }
check "a faulty file at a start, then a good one: it runs again by itself" wait_for 60 is_back
check "the host talks" reaches
check "a restart" timeout 60 systemctl restart $unit
check "the host talks" reaches

# The daemon, as the unit has it.
status_of() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(main_pid)/status"; }
check "it runs as a user of its own" same "$(id -u pearpd)" "$(status_of Uid)"
check "without CAP_NET_RAW" same 0 $((0x$(status_of CapEff) & 0x2000))
check "in its sandbox" not said $unit 'system calls are not limited'
check "the fast path outlives it" not said $unit 'no BPF file system'
alive_at() { systemctl show -P WatchdogTimestampMonotonic "$1"; }
for name in $unit $agent; do
    since=$(alive_at $name)
    is_alive() { [ "$(alive_at $name)" -gt "$since" ]; }
    check "$name says that it is alive" wait_for 90 is_alive
done

# An upgrade. The kernel goes on with what is established.
figure() { pearpctl -n rack1 stats --json | talk figure "$1"; }
carries() { [ "$(figure fast_path/active)" = True ] && [ "$(figure fast_path/bindings)" -ge 1 ]; }
# answered SECONDS: datagrams to the router, ten a second: each is answered.
answered()
{
    /usr/bin/python3 - $ROUTER 7000 "$1" <<'PYTHON'
import select, socket, sys, time
address, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect((address, port))
sent = seen = 0
end = time.monotonic() + seconds
while time.monotonic() < end or (seen < sent and time.monotonic() < end + 20):
    if time.monotonic() < end:
        one.send(b"who\n")
        sent += 1
    pause = time.monotonic() + 0.1
    while select.select([one], [], [], max(pause - time.monotonic(), 0))[0]:
        one.recv(2000)
        seen += 1
print("sent %d, answered %d" % (sent, seen))
sys.exit(sent != seen)
PYTHON
}
version() { pearpctl -n rack1 version; }
if wait_for 60 carries; then
    pids="$(main_pid)"
    over=$(mktemp)
    answered 30 >"$over" 2>&1 &
    stream=$!
    sleep 3
    check "an upgrade of the bridge" timeout 120 dpkg -i build/deb/after/pearpd_*.deb
    is_new() { [ "$(main_pid)" != "$pids" ] && version; }
    check "it was restarted" wait_for 60 is_new
    check "by SIGUSR1" said $unit 'stopping for a restart'
    check "it took over what the kernel forwarded" said $unit 'were forwarded while pearpd was down'
    wait $stream
    status=$?
    check "no frame of an established flow was lost: $(tail -n 1 "$over")" same 0 $status
else
    skip "the flow over an upgrade" "no fast path: $(figure fast_path/why_not)"
    check "an upgrade of the bridge" timeout 120 dpkg -i build/deb/after/pearpd_*.deb
fi
check "it is the new version" wait_for 60 grep -q '+after' <(version)
check "an upgrade of the agent" timeout 120 dpkg -i build/deb/after/pearp-agent_*.deb
check "the agent runs" is_active $agent
check "the host talks" reaches

# Memory, with transparent huge pages as Debian has them.
# The fast path's maps are not counted: pearpctl stats has them.
pss()
{
    awk '/^[0-9a-f]+-[0-9a-f]+ / { name = $6 } /^Pss:/ && name !~ /bpf-map/ { sum += $2 } END { print sum }' \
        "/proc/$(main_pid)/smaps"
}
for pages in madvise always; do
    echo $pages >/sys/kernel/mm/transparent_hugepage/enabled
    systemctl restart $unit
    wait_for 60 is_back
    reaches
    echo "# memory with transparent huge pages at $pages: $(pss) KiB"
    check "memory is within 24 MiB" test "$(pss)" -le 24576
done

# exposure UNIT MOST: for check.
exposure()
{
    local score
    score=$(systemd-analyze security --no-pager "$1" | sed -n 's/.*Overall exposure.*: \([0-9.]*\) .*/\1/p')
    echo "exposure of $1: $score"
    awk -v score="$score" -v most="$2" 'BEGIN { exit !(score != "" && score <= most) }'
}
check "the bridge is exposed by 1.7 at most" exposure $unit 1.7
for name in $agent pearp-agent-dhcp@eth2; do
    check "$name is exposed by 3.5 at most" exposure $name 3.5
done

# From the next start on systemd-networkd has the cards.
cp etc/network/box-ports.network /etc/systemd/network/10-pearpd-ports.network
systemctl enable -q $unit $agent pearp-agent@eth9
printf '%s\n' '[agent]' 'interface = eth9' "[range $SHARED:4000-4999]" >/etc/pearpd/agent-eth9.conf
sync
vm_tell $unit $agent
done_testing
