#!/bin/bash
# A machine on the hosts' switch sends from a million MAC addresses, and from those of the router and the bridge. The
# tables stay within their bounds, nobody is cut off, the forged ones are not believed.
# Reliability rows (as far as they apply): S20, S22.
# alone: a million frames take both processors
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=agent
lab_test
serve_all || bail "no servers"
monitor
router=$(on router cat /sys/class/net/$LAB_UP/address) bridge=02:50:45:00:00:01 payload=88b6$(printf '%092x' 1)

talk_on remote ask udp $SHARED 2080 >/dev/null
before=$(pss_kib) table=$(ctl table) came=$(stat_of frames/downstream/in)
talk_on neighbour macs eth0 1000000 $router
wait_for 20 has_grown frames/downstream/in "$came" 1000000 # what the ring lost is asked for once a second
diag "$(($(stat_of frames/downstream/in) - came)) frames came, $(stat_of drops/ring_full) of all lost at the ring; Pss $before, then $(pss_kib) KiB"
check "a million frames were counted as come in" test $(($(stat_of frames/downstream/in) - came)) -ge 1000000
if is_sanitized; then
    skip "memory" "AddressSanitizer has its own"
else
    check "memory is within 24 MiB, and grew by no more than 1 MiB" \
        test "$(pss_kib)" -le $((before + 1024 < 24576 ? before + 1024 : 24576))
fi
check "the owners stay" same "$table" "$(ctl table)"
check "a host is reached" talk_on remote ask tcp $SHARED 2080
check "a host reaches the remote" talk_on host2 ask tcp $REMOTE 7000
check "the router knows the bridge's MAC" same $bridge "$(router_cache)"

# The switch would believe the forged frames and send some of the hosts' answers to the forger: it is told where both are,
# and to keep to that (a static entry alone moves), so that what is lost is the bridge's.
for source in $router $bridge; do
    on switch bridge fdb replace $source dev box master static sticky || bail "the switch takes no sticky entry"
done
at_once talk_on remote quiet $SHARED 2080 500 3 host1 >"$LAB_DIR/quiet" 2>&1
before=$(stat_of drops/bad_source)
for source in $router $bridge; do
    talk_on neighbour frame eth0 "ffffffffffff${source//:/}$payload" 50
    check "the switch keeps to where $source is" grep -q 'dev box ' <(on switch bridge fdb get $source br br0)
done
check "the router's and the bridge's MAC are not believed from downstream" grew drops/bad_source "$before" 100
check "events tell of it" wait_for 20 grep -q bad-source "$LAB_DIR/events"
all_done
check "traffic did not notice" same 0 $?
diag "$(cat "$LAB_DIR/quiet")"
check "every frame is accounted for" equation
echo "# S20: 100 frames with the router's and the bridge's MAC: $(stat_of drops/bad_source) bad_source, 0 of the quiet traffic lost"
echo "# S22: 1,000,000 source MACs: Pss $(pss_kib) KiB, owners and router stay"
done_testing
