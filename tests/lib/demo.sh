# demo.sh: what the demonstrations share: words for what is shown, and the traffic of two hosts with one address.
# Sourced by: scripts/demo, scripts/demo-edge, scripts/demo-dhcp, scripts/demo-node.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent LAB_LEARN='pe-arp, traffic'
names=(- hostA hostB)
good=0 bad=0

step() { printf '\n== %s\n\n' "$*"; }

# show PLACE COMMAND...: prints the command as typed there, and what it says.
show()
{
    local place=$1
    shift
    echo "  $place# $*"
    on "$place" "$@" | sed 's/^/    /'
}

# told FROM TEXT EXPECTED SEEN: one line for one exchange, and the account.
told()
{
    if [[ $4 == $3 ]]; then
        good=$((good + 1))
        printf '  %-7s %-37s %s\n' "$1" "$2" "$4"
    else
        bad=$((bad + 1))
        printf '  %-7s %-37s WRONG: "%s", expected "%s"\n' "$1" "$2" "$4" "$3"
    fi
}

asked() { talk_on "$1" ask "$2" "$3" "$4" 2>&1; }
sent() { talk_on "$1" send "$2" "$3" 50000000 2>&1 | sed 's/, sha256.*/ as sent/'; }
pinged() { on "$1" ping -q -c 3 -i 0.1 -W 10 "$2" 2>&1 | sed -n 's/^.*, \([0-9]*\) received.*/\1 of 3 came back/p'; }

# demo_begin: raises the lab, with servers on all three.
demo_begin()
{
    lab_up && watch_owners && serve remote remote 7000 && serve host1 hostA 2080 && serve host2 hostB 3080
}

demo_table() { ctl table | sed 's/^/    /'; }

# demo_traffic: both ways, small and large.
demo_traffic()
{
    local n range port protocol
    step "Both hosts reach the remote host. It sees one address, and different ports."
    for n in 1 2; do
        range=$([ $n = 1 ] && echo '2???' || echo '3???')
        told "${names[n]}" "-> $REMOTE:7000 TCP" "remote saw $SHARED:$range" "$(asked host$n tcp $REMOTE 7000)"
        told "${names[n]}" "-> $REMOTE:7000 UDP" "remote saw $SHARED:$range" "$(asked host$n udp $REMOTE 7000)"
        told "${names[n]}" "-> $REMOTE ping" "3 of 3 came back" "$(pinged host$n $REMOTE)"
    done

    step "The remote host reaches servers on both hosts, at one address. The port decides."
    for n in 1 2; do
        port=$(($(host_first $n) + 80))
        for protocol in tcp udp; do
            told remote "-> $SHARED:$port ${protocol^^}" "${names[n]} saw $REMOTE:*" "$(asked remote $protocol $SHARED $port)"
        done
    done
    told remote "-> $SHARED ping, pearpd answers" "3 of 3 came back" "$(pinged remote $SHARED)"

    step "50 MB each way between the remote host and hostA, checked by SHA-256."
    told hostA "-> $REMOTE:7000 TCP" "50000000 bytes as sent" "$(sent host1 $REMOTE 7000)"
    told remote "-> $SHARED:2080 TCP" "50000000 bytes as sent" "$(sent remote $SHARED 2080)"
}

# demo_end: nobody got what is another's; the exit status of the demonstration.
demo_end()
{
    local n
    step "Frames for the shared address that each host received, counted by its own kernel."
    for n in 1 2; do
        told "${names[n]}" "received for its own ports" "[1-9]*" "$(arrived $n right)"
        told "${names[n]}" "received for the other's ports" 0 "$(arrived $n wrong)"
    done

    echo
    echo "$good as expected, $bad not."
    [ $bad -eq 0 ]
}

if [ "$(id -u)" -ne 0 ]; then
    echo "make demo needs root: it creates network namespaces" >&2
    exit 1
fi
