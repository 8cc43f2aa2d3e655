"""One replay case: frames that come in, frames that must leave, counts and the table at the end."""
import json
import os
import re
import sys

from frames import (ALL, BRIDGE, DISCOVER, ROUTER, S, START, CLAIM, ZERO, claim, eth, from_client, gratuitous, hello, holds, ip,
                    moved, padded, request)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "replay"))
import captures  # noqa: E402

CONF = """[bridge]
upstream = eth0
downstream = eth1
mac = 02:50:45:00:00:01
{bridge}
[address 192.35.162.2]
ports = 2000-9999
{address}
{rest}
"""

# The first frame of each case, which the start-up announcements go before.
FIRST = eth(ALL, ROUTER, 0x9000, b"start")

# What a drop of a host's frame is counted as for its MAC.
BLAME = {"arp_capture": "captures", "source_port_violation": "violations", "flow_conflict": "flow_conflicts",
         "bad_source": "bad_sources", "pe_arp_bad": "bad_pe_arp", "pe_arp_forged": "bad_pe_arp", "arp_limit": "arp_limited"}

CASES = []


class Case:
    """Frames that come in and that must leave, each at its time in seconds; counts and table at the end."""

    def __init__(self, name, about, bridge="", address="", rest="", linger=0, start=True, **options):
        self.name, self.about, self.linger = name, about, linger
        self.conf = CONF.format(bridge=bridge, address=address, rest=rest)
        self.frames = {"upstream": [], "downstream": []}
        self.left = {"upstream": [], "downstream": []}
        self.drops, self.consumed, self.counters, self.table = {}, {}, {}, []
        self.made = self.held = 0
        self.hosts = {}
        if start:
            self.starts(**options)
        CASES.append(self)

    def starts(self, tag=None, ethertype=0x88b5, first=2000, last=9999):
        self.make(0, "upstream", gratuitous(tag=tag))
        self.make(0, "downstream", hello(first, last, gateway=self.gateway(), tag=tag, ethertype=ethertype))
        self.later = [(2, "upstream", gratuitous(tag=tag))]

    def gateway(self):
        """The GATEWAY of HELLO: the configured router, which did not ask for the shared address yet. Or None."""
        named = re.search(r"^(?:router|gateway) *= *(\S+)", self.conf, re.MULTILINE)
        return named and ip(named.group(1)) + ZERO

    def come(self, at, side, frame):
        self.frames[side].append((at, frame))
        return frame

    def leave(self, at, side, frame):
        self.left[side].append((at, frame))

    def make(self, at, side, frame):
        self.made += 1
        self.leave(at, side, padded(frame))

    def drop(self, reason, count=1):
        self.drops[reason] = self.drops.get(reason, 0) + count

    def consume(self, kind, count=1):
        self.consumed[kind] = self.consumed.get(kind, 0) + count

    def count(self, **counters):
        for name, number in counters.items():
            if number == 0:
                continue
            self.counters[name] = self.counters.get(name, 0) + number

    def blame(self, host, **counts):
        for name, number in counts.items():
            blamed = self.hosts.setdefault(host.hex(":"), {})
            blamed[name] = blamed.get(name, 0) + number

    def owner(self, first, last, host, state, origin):
        self.table.append([first, last, host and host.hex(":"), state, origin])

    # What comes and what becomes of it, in one.
    def dropped(self, at, side, frame, reason):
        self.come(at, side, frame)
        self.drop(reason)
        if side == "downstream" and reason in BLAME and not frame[6] & 1 and any(frame[6:12]):
            self.blame(frame[6:12], **{BLAME[reason]: 1})

    def bridged(self, at, side, frame, source=None):
        self.come(at, side, frame)
        self.leave(at, "downstream" if side == "upstream" else "upstream", moved(frame, source=source))

    def delivered(self, at, side, frame, to, source=None):
        self.come(at, side, frame)
        self.leave(at, "downstream", moved(frame, to, source))

    def dhcp_asked(self, at, client, **more):
        """A client begins a DHCP transaction with a server upstream."""
        self.bridged(at, "downstream", from_client(DISCOVER, client, **more))

    def told(self, at, frame):
        self.come(at, "downstream", frame)
        self.consume("pe_arp")

    def claims(self, at, host, first, last, nonce, **tagged):
        """CLAIM, challenge and answer: learned."""
        self.told(at, claim(host, first, last, **tagged))
        self.make(at, "downstream", request(nonce, first, host, **tagged))
        self.told(at + 0.001, holds(host, first, last, nonce, first, **tagged))
        self.count(requests=1, learned=1)

    def write(self, folder):
        if self.made:
            self.bridged(0, "upstream", FIRST)
        last = max([at for side in self.frames.values() for at, _ in side], default=0) + self.linger
        for at, side, frame in getattr(self, "later", []):
            if at <= last:
                self.make(at, side, frame)
        path = os.path.join(folder, self.name)
        open(path + ".conf", "w").write("; " + self.about + "\n" + self.conf)
        counts = {}
        for side in self.frames:
            for frames, what in ((self.frames[side], "in"), (self.left[side], "out")):
                frames = sorted(frames, key=lambda one: one[0])
                captures.write(f"{path}.{side}.{what}.pcap", [(START + round(at * S), data) for at, data in frames])
            counts[side] = {"in": len(self.frames[side]), "out": len(self.left[side])}
        expected = {"about": self.about, "linger": self.linger,
                    "frames": {**counts, "made": self.made, "held": self.held}, "consumed": self.consumed,
                    "drops": self.drops, "counters": self.counters, "hosts": self.hosts, "table": self.table}
        json.dump(expected, open(path + ".json", "w"), indent=1, sort_keys=True)
        open(path + ".json", "a").write("\n")


