#!/usr/bin/python3
"""docs/pe-arp.md is true: its annotated messages and its test vectors of AUTH are what pearpd sends and takes in.

The messages are read out of the document and compared with frames that pcaps/frames.py builds; those of the hosts are
replayed through pearpd with the document's configuration, and those of the bridge must leave it.
"""
import hashlib
import hmac
import os
import re
import struct
import sys
import tempfile

import captures
from harness import ROOT, Run, Tap

sys.path.insert(0, os.path.join(ROOT, "pcaps"))
import frames as f  # noqa: E402

DOCUMENT = os.path.join(ROOT, "docs", "pe-arp.md")
BLOCK = re.compile(r"^```(ini|pe-arp [a-z-]+|pe-arp-auth \d)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^ *(\d+)  ((?:[0-9a-f]{2} ?)+?)(?:  +.*)?$")
HEADER = 14
MAC_BYTES = 16
BRIDGE, A, B, ROUTER = (bytes.fromhex("00005e0053" + last) for last in ("01", "aa", "bb", "fe"))
ONE, TWO, GATEWAY, REMOTE = map(f.ip, ("192.0.2.2", "192.0.2.3", "192.0.2.1", "198.51.100.10"))
SEQ = 1790000000000000
TODAY = SEQ * 1000  # the capture's clock, in nanoseconds: SEQ is at most an hour ahead of it
tap = Tap()
folder = tempfile.TemporaryDirectory(prefix="pearpd-document.")


def octets(text):
    """The octets of a block; every row says the offset that it begins at."""
    data = b""
    for line in text.splitlines():
        row = ROW.match(line)
        if row is None:
            continue
        if int(row.group(1)) != len(data):
            raise ValueError(f"row {line!r} is at offset {len(data)}")
        data += bytes.fromhex(row.group(2))
    return data


def read_document():
    text = open(DOCUMENT).read()
    blocks = {name: body for name, body in BLOCK.findall(text)}
    key = re.search(r"^Key id (\d+), key:\n\n```text\n([0-9a-f]{64})\n```$", text, re.MULTILINE)
    return blocks, int(key.group(1)), key.group(2)


def tlv(kind, value):
    return bytes([kind, len(value)]) + value


def asked(address, first, last, protocol=0):
    return f.port_address(address, first, last, protocol)


def states(host, kind, address, first, last, tlvs=b"", tha=f.ZERO, tpa=None):
    """CLAIM, RELEASE, CONFLICT."""
    held = asked(address, first, last)
    return f.pe_arp(f.ALL, host, kind, held, tha, tpa or held, tlvs=tlvs)


def answers(host, address, first, last, port, nonce, protocol=0, lifetime=0, tlvs=b""):
    return f.pe_arp(BRIDGE, host, f.REPLY, asked(address, first, last), BRIDGE, asked(address, port, port, protocol), nonce,
                    lifetime, tlvs)


def asks(nonce, address, port, host=None, protocol=0, tlvs=b""):
    return f.pe_arp(host or f.ALL, BRIDGE, f.REQUEST, f.NO_PORTS, host or f.ZERO, asked(address, port, port, protocol), nonce,
                    tlvs=tlvs)


def says_hello(address, tlvs):
    return f.pe_arp(f.ALL, BRIDGE, f.HELLO, f.NO_PORTS, f.ZERO, asked(address, 1024, 65535), 0, 5,
                    tlvs + tlv(4, BRIDGE))


PSID = tlv(1, bytes.fromhex("06083400"))
SERVICE = tlv(0x40, struct.pack(">BH", f.TCP, 3080) + b"_http._tcp.example.net")

# What each message is by the text around it; those of the bridge come first out of pearpd too.
EXPECTED = {
    "hello": says_hello(ONE, tlv(2, GATEWAY + ROUTER)),
    "claim": states(A, f.CLAIM, ONE, 2000, 2999),
    "challenge": asks(1, ONE, 2000, A),
    "reply": answers(A, ONE, 2000, 2999, 2000, 1),
    "request": asks(2, ONE, 3080, protocol=f.TCP),
    "reply-service": answers(B, ONE, 3000, 3999, 3080, 2, f.TCP, 300, SERVICE),
    "rival-claim": states(B, f.CLAIM, ONE, 2500, 3999),
    "conflict": states(A, f.CONFLICT, ONE, 2000, 2999, tha=B, tpa=asked(ONE, 2500, 3999)),
    "claim-psid": states(B, f.CLAIM, TWO, 1232, 64723, PSID),
    "challenge-psid": asks(4, TWO, 1232, B),
    "reply-psid": answers(B, TWO, 1232, 64723, 1232, 4, tlvs=PSID),
    "release": states(A, f.RELEASE, ONE, 2000, 2999),
}
FROM_BRIDGE = {"hello": 60, "challenge": 10, "request": 11, "challenge-psid": 30}
FROM_HOSTS = {"claim": 10, "reply": 10.001, "reply-service": 11.001, "rival-claim": 20, "conflict": 20.001,
              "claim-psid": 30, "reply-psid": 30.001, "release": 40}
ROUTER_ASKS = f.arp(f.ALL, ROUTER, 1, ROUTER, GATEWAY, f.ZERO, ONE)


def capture(name, timed, start):
    path = os.path.join(folder.name, name)
    captures.write(path, [(start + round(at * f.S), frame) for at, frame in sorted(timed, key=lambda one: one[0])])
    return path


