#!/usr/bin/python3
"""README's configuration with its [dhcp], while 128 hosts claim and use all that they can: each DISCOVER has its OFFER."""
import os
import re
import sys
import tempfile

import captures
from harness import ROOT, Run, Tap

sys.path.insert(0, os.path.join(ROOT, "pcaps"))
from frames import *  # noqa: E402, F403

MACHINES, CLIENTS = 128, 60
FIRST, SET_PORTS = 2048, 1024
tap = Tap()


def readme():
    """The blocks that make up the bridge's file, for the addresses of the frames."""
    text = open(os.path.join(ROOT, "README.md")).read()
    blocks = [re.sub(r"(?m)^ +(?=\S)", "", block) for block in re.findall(r"```ini\n(.*?)```", text, re.S)]
    wanted = [block for block in blocks if block.startswith(("[bridge]\nupstream   = eth0\ndownstream = eth1\n", "[dhcp]\n"))]
    assert len(wanted) == 2, wanted
    return "".join(wanted).replace("[bridge]\n", "[bridge]\nmac = 02:50:45:00:00:01\n", 1).replace("192.0.2.", "192.35.162.")


def machine(number):
    return bytes([2, 0xA0, 0, 0, 0, number])


def attack(turn):
    """What each of them says once: a claim of one port, of 16, of a set as a range and as a set, and a packet from it."""
    for number in range(MACHINES):
        source = machine(number)
        psid = 2 + (turn + number) % 62
        first = psid * SET_PORTS
        set_of = tlv_psid(psid)
        yield claim(source, first + number, first + number)
        yield claim(source, first + 16 * (number % 64), first + 16 * (number % 64) + 15)
        yield claim(source, first, first + SET_PORTS - 1)
        yield claim(source, first, first + SET_PORTS - 1, tlvs=set_of)
        yield packet(ROUTER, source, SHARED, first + number, REMOTE, 53)


def tlv_psid(psid):
    return b"\x01\x04" + bytes([0, 6]) + struct.pack(">H", psid)


def client(number):
    return bytes([0, 0x0C, 0x29, 7, 7, number])


frames = [(START, eth(ALL, ROUTER, 0x9000, b"start"))]
for turn in range(60):
    frames += [(START + (turn + 1) * S + n * 1000, frame) for n, frame in enumerate(attack(turn))]
for number in range(CLIENTS):
    begin = START + 10 * S + number * S // 2
    discover = from_client(DISCOVER, client(number), option(55, bytes([1, 3, 159])))
    frames += [(begin, discover), (begin + 4 * S, discover)]
frames.sort(key=lambda frame: frame[0])

with tempfile.NamedTemporaryFile() as file:
    captures.write(file.name, frames[1:])
    with tempfile.NamedTemporaryFile() as start:
        captures.write(start.name, frames[:1])
        run = Run(readme(), [("upstream", start.name), ("downstream", file.name)], "--linger", "5")
tap.ok(run.status == 0 and run.report is not None, "README's configuration is replayed", run.stderr)
counters = run.report["counters"]
offers = counters["dhcp_offers"]
tap.ok(offers == 2 * CLIENTS, f"each of {2 * CLIENTS} DISCOVERs has its OFFER", f"{offers} {counters} {run.drops()}")
learned = [row["origin"] for row in run.report["table"] if row["state"] != "published"]
tap.ok(not learned, "and nothing is learned", learned)
tap.ok(run.balances(), "the equation")
tap.figure("H9", f"README's [dhcp], {MACHINES} hosts with {sum(1 for _ in attack(0))} claims and packets a second: "
                 f"{offers} of {2 * CLIENTS} DISCOVERs were offered a set")
tap.end()
