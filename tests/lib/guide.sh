# guide.sh: walks a guide of docs/ in the lab: its files and commands, in its order. Each command is looked up in the guide
# before it runs, and guide_done fails if one of the guide's was left over. Its paths lie in the lab's folder, pearpctl finds the
# lab's socket, and systemctl is a stand-in for the units pearpd@rack1 and pearp-agent@eth0. Sourced after lab.sh.
# Set before: GUIDE, the file. The lab's places have names of their own in a guide: bridge is the box, host9 the neighbour, dns
# the remote host.
# shellcheck shell=bash

# The guide's files: blocks of INI whose first line is `; PATH, WHAT FOR`.
guide_file() { awk -v head="; $1" '/^```/ { inside = 0 } $0 == head { inside = 1 } inside' "$GUIDE"; }

# take FILE: puts it where the guide says, below the lab's folder.
take()
{
    local path=$LAB_DIR${1%%,*}
    mkdir -p "${path%/*}"
    guide_file "$1" >"$path"
    [ -s "$path" ] || bail "the guide has no $1"
    case $1 in */rack1.conf,*) printf '\n[control]\nsocket = %s\n[state]\nfile = %s\n' "$LAB_DIR/pearpd.sock" "$LAB_DIR/rack1.state" >>"$path" ;; esac
}

# Each of the guide's files is accepted by its program.
guide_files()
{
    local head
    while read -r head; do
        take "$head"
        check "$head: -t finds nothing" on box "$PEARPD_BUILD/pearpd" -c "$LAB_DIR${head%%,*}" -t
    done < <(sed -n 's/^; \(\/etc\/pearpd\/rack1.*\)/\1/p' "$GUIDE")
    while read -r head; do
        take "$head"
        check "$head: the agent takes it" on host1 "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR${head%%,*}" -n
    done < <(sed -n 's/^; \(\/etc\/pearpd\/agent-.*\)/\1/p' "$GUIDE")
}

# Notes a command of the guide, or ends the test: a guide that says something else is not what is tried here.
in_guide()
{
    local line="${1/#box/bridge}# $2"
    grep -qxF "$line" "$GUIDE" || bail "the guide does not say: $line"
    echo "$line" >>"$LAB_DIR/walked"
}
guide_done()
{
    check "the guide has no other command" \
        diff <(grep -E '^(bridge|router|dns|host[0-9])# ' "$GUIDE" | sort -u) <(sort -u "$LAB_DIR/walked")
}

# Minutes are shorter here, and long enough for tcpdump to begin on a busy machine.
on_path()
{
    local command=${2//\/etc\//$LAB_DIR/etc/}
    local place=${1/#host9/neighbour}
    on "${place/#dns/remote}" env PATH="$LAB_DIR/bin:$PATH" bash -c "${command/#timeout 60/timeout ${MINUTE_S:-1.3}}"
}

# walk PLACE COMMAND [STATUS]: there, as the guide says: a test that it ends with STATUS (0). What it printed is in
# $LAB_DIR/said.
walk()
{
    local status
    in_guide "$1" "$2"
    on_path "$1" "$2" >"$LAB_DIR/said" 2>&1
    status=$?
    if [ "$status" -eq "${3:-0}" ]; then
        ok "$1: $2"
    else
        not_ok "$1: $2"
        diag "status $status: $(cat "$LAB_DIR/said")"
    fi
}
said() { grep -q -- "$1" "$LAB_DIR/said" || { cat "$LAB_DIR/said"; return 1; }; }

# hold N COMMAND: host N's agent, in the background until `let_go N`. It is then set up, and the bridge asked for it.
hold()
{
    in_guide "host$1" "$2"
    : >"$LAB_DIR/agent$1.log" # not the last one's
    on_path "host$1" "exec $2" >"$LAB_DIR/agent$1.log" 2>&1 &
    AGENT_PID[$1]=$!
    wait_for 20 grep -q 'the bridge at .* asked for' "$LAB_DIR/agent$1.log" || not_ok "host$1's agent: $(cat "$LAB_DIR/agent$1.log")"
}
let_go()
{
    ip netns pids "pearp-$LAB_ID-host$1" | while read -r pid; do
        [ "$(cat "/proc/$pid/comm")" = pearp-agent ] && kill -INT "$pid"
    done
    wait "${AGENT_PID[$1]}"
}

# The programs on the guide's path, once the lab is up.
stand_ins()
{
    mkdir "$LAB_DIR/bin"
    ln -s "$PEARPD_BUILD/pearpd" "$PEARPD_BUILD/pearp-agent" "$LAB_DIR/bin"
    cat >"$LAB_DIR/bin/pearpctl" <<SH
#!/bin/sh
exec "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/pearpd.sock" "\$@"
SH
    cat >"$LAB_DIR/bin/systemctl" <<SH
#!/bin/bash
pid=$LAB_DIR/pearpd.pid
case "\$*" in
"enable --now pearpd@rack1")
    "$PEARPD_BUILD/pearpd" -v -c "$LAB_DIR/etc/pearpd/rack1.conf" </dev/null >>"$LAB_DIR/pearpd.log" 2>&1 &
    echo \$! >\$pid
    exec /usr/bin/python3 "$LAB_ROOT/tests/lib/talk.py" ready "$LAB_DIR/pearpd.sock" \$! ;;
"disable --now pearpd@rack1")
    kill "\$(cat \$pid)"
    while grep -qs '^State:.[^Z]' "/proc/\$(cat \$pid)/status"; do sleep 0.02; done ;;
"reload pearpd@rack1")
    exec "$PEARPD_BUILD/pearpctl" -s "$LAB_DIR/pearpd.sock" reload ;;
"enable --now pearp-agent@eth0" | "restart pearp-agent@eth0")
    exec "$PEARPD_BUILD/pearp-agent" -c "$LAB_DIR/etc/pearpd/agent-eth0.conf" ;;
*) exit 1 ;;
esac
SH
    chmod +x "$LAB_DIR/bin/pearpctl" "$LAB_DIR/bin/systemctl"
}
