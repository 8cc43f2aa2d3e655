"""measure: the single measurements, each on a lab that is up. Used by: scripts/bench.

Each returns a dict; `ok` in it says whether it is a figure: a frame at a wrong host, or a contestant that died, is none.
"""

import json
import os
import statistics
import time

import machine
from contestants import TCP_PORT
from lab import ADDRESS, ADDRESS6, ROUTER_MAC, Failure

WARM_S, WARM_RATE = 0.2, 20000
LOSS = 0.001  # of a lossless rate (RFC 2544 says 0, which a machine with other work never gives)
LEAST_RATE, MOST_RATE = 10e3, 1.6e6
PAIRS = 3
V4_BYTES, V6_BYTES = 60, 74


def tool(lab, name):
    return os.path.join(lab.options.build, "bench", name)


def sender(lab, kind, size, rate, seconds):
    return lab.start("gen", tool(lab, "send"), lab.plan_of(kind).text, "gen0", kind, lab.plan.target, ROUTER_MAC, str(size),
                     str(int(rate)), str(seconds), processor=lab.generator)


def sink(lab, kind):
    plan = lab.plan_of(kind).text
    command = [tool(lab, "sink_bpf"), tool(lab, "sink.bpf.o"), plan] if lab.options.sink == "bpf" else [tool(lab, "sink_ring"), plan]
    child = lab.start("snk", *command, "snk0", processor=lab.generator)
    lab.wait_ready(child)
    return child


def warm(lab, kind):
    """The router and the hosts are known, and every cache has seen a frame."""
    if kind == "udp6":
        lab.on("snk", tool(lab, "send"), lab.options.full_plan.text, "snk0", "teach", ROUTER_MAC, ROUTER_MAC, str(V6_BYTES), "0", "1")
    lab.wait(sender(lab, kind, V6_BYTES if kind == "udp6" else V4_BYTES, WARM_RATE, WARM_S), 10)
    time.sleep(0.1)


def flood(lab, kind="udp4", rate=0, seconds=None):
    """As fast as it goes, or at `rate`: what arrives."""
    seconds = seconds or lab.options.seconds
    size = V6_BYTES if kind == "udp6" else lab.options.bytes
    counter = sink(lab, kind)
    source = sender(lab, kind, size, rate or lab.options.rate, seconds)
    time.sleep(seconds / 4)
    used, began, before = lab.pid and machine.used_s(lab.pid), time.monotonic(), machine.times()
    time.sleep(seconds / 2)
    after, took = machine.times(), time.monotonic() - began
    used_then = lab.pid and machine.used_s(lab.pid)
    sent = json.loads(lab.wait(source, seconds + 10))
    time.sleep(0.2)  # what is in rings and queues still arrives
    memory = machine.memory(lab.pid) if lab.pid else {}
    got = json.loads(lab.end(counter))
    busy = machine.busy(before, after)
    seen = {"rate": got["rate"], "best": got["best"], "offered": sent["rate"], "sent": sent["sent"], "right": got["right"], "wrong": got["wrong"],
            "doubled": got["doubled"], "strange": got["strange"], "sink_lost": got["sink_lost"], "example": got["example"],
            "lost": sent["sent"] - got["right"] - got["wrong"], "busy": [busy[lab.generator], busy[lab.own]], **memory}
    if used is not None and used_then is not None:
        seen["process"] = round((used_then - used) / took, 3)
    seen["ok"] = seen["wrong"] + seen["strange"] + seen["doubled"] == 0 and seen["right"] > 0 and lab.alive()
    return seen


def frames(kind):
    def measure(lab):
        warm(lab, kind)
        return flood(lab, kind)

    return measure


def is_lossless(lab, rate):
    for _ in range(2):  # a hiccup of the machine is no limit of the contestant
        seen = flood(lab, rate=rate, seconds=lab.options.step_s)
        if seen["ok"] and seen["lost"] <= LOSS * seen["sent"] and seen["offered"] > 0.97 * rate:
            return True
        if seen["offered"] <= 0.97 * rate or seen["lost"] > 0.05 * seen["sent"]:
            return False
    return False