def replay(conf, upstream, downstream, linger, start=f.START):
    """The run that begins at `start`, and the frames that left downstream with their times in seconds."""
    run = Run(conf, [("upstream", capture("up", upstream, start)), ("downstream", capture("down", downstream, start))],
              "--linger", str(linger))
    left = os.path.join(folder.name, "left")
    open(left, "wb").write(run.bytes["downstream"])
    return run, [((at - start) / f.S, frame) for at, _, frame in captures.read(left)[0]]


def owners(run):
    return [(one["address"], one["first_port"], one["last_port"], one["mac"]) for one in run.report["table"]
            if one["state"] != "published"]


def check_messages(blocks):
    found = {name.split()[1]: octets(body) for name, body in blocks.items() if name.startswith("pe-arp ")}
    tap.ok(found.keys() == EXPECTED.keys(), "the document has every message", f"{sorted(found)}")
    for name, frame in EXPECTED.items():
        tap.ok(found.get(name) == frame, f"{name} is the frame that its text describes",
               f"document {found.get(name, b'').hex()}\nexpected {frame.hex()}")
    return found


def check_conversation(conf, found):
    packet = f.packet(BRIDGE, ROUTER, REMOTE, 40000, ONE, 3080, f.TCP)
    downstream = [(at, found[name]) for name, at in FROM_HOSTS.items()]
    downstream.append((20.002, answers(A, ONE, 2000, 2999, 2000, 3)))
    run, left = replay(conf, [(0, ROUTER_ASKS), (11, packet)], downstream, 30)
    for name, at in FROM_BRIDGE.items():
        sent = [frame for when, frame in left if when == at]
        tap.ok(found[name] in sent, f"pearpd sends {name}", "\n".join(frame.hex() for frame in sent))
    tap.ok(run.status == 0 and run.drops() == {} and run.report["consumed"]["pe_arp"] == len(downstream),
           "pearpd takes in every message of a host", f"{run.drops()} {run.report['consumed']} {run.stderr}")
    tap.ok(owners(run) == [("192.0.2.2", 3000, 3999, B.hex(":")), ("192.0.2.3", 1232, 64723, B.hex(":"))],
           "and binds what the text says", owners(run))


def check_vectors(conf, blocks, key_id, key):
    vectors, hmacs = [], []
    for name, body in sorted(blocks.items()):
        if not name.startswith("pe-arp-auth"):
            continue
        vectors.append(octets(body))
        hmacs.append(re.search(r"^hmac ([0-9a-f]{64})$", body, re.MULTILINE).group(1))
    tap.ok(len(vectors) == 5, "the document has five vectors", len(vectors))
    for number, (vector, full) in enumerate(zip(vectors, hmacs), 1):
        computed = hmac.new(bytes.fromhex(key), vector[:-MAC_BYTES] + bytes(MAC_BYTES), hashlib.sha256).hexdigest()
        tap.ok(computed == full and vector[-MAC_BYTES:].hex() == full[:32], f"vector {number}: its MAC", computed)

    auth, sequence = tlv(0x7f, struct.pack(">I", key_id) + bytes(MAC_BYTES)), lambda n: tlv(3, struct.pack(">Q", n))
    unsigned = [f.pe_arp(f.ALL, BRIDGE, f.HELLO, f.NO_PORTS, f.ZERO, asked(ONE, 1024, 65535), 0, 5,
                         tlv(4, BRIDGE) + auth),
                asks(1, ONE, 2000, A, tlvs=auth), states(A, f.CLAIM, ONE, 2000, 2999, sequence(SEQ) + auth),
                answers(A, ONE, 2000, 2999, 2000, 1, tlvs=auth),
                states(A, f.RELEASE, ONE, 2000, 2999, sequence(SEQ + 1) + auth)]
    for number, (vector, frame) in enumerate(zip(vectors, unsigned), 1):
        tap.ok(vector[:-MAC_BYTES] == frame[HEADER:-MAC_BYTES], f"vector {number}: what it says", vector.hex())

    signed = [frame[:HEADER] + vector for vector, frame in zip(vectors, unsigned)]
    keys = f"\n[keys]\n{key_id} = {key}\n"
    run, left = replay(conf + keys, [(0, ROUTER_ASKS)], [(10, signed[2]), (10.001, signed[3]), (40, signed[4])], 5, TODAY)
    sent = [frame for _, frame in left]
    for number in (0, 1):
        tap.ok(signed[number] in sent, f"pearpd sends vector {number + 1}", "\n".join(frame.hex() for frame in sent))
    tap.ok(run.status == 0 and run.drops() == {} and run.report["consumed"]["pe_arp"] == 3 and
           run.report["counters"]["learned"] == run.report["counters"]["released"] == 1,
           "pearpd takes in vectors 3, 4 and 5: bound and released", f"{run.drops()} {run.report['counters']}")
    for number in (2, 3, 4):
        wrong = list(signed)
        wrong[number] = wrong[number][:-1] + bytes([wrong[number][-1] ^ 1])
        run, _ = replay(conf + keys, [(0, ROUTER_ASKS)], [(10, wrong[2]), (10.001, wrong[3]), (40, wrong[4])], 5, TODAY)
        tap.ok(run.drops().get("pe_arp_forged", 0) >= 1, f"but not vector {number + 1} with one bit of its MAC changed",
               run.drops())


def main():
    blocks, key_id, key = read_document()
    found = check_messages(blocks)
    if found.keys() == EXPECTED.keys():
        check_conversation(blocks["ini"], found)
    check_vectors(blocks["ini"], blocks, key_id, key)
    tap.end()


main()
