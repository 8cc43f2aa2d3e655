#!/bin/bash
# Hosts with nothing but a stock DHCP client: one command each, and they have one address, ports of their own, and work.
# host1 and host2: `pearp-agent --dhcp` runs BusyBox udhcpc and ISC dhclient. host3: a udhcpc of its own with the hook
# as its script. host4: a dhclient with its stock script, and the fragment for it. A host that leaves frees its ports.
# takes: 35 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=4 LAB_MODE=bare LAB_LEARN=pe-arp
STATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-state.XXXXXX") || exit 1
LAB_CONF="[dhcp]
serve = all
psid = 0/6
router = $ROUTER
dns = 198.51.100.53, 198.51.100.54
mtu = 1400
lease = 30
[state]
file = $STATE_DIR/lab.state"
for program in udhcpc dhclient; do
    command -v $program >/dev/null || { echo "1..0 # SKIP needs $program"; exit 0; }
done
lab_test
trap 'status=$?; (lab_guard_exit $status); status=$?; rm -rf "$STATE_DIR"; exit $status' EXIT
HOOKS=$PEARPD_BUILD/dhcp
export PEARP_AGENT=$PEARPD_BUILD/pearp-agent

bindings() { ctl table --json | /usr/bin/python3 -c 'import json, sys
for row in json.load(sys.stdin):
    if row["origin"] == "dhcp":
        print(row["mac"], row["first_port"], row["last_port"], row["state"])'; }
bound_by_dhcp() { bindings | grep -q "^$(host_mac "$1") .* reachable$"; }
first_of() { bindings | awk -v mac="$(host_mac "$1")" '$1 == mac { print $2 }'; }
free_again() { ! bindings | grep -q "^$(host_mac "$1")"; }
said() { grep -q "$2" "$LAB_DIR/$1.log"; }
# What the agent sets: addresses, routes, sysctls, rules, files.
settings()
{
    on "$1" sh -c 'ip -4 address show; ip -4 route show table all; ip link show eth0 | grep -oE "[<,]UP[,>]|mtu [0-9]*"
        sysctl net.ipv4.ip_local_port_range net.ipv4.conf.eth0.arp_ignore net.ipv4.conf.eth0.arp_announce; nft list tables'
}
as_found() { settings "host$1" | diff "$LAB_DIR/before$1" -; }
# reaches N FIRST
reaches()
{
    local protocol said port
    for protocol in tcp udp; do
        said=$(talk_on "host$1" ask "$protocol" $REMOTE 7000)
        echo "$said"
        port=${said##*:}
        [ "$port" -ge "$2" ] && [ "$port" -lt $(($2 + 1024)) ] || return 1
    done
    on "host$1" ping -q -c 2 -i 0.1 -W 10 $REMOTE
}
no_agent() { [ ! -e "$LAB_RUN_FILES/pearp-$LAB_ID-host$1" ]; }

for n in $(hosts); do
    # Hosts 1 and 2 are left down: their agents find them so. A client of its own leaves the interface up at its end.
    [ "$n" -le 2 ] || on "host$n" ip link set eth0 up
    settings "host$n" >"$LAB_DIR/before$n"
done
serve remote remote 7000 || bail "no server"
# A resolv.conf of its own: ip-netns(8) gave the process mounts of its own. The others have none, and leave the machine's.
echo "nameserver 192.0.2.1" >"$LAB_DIR/resolv"
cp /etc/resolv.conf "$LAB_DIR/machine"
start host1 one.log sh -c "mount --bind '$LAB_DIR/resolv' /etc/resolv.conf && exec '$PEARP_AGENT' -i eth0 --dhcp --client udhcpc -v"
ONE=$LAB_PID
# host2's hook takes 5 seconds to put the MTU back, as on a busy machine.
mkdir "$LAB_DIR/late" && cp "$PEARP_AGENT" "$LAB_DIR/late/" && cp -r "$HOOKS" "$LAB_DIR/late/dhcp"
sed -i 's|^ *\[ ! -e "$saved.mtu" \] .. ip link set|    [ ! -e "$saved.mtu" ] \|\| sleep 5\n&|' "$LAB_DIR/late/dhcp/pearp-dhcp-hook"
grep -q 'sleep 5' "$LAB_DIR/late/dhcp/pearp-dhcp-hook" || bail "the hook does not put the MTU back as this test believes"
start host2 two.log "$LAB_DIR/late/pearp-agent" -i eth0 --dhcp --client dhclient -v
TWO=$LAB_PID
start host3 three.log udhcpc -f -R -i eth0 -O 159 -s "$HOOKS/pearp-dhcp-hook"
THREE=$LAB_PID
mkdir "$LAB_DIR/dhcp" "$LAB_DIR/dhcp/dhclient-enter-hooks.d"
sed "s|/usr/share/pearpd/dhcp/|$HOOKS/|" "$HOOKS/dhclient-enter-hook" >"$LAB_DIR/dhcp/dhclient-enter-hooks.d/pearp-agent"
printf '%s\n' 'option v4-portparams code 159 = string;' 'also request v4-portparams;' >"$LAB_DIR/dhcp/dhclient.conf"
start host4 four.log sh -c "mount --bind '$LAB_DIR/dhcp' /etc/dhcp && touch '$LAB_DIR/leases' &&
    exec dhclient -4 -d -e PEARP_AGENT='$PEARP_AGENT' -lf '$LAB_DIR/leases' -pf '$LAB_DIR/pid' eth0"
FOUR=$LAB_PID

for n in $(hosts); do
    check "host$n has a lease, and the table says dhcp" wait_for 20 bound_by_dhcp "$n"
    check "host$n has the shared address where nobody asks for it" \
        wait_for 20 on "host$n" sh -c "ip -4 -o address show dev lo | grep -q ' $SHARED/32' && ! ip -4 -o address show dev eth0 | grep -q inet"
    FIRST[n]=$(first_of "$n")
    serve "host$n" "host$n" $((FIRST[n] + 80)) || bail "no server"
done
check "all have ports of their own" same 4 "$(printf '%s\n' "${FIRST[@]}" | sort -u | grep -c .)"
for n in $(hosts); do
    check "host$n reaches the remote from its own ports, TCP, UDP and ping" reaches "$n" "${FIRST[n]}"
    for p in tcp udp; do
        check "host$n is reached from the remote over $p" \
            same "host$n" "$(talk_on remote ask $p $SHARED $((FIRST[n] + 80)) | cut -d' ' -f1)"
    done
done
asks_leased() { [ "$(sed -n 's/^nameserver //p' "$LAB_DIR/resolv" | xargs)" = "198.51.100.53 198.51.100.54" ]; }
check "host1 asks the lease's DNS servers" wait_for 20 asks_leased
check "and sends no more than its MTU" wait_for 20 on host1 grep -q 1400 /sys/class/net/eth0/mtu
leased() { on "host$1" "$PEARP_AGENT" status --json | /usr/bin/python3 -c 'import json, sys
rows = json.load(sys.stdin)["ranges"]
print(*(0 < row["expires_s"] <= int(sys.argv[1]) for row in rows if row["leased"]))' "$2"; }
check "and for how long" same "True True" "$(leased 1 40) $(leased 3 40)"
check "status tells what is held" same "$SHARED:psid/0/6/$((FIRST[1] / 1024)) held" \
    "$(on host1 "$PEARP_AGENT" status | awk 'NR == 2 { print $1, $3 }')"

# Renewals: dhclient's timer is due when half of the lease is over, udhcpc is told to.
kill -USR1 "$(on host1 pgrep -P "$ONE" udhcpc)"
check "udhcpc renews from the shared address" wait_for 20 said one 'was renewed'
check "dhclient renews by unicast, in its own time" wait_for 25 said two 'was renewed'
check "that disturbs nothing" same "host2" "$(talk_on remote ask tcp $SHARED $((FIRST[2] + 80)) | cut -d' ' -f1)"
check "and changes no ports" same "${FIRST[2]}" "$(first_of 2)"

# A restart of the server: it knows its leases, the clients notice nothing.
bindings | sort >"$LAB_DIR/bindings"
kill "$PEARPD_PID"
wait "$PEARPD_PID"
lab_start_pearpd pearpd2.log || bail "pearpd does not start again"
bindings | cut -d' ' -f1-3 | sort >"$LAB_DIR/bindings2"
check "pearpd's restart loses no lease" same "$(cut -d' ' -f1-3 "$LAB_DIR/bindings")" "$(cat "$LAB_DIR/bindings2")"
for n in $(hosts); do
    check "host$n is reached after it" same "host$n" "$(talk_on remote ask udp $SHARED $((FIRST[n] + 80)) | cut -d' ' -f1)"
done

# Hosts that leave.
kill "$ONE" "$TWO" "$THREE"
wait "$ONE"
check "the agent with udhcpc ends well" same 0 $?
wait "$TWO"
check "the agent with dhclient ends well" same 0 $?
on host4 sh -c "mount --bind '$LAB_DIR/dhcp' /etc/dhcp &&
    exec dhclient -4 -r -e PEARP_AGENT='$PEARP_AGENT' -lf '$LAB_DIR/leases' -pf '$LAB_DIR/pid' eth0" >/dev/null 2>&1
for n in $(hosts); do
    check "host$n gave its ports back" wait_for 20 free_again "$n"
    wait_for 20 as_found "$n"
    check "host$n is as it was found" as_found "$n"
    check "no file is left of its agent" wait_for 20 no_agent "$n"
done
check "host1 asks its own DNS server again" same "nameserver 192.0.2.1" "$(cat "$LAB_DIR/resolv")"
check "the machine's resolv.conf was nobody's business" cmp /etc/resolv.conf "$LAB_DIR/machine"
kept() { ls /run/pearp-dhcp/"$(on host1 readlink /proc/self/ns/net | tr -dc 0-9)".* 2>/dev/null; }
check "nothing is kept" not kept

# Where others keep the DNS servers: they are told, and told again when the lease is over; files stay as they are.
mkdir "$LAB_DIR/resolvconf" "$LAB_DIR/resolvectl"
for program in resolvconf resolvectl; do
    printf '#!/bin/sh\necho "$@" >>"%s"\n[ "$1" != -a ] || cat >>"%s"\n' "$LAB_DIR/$program.told" "$LAB_DIR/$program.told" \
        >"$LAB_DIR/$program/$program"
    chmod 755 "$LAB_DIR/$program/$program"
    on host3 sh -c 'mount --bind "$1/resolv" /etc/resolv.conf && mount -t tmpfs none /run && mkdir -p /run/systemd/resolve
        export PATH="$1/$2:$PATH" PEARP_AGENT=true PEARP_SUPERVISED=1 interface=eth0 ip=192.35.162.2 opt159=00060800
        dns="198.51.100.53 198.51.100.54" "$3" bound
        "$3" deconfig' sh "$LAB_DIR" $program "$HOOKS/pearp-dhcp-hook"
done
check "resolvconf is told of them" same \
    "-a eth0.pearp nameserver 198.51.100.53 nameserver 198.51.100.54 -d eth0.pearp" "$(xargs <"$LAB_DIR/resolvconf.told")"
check "systemd-resolved is told of them" same "dns eth0 198.51.100.53 198.51.100.54 revert eth0" "$(xargs <"$LAB_DIR/resolvectl.told")"
check "and resolv.conf stays" same "nameserver 192.0.2.1" "$(cat "$LAB_DIR/resolv")"
# without BEFORE: the hook on a machine whose /etc/resolv.conf is as that command makes it.
without()
{
    unshare -mn sh -c 'mount -t tmpfs none /etc && mount -t tmpfs none /run && cd /etc || exit
        eval "$1"; ls -l /etc | tail -n +2 | sed "s/ [A-Z][a-z]* .*:[0-9]*//"; cat resolv.conf
        export interface=none0 PEARP_AGENT=true PEARP_SUPERVISED=1
        for dns in 198.51.100.53 198.51.100.54; do ip=192.35.162.2 opt159=00060800 dns=$dns "$2" bound; done
        cat resolv.conf >&3
        "$2" over
        ls -l /etc | tail -n +2 | sed "s/ [A-Z][a-z]* .*:[0-9]*//"; cat resolv.conf' sh "$1" "$HOOKS/pearp-dhcp-hook" 3>"$LAB_DIR/set" 2>&1
}
for before in : ': >resolv.conf' 'echo nameserver 192.0.2.7 >resolv.conf' 'echo nameserver 192.0.2.7 >there; ln -s there resolv.conf'; do
    seen=$(without "$before")
    half=$(($(wc -l <<<"$seen") / 2))
    check "resolv.conf made by '$before': set" same "nameserver 198.51.100.54" "$(cat "$LAB_DIR/set")"
    check "  and as found at the end" same "$(head -n $half <<<"$seen")" "$(tail -n +$((half + 1)) <<<"$seen")"
done
# while_another_ends: a lease brings d0 an MTU and DNS servers while the hook of d1 is over; then d0's is, too: its MTU.
while_another_ends()
{
    mkdir "$LAB_DIR/busy"
    printf '#!/bin/sh\n[ "$1" != netns ] || interface=d1 "%s" over\nexec %s "$@"\n' "$HOOKS/pearp-dhcp-hook" \
        "$(command -v ip)" >"$LAB_DIR/busy/ip"
    chmod 755 "$LAB_DIR/busy/ip"
    unshare -mn sh -c 'mount -t tmpfs none /etc && mount -t tmpfs none /run && : >/etc/resolv.conf && ip link add d0 type veth peer name d1 || exit
        export interface=d0 PEARP_AGENT=true PEARP_SUPERVISED=1
        ip=192.35.162.2 opt159=00060800 dns=198.51.100.53 mtu=1400 PATH="$1:$PATH" "$2" bound
        ip link show d0 | grep -o "mtu [0-9]*"
        "$2" over
        ip link show d0 | grep -o "mtu [0-9]*"' sh "$LAB_DIR/busy" "$HOOKS/pearp-dhcp-hook" 2>&1
}
check "another interface's hook takes nothing from this one's" same "mtu 1400 mtu 1500" "$(while_another_ends | xargs)"
check "every frame is accounted for" equation
done_testing
