#!/bin/bash
# The parts of `make bench` work: the sinks see frames at a wrong host and frames that come twice; contestants forward to the
# right hosts; table, JSON and chart are written; a bench that is told to end leaves nothing behind.
# takes: 15 s
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 1
export PEARPD_BUILD=${PEARPD_BUILD:-$PWD/build}
tools=$PEARPD_BUILD/bench
[ "$(id -u)" -eq 0 ] || bail "needs root"
work=$(mktemp -d) || exit 1
place=pearpd-bench-test-$$
cleanup()
{
    ip netns del $place 2>/dev/null
    rm -rf "$work" "$PEARPD_BUILD/$out".*
}
out=test-bench-$$
trap cleanup EXIT
trap 'exit 143' TERM INT

# member FILE EXPRESSION: of its JSON, called `d`.
member() { /usr/bin/python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }

# The sinks, at the other end of a wire.
ip netns add $place && ip -n $place link add name gen0 type veth peer name snk0 &&
    ip -n $place link set dev gen0 up && ip -n $place link set dev snk0 up ||
    bail "no network namespace"
plan=192.35.162.2,1,256,256

# sink COMMAND...: what it counts of 0.2 s of frames for IPv4's ports at one host, twice the same, and of IPv6 at the right hosts.
sink()
{
    ip netns exec $place "$@" >"$work/counts" 2>"$work/ready" &
    local pid=$! kind
    wait_for 5 grep -q ready "$work/ready" || return 1
    for kind in udp4 udp4 udp6; do
        ip netns exec $place "$tools/send" $plan gen0 $kind 02:62:00:00:00:00 02:12:7f:c4:38:d3 80 5000 0.2 >"$work/sent.$kind" || return 1
    done
    sleep 0.2
    kill $pid
    wait $pid
}
sinks=(ring)
[ -e "$tools/sink.bpf.o" ] && [ -x "$tools/sink_bpf" ] && sinks+=(bpf) || skip "the sink in the kernel" "clang or libbpf is not there"
for kind in "${sinks[@]}"; do
    command=("$tools/sink_ring" $plan snk0)
    [ $kind = bpf ] && command=("$tools/sink_bpf" "$tools/sink.bpf.o" $plan snk0)
    sink "${command[@]}"
    check "$kind: it ends with its counts" same 0 $?
    counts=$work/counts
    check "$kind: one owner of 256 has its own frames, the others' are at a wrong host" \
        same "True True" "$(member "$counts" 'd["right"] < d["wrong"] and d["right"] > 0') $(member "$counts" 'd["example"] != ""')"
    check "$kind: the numbers of frames that came before are doubled" same True "$(member "$counts" 'd["doubled"] > d["wrong"]')"
done

# What scripts/load asks for: frames from the hosts, all of a burst, and the order in each flow.
if [ ${#sinks[@]} -gt 1 ]; then
    ip netns exec $place "$tools/sink_bpf" "$tools/sink.bpf.o" $plan snk0 ordered >"$work/counts" 2>"$work/ready" &
    sink_pid=$!
    wait_for 5 grep -q ready "$work/ready"
    up() { ip netns exec $place "$tools/send" $plan gen0 up4 02:12:7f:c4:38:d3 02:12:7f:c4:38:d3 80 20000/1000 0.2 "$@"; }
    up 100000 >"$work/first" && up 0 >"$work/second"
    check "a flood of bursts, twice" same 0 $?
    sleep 0.2
    kill $sink_pid
    wait $sink_pid
    check "bursts are whole, each frame from a host is right" same True \
        "$(member "$work/counts" "d['right'] == $(member "$work/first" 'd["sent"]') + $(member "$work/second" 'd["sent"]') >= 8000")"
    check "those after a later one of their flow are late" same "$(member "$work/second" 'd["sent"]')" "$(member "$work/counts" 'd["late"]')"
fi

# Every contestant, and pearpd in every measurement. A low rate: nothing here is a time.
bench() { scripts/bench --rounds 1 --seconds 0.5 --rate 20000 --probes 20 --tcp-seconds 1 --out "$out" "$@" >"$work/said" 2>"$work/log"; }
right() { member "$PEARPD_BUILD/$out.json" "all(r['ok'] and r.get('wrong', 0) == 0 for t in d['tests'] for c in t['rounds'].values() for r in c)"; }
check "each contestant" bench --tests own
check "each forwards to the right hosts" same True "$(right)"
rows=$(grep -cE '^  (kernel bridge|bridge \+ nftables|libpcap|pearpd, accel = (none|tc) ) ' "$work/said")
skipped=$(grep -c '^SKIP ' "$work/said")
check "the table has a row for each, or a line says why not" same 6 $((rows + skipped))
check "the processor and the command are said" grep -q '^scripts/bench --rounds 1' "$work/said"
check "the chart is XML" /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$PEARPD_BUILD/$out.svg"
if [ -z "${QUICK:-}" ]; then # make check has seen a sink, each contestant and an end
    check "pearpd in the other measurements" bench --only bridge,pearpd --tests round-trip,ipv6,tcp-to,one
    check "all are figures" same True "$(right)"
    check "with the sink on a ring" bench --only pearpd --tests own --sink ring
    check "that is said" grep -q 'packet ring' "$work/said"
fi

# The engine alone: each kind of frame ends as it is meant to, or the figure is one of something else.
check "make bench-engine measures what it says" scripts/bench-engine --no-count --frames 2000 --out "$out"

# Told to end in the middle.
scripts/bench --only pearpd --tests own --seconds 20 --rate 1000 --out "$out" >"$work/said" 2>&1 &
bench_pid=$!
pearpd_of() { ip netns pids pearpd-bench-$bench_pid-0dut | xargs -r ps -o comm= -p | grep -qx pearpd; }
wait_for 10 pearpd_of
check "its contestant runs" pearpd_of
kill $bench_pid
wait $bench_pid
check "a bench that is told to end says so by its status" same 143 $?
check "it leaves no namespace" not grep -q "^pearpd-bench-$bench_pid-" <(ip netns list)
done_testing