def lossless(lab):
    """The highest rate of which at most LOSS is lost, by bisection; and how much of it arrives at three times that."""
    warm(lab, "udp4")
    least, most = LEAST_RATE, MOST_RATE
    for _ in range(lab.options.steps):
        middle = (least * most) ** 0.5
        if is_lossless(lab, middle):
            least = middle
        else:
            most = middle
    pairs = [(flood(lab, rate=least), flood(lab, rate=3 * least)) for _ in range(PAIRS)]  # of one moment each
    return {"rate": least, "kept": statistics.median(three["rate"] / max(one["rate"], 1) for one, three in pairs),
            "offered": pairs[-1][1]["offered"], "busy": pairs[-1][1]["busy"],
            "ok": all(seen["ok"] for pair in pairs for seen in pair) and least > LEAST_RATE}


def round_trip(lab):
    """Single frames while nothing else passes; and what the process costs when nothing passes at all."""
    used, began = lab.pid and machine.used_s(lab.pid), time.monotonic()
    time.sleep(lab.options.look_s)
    idle = (machine.used_s(lab.pid) - used) / (time.monotonic() - began) if lab.pid and lab.alive() else 0.0
    echo = lab.start("snk", tool(lab, "round_trip"), "echo", "snk0", processor=lab.generator)
    lab.wait_ready(echo)
    ask = lab.start("gen", tool(lab, "round_trip"), "ask", lab.plan.text, "gen0", lab.plan.target, ROUTER_MAC,
                    str(lab.options.probes), processor=lab.generator)
    seen = json.loads(lab.wait(ask, 60))
    lab.end(echo)
    return {**seen, "idle": round(idle, 3), "ok": seen["answers"] > 0 and seen["lost"] == 0}


def tcp(address, reverse):
    """iperf3, one connection, offloads as the kernel sets them, as its receiver counts."""

    def measure(lab):
        seconds = lab.options.tcp_s
        server = lab.start("snk", "iperf3", "--forceflush", "-s", "-1", "-B", address, "-p", str(TCP_PORT))
        line = server.stdout.readline()
        while line and "listening" not in line:
            line = server.stdout.readline()
        before = machine.times()
        client = lab.start("gen", "iperf3", "-c", address, "-p", str(TCP_PORT), "-t", str(seconds), "-J", "--connect-timeout",
                           "2000", *(["-R"] if reverse else []))
        try:
            rate = json.loads(lab.wait(client, seconds + 5))["end"]["sum_received"]["bits_per_second"]
        except (Failure, KeyError, ValueError) as fault:
            raise Failure("nothing is transferred") from fault
        finally:
            busy = machine.busy(before, machine.times())
            lab.stop(server)
        return {"rate": rate, "busy": [busy[lab.generator], busy[lab.own]], "ok": rate > 1e7}

    return measure


class Test:
    def __init__(self, key, title, unit, scale, figure, measure, alone=False, needs_addresses=False, every=1):
        self.key, self.title, self.unit, self.scale = key, title, unit, scale
        self.figure = figure  # its name in what `measure` returns
        self.measure = measure
        self.alone = alone  # everything on one processor
        self.needs_addresses = needs_addresses
        self.every = every  # measured in one of so many rounds

    @property
    def best(self):
        """max or min: which figure is the better one."""
        return min if self.unit == "us" else max

    def rounds(self, wanted):
        return -(-wanted // self.every)


# In this order: floods come before TCP, which gives the ends addresses.
TESTS = (
    Test("round-trip", "round trip, idle, median", "us", 1, "median_us", round_trip),
    Test("own", "small frames, dedicated processor", "Mpps", 1e-6, "rate", frames("udp4")),
    Test("ipv6", "bridged IPv6, small frames", "Mpps", 1e-6, "rate", frames("udp6")),
    Test("tcp-to", "TCP to a host", "Gbit/s", 1e-9, "rate", tcp(ADDRESS, False), needs_addresses=True, every=2),
    Test("tcp-from", "TCP from a host", "Gbit/s", 1e-9, "rate", tcp(ADDRESS, True), needs_addresses=True, every=2),
    Test("tcp6-to", "bridged IPv6, TCP to a host", "Gbit/s", 1e-9, "rate", tcp(ADDRESS6, False), needs_addresses=True, every=2),
    Test("tcp6-from", "bridged IPv6, TCP from a host", "Gbit/s", 1e-9, "rate", tcp(ADDRESS6, True), needs_addresses=True, every=2),
    Test("one", "small frames, one processor", "Mpps", 1e-6, "rate", frames("udp4"), alone=True),
    Test("lossless", "highest lossless rate, one processor", "Mpps", 1e-6, "rate", lossless, alone=True, every=1000),
)
