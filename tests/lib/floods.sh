# floods.sh: what stories have that flood the bridge while numbered traffic goes to and from two owners. Sourced after lab.sh.
# Set by the story: SECONDS_EACH, how long a flood lasts; QUIET_SIZE, bytes of a quiet datagram, empty for 4.
# shellcheck shell=bash
SECONDS_EACH=$([ -n "${QUICK:-}" ] && echo 2 || echo 3) QUIET_SIZE=
rate() { if is_sanitized; then echo $(($1 / 10)); else echo "$1"; fi; }

# once COMMAND...: the flood, with quiet traffic in it.
once()
{
    local n
    for n in 1 2; do
        at_once talk_on remote quiet $SHARED $(($(host_first $n) + 80)) 200 $((SECONDS_EACH - 1)) "host$n" \
            $QUIET_SIZE >"$LAB_DIR/quiet$n" 2>&1
    done
    at_once "$@" >"$LAB_DIR/sent" 2>&1
    all_done
}

# quiet_during TEXT COMMAND...: SENT is how many frames the flood sent, in RAN_S seconds. Generators and servers share the processors with
# the bridge, and all with whatever else this machine does: a loss counts where it comes three times in a row.
quiet_during()
{
    local text=$1 try status=1 began=$SECONDS
    shift
    SENT=0 RAN_S=0
    for try in 1 2 3; do
        once "$@"
        status=$?
        SENT=$((SENT + $(cat "$LAB_DIR/sent"))) RAN_S=$((SECONDS - began + 1))
        diag "$(cat "$LAB_DIR"/quiet?)"
        [ $status -ne 0 ] || break
    done
    check "$text: none of the quiet traffic was lost, doubled or misdelivered" same 0 $status
    sleep 0.3
    check "$text: every frame is accounted for" equation
    if ! is_sanitized; then
        check "$text: memory within 24 MiB and 200 bytes a binding" test "$(pss_kib)" -le 24576
    fi
}
flood() { # flood PLACE KIND RATE SOURCE DESTINATION OTHER-IP [FIRST LAST]
    local place=$1 kind=$2 rate=$3
    shift 3
    on "$place" "$PEARPD_BUILD/flood" eth0 "$kind" "$(rate "$rate")" $SECONDS_EACH "$1" "$2" $SHARED "${@:3}"
}
