#!/usr/bin/python3
"""The Wireshark dissector etc/wireshark/pearp.lua, run by tshark: fields, TLVs, refusals, and frames of any shape.

What it calls refused is held against pearpd itself, which must drop the same frames. Skipped where tshark is missing.
"""
import glob
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import captures
from harness import ROOT, Run, Tap

sys.path.insert(0, os.path.join(ROOT, "pcaps"))
import make as m  # noqa: E402

SCRIPT = os.path.join(ROOT, "etc", "wireshark", "pearp.lua")
REFUSED = "[refused: "
tap = Tap()
folder = tempfile.TemporaryDirectory(prefix="pearpd-dissector.")


def tlv(kind, value, length=None):
    return struct.pack(">BB", kind, len(value) if length is None else length) + value


def service(protocol, port, name):
    return tlv(0x40, struct.pack(">BH", protocol, port) + name)


PSID = tlv(1, b"\x06\x08\x34\x00")
GATEWAY = tlv(2, m.GATEWAY + m.ROUTER)
SEQ = tlv(3, struct.pack(">Q", 2**40 + 9))
SHARED_MAC = tlv(4, m.BRIDGE)
AUTH = tlv(0x7f, struct.pack(">I", 7) + bytes(range(16)))


def tshark(path, *options, script=True):
    """(stdout, stderr); a crash or a Lua error in either is a failure of its own."""
    command = ["tshark", "-r", path, "-N", "n"]
    if script:
        command += ["-X", f"lua_script:{SCRIPT}"]
    home = dict(os.environ, HOME=folder.name, XDG_CONFIG_HOME=folder.name, LC_ALL="C.UTF-8", TZ="UTC")
    done = subprocess.run(command + list(options), capture_output=True, timeout=60, env=home)
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if done.returncode != 0 or "Lua" in out + err:
        lines = [line for line in (out + err).splitlines() if "Lua" in line]
        tap.ok(False, f"tshark reads {os.path.basename(path)}", "\n".join([f"status {done.returncode}", *lines[:5]]))
    return out, err


def write(name, frames):
    path = os.path.join(folder.name, name)
    captures.write(path, [(m.START + number * 10**7, frame) for number, frame in enumerate(frames)])
    return path


def fields(path, names, *options):
    """A dictionary for each frame; a field that stands there several times has `|` between."""
    wanted = [word for name in names for word in ("-e", name)]
    out, _ = tshark(path, "-n", "-2", "-T", "fields", "-E", "aggregator=|", *wanted, *options)
    return [dict(zip(names, line.split("\t"))) for line in out.split("\n")[:-1]]


def expect(what, seen, **wanted):
    wanted = {"pearp." + name.replace("__", "."): str(value) for name, value in wanted.items()}
    wrong = [f"{name}: expected {value}, got {seen.get(name)}" for name, value in wanted.items() if seen.get(name) != value]
    tap.ok(not wrong, what, "\n".join(wrong))


def hexed(data):
    return data.hex()


FIXED = ["hrd", "pro", "hln", "pln", "op", "sha", "spa", "spa.address", "spa.protocol", "spa.flags", "spa.first", "spa.last",
         "tha", "tpa", "tpa.address", "tpa.protocol", "tpa.flags", "tpa.first", "tpa.last", "version", "type", "lifetime",
         "nonce", "ext_len", "padding"]
IN_TLVS = ["tlv.type", "tlv.length", "tlv.value", "psid.offset", "psid.length", "psid", "psid.ports", "gateway", "gateway.mac",
           "seq", "shared_mac", "service.protocol", "service.port", "service.name", "auth.key_id", "auth.mac"]
MATCHED = ["reply_in", "reply_to", "reply_time"]
EVERY = ["pearp." + name for name in FIXED + IN_TLVS + MATCHED]
INFO, EXPERT, PROTOCOL = "_ws.col.Info", "_ws.expert.message", "_ws.col.Protocol"


def check_fields():
    """Each type, each fixed field and each TLV."""
    holding = m.port_address(m.SHARED, 2000, 2999, m.TCP)
    whole = m.pe_arp(m.BRIDGE, m.A, m.REPLY, holding, m.BRIDGE, m.port_address(m.SHARED, 2500, 2500, m.UDP), 7, 120)
    frames = [m.request(7, 2500), whole, m.claim(m.A, 2000, 2999), m.claim(m.A, 2000, 2999, m.RELEASE, SEQ + AUTH),
              m.pe_arp(m.ALL, m.A, m.CONFLICT, m.port_address(m.SHARED, 2000, 2999), m.B,
                       m.port_address(m.SHARED, 2500, 3500)),
              m.hello(gateway=m.GATEWAY + m.ROUTER), m.request(2**64 - 1, 2000, m.A, m.SCTP),
              m.claim(m.A, 1232, 64723, tlvs=PSID), m.claim(m.A, 2816, 3071, tlvs=tlv(1, b"\x00\x08\x0b\x00")),
              m.claim(m.A, 2000, 2999, tlvs=tlv(0x40, b"") + tlv(0x7e, b"\xaa\xbb") + AUTH),
              m.claim(m.A, 2000, 2999, tlvs=service(6, 2080, b"_http._tcp.example.net") + service(17, 2053, b"dns") +
                      service(6, 2080, b"a..b") + service(0, 1, b"x") + AUTH)]
    seen = fields(write("fields.pcap", frames), EVERY + [INFO, EXPERT, PROTOCOL])
    tap.ok(len(seen) == len(frames), "a line for each frame", len(seen))
    a, b, bridge = (one.hex(":") for one in (m.A, m.B, m.BRIDGE))
    ask, reply, claim, release, conflict, hello, challenge, port_set, block, skipped, served = seen
    expect("header", reply, hrd=1, pro="0x88b5", hln=6, pln=10, op=25, sha=a, tha=bridge, version=1, type=2, lifetime=120,
           nonce=7, ext_len=0)
    expect("spa", reply, spa="192.35.162.2:2000-2999/TCP", spa__address="192.35.162.2", spa__protocol=6, spa__flags="0x00",
           spa__first=2000, spa__last=2999)
    expect("tpa", reply, tpa="192.35.162.2:2500/UDP", tpa__address="192.35.162.2", tpa__protocol=17, tpa__flags="0x00",
           tpa__first=2500, tpa__last=2500)
    expect("request", ask, op=24, type=1, spa="0.0.0.0:0", tpa="192.35.162.2:2500", tha="00:00:00:00:00:00",
           padding="", nonce=7)
    expect("the largest nonce", challenge, nonce=2**64 - 1, tpa__protocol=132, tha=a)
    expect("claim", claim, op=25, type=3, tlv__type="")
    expect("release, SEQ, AUTH", release, type=4, ext_len=32, tlv__type="0x03|0x7f", tlv__length="8|20", seq=2**40 + 9,
           auth__key_id=7, auth__mac=hexed(bytes(range(16))))
    expect("conflict", conflict, type=5, tha=b, spa__last=2999, tpa__last=3500)
    expect("hello, GATEWAY, SHARED-MAC", hello, op=24, type=6, tlv__type="0x02|0x04", gateway="192.35.162.1",
           gateway__mac=m.ROUTER.hex(":"), shared_mac=bridge, lifetime=5)
    expect("PSID", port_set, tlv__type="0x01", psid__offset=6, psid__length=8, psid="0x0034",
           psid__ports="1232-1235, 2256-2259, 3280-3283, 4304-4307, ... 64720-64723 (63 ranges)")
    expect("PSID of offset 0", block, psid__offset=0, psid__length=8, psid="0x000b", psid__ports="2816-3071")
    expect("unknown TLVs from 0x40 on", skipped, tlv__type="0x40|0x7e|0x7f", tlv__value="aabb", auth__key_id=7)
    tap.ok(skipped[EXPERT].count("skipped") == 2 and REFUSED not in skipped[INFO], "they are skipped", skipped)
    expect("services", served, service__protocol="6|17", service__port="2080|2053",
           service__name="_http._tcp.example.net|dns", tlv__type="0x40|0x40|0x40|0x40|0x7f", auth__key_id=7)
    tap.ok(served[EXPERT].count("skipped") == 2 and REFUSED not in served[INFO], "those that say nothing are skipped", served)
    expect("reply to", reply, reply_to=1, reply_in="", reply_time="0.010000000")
    expect("reply in", ask, reply_in=2, reply_to="")
    expect("no reply", challenge, reply_in="", reply_to="")
    for one, text in (
            (ask, "Who has 192.35.162.2:2500? (nonce 7)"),
            (reply, f"192.35.162.2:2000-2999/TCP is at {a}, for 120 s (nonce 7)"),
            (claim, "Claim 192.35.162.2:2000-2999"), (release, "Release 192.35.162.2:2000-2999"),
            (conflict, f"Conflict: {b} claimed 192.35.162.2:2500-3500, mine is 192.35.162.2:2000-2999"),
            (hello, "Hello, the bridge of 192.35.162.2:2000-9999 (epoch 0, claims within 5 s)"),
            (challenge, f"Does {a} have 192.35.162.2:2000/SCTP? (nonce {2**64 - 1})"),
            (port_set, "Claim 192.35.162.2:1232-64723 (port set 6/8, PSID 52)")):
        tap.ok(one[INFO] == text and one[PROTOCOL] == "PE-ARP", "Info: " + text, one[INFO])
    tap.ok(not any(one[EXPERT] for one in seen[:-2]), "no expert has a word to say", [one[EXPERT] for one in seen])


def check_names():
    """What people read in the tree, by its words."""
    frames = [m.hello(gateway=m.GATEWAY + m.ROUTER), m.claim(m.A, 1232, 64723, tlvs=PSID + SEQ + AUTH), m.request(1, 2000)]
    out, _ = tshark(write("names.pcap", frames), "-V", "-n")
    for words in ("Operation: OP_EXP1 (24)", "Operation: OP_EXP2 (25)", "Type: HELLO (6)", "Type: CLAIM (3)",
                  "Type: REQUEST (1)", "Protocol: any with ports (0)", "TLV GATEWAY: 192.35.162.1",
                  "TLV SHARED-MAC: 02:50:45:00:00:01", "TLV PSID: 6/8, PSID 52", f"TLV SEQ: {2**40 + 9}", "TLV AUTH: key 7",
                  "Lifetime: 5 seconds for the claims", "Lifetime: 0: the receiver's default", "Nonce: 0 (the epoch)"):
        tap.ok(words in out, words)


def changed(frame, at, data):
    """The frame with other bytes at that offset of its payload."""
    return frame[:14 + at] + data + frame[14 + at + len(data):]


def check_encapsulations():
    """Both EtherTypes, with and without a tag; neighbours on them are left as they were."""
    ours = [m.claim(m.A, 2000, 2999, ethertype=ethertype, tag=tag) for ethertype in (0x88b5, 0x806)
            for tag in (None, 100, 0xe064)]
    seen = fields(write("ours.pcap", ours), ["pearp.spa", "vlan.id", INFO, PROTOCOL])
    tap.ok([one["pearp.spa"] for one in seen] == ["192.35.162.2:2000-2999"] * 6 and
           [one["vlan.id"] for one in seen] == ["", "100", "100"] * 2, "both EtherTypes, tagged and untagged", seen)
    claim = m.claim(m.A, 2000, 2999)
    foreign = [m.ask(m.A, m.SHARED, m.OTHER), m.padded(m.reply(m.ALL, m.A, m.SHARED, m.OTHER, tag=5)),
               m.ask(m.A, m.SHARED, m.OTHER, hardware=6), m.eth(m.ALL, m.A, 0x806, b"\0\1"),
               m.eth(m.ALL, m.A, 0x88b5, b"experiment of another kind"), m.eth(m.ALL, m.A, 0x88b5, b"\0\1\x88\xb5\6\n\0"),
               changed(claim, 0, b"\0\6"), changed(claim, 2, b"\x08\0"), m.eth(m.ALL, m.A, 0x88b5, b"\0")]
    path = write("foreign.pcap", foreign)
    with_script, without = (tshark(path, "-V", script=script)[0] for script in (True, False))
    without = without.replace("eth:ethertype:arp", "eth:ethertype:pearp:arp")
    without = without.replace("vlan:ethertype:arp", "vlan:ethertype:pearp:arp")
    tap.ok(with_script == without and "Address Resolution Protocol" in without, "others' frames are dissected as before",
           "\n".join(a + " <> " + b for a, b in zip(with_script.splitlines(), without.splitlines()) if a != b))
    tap.ok(fields(path, ["pearp"], "-Y", "pearp") == [], "and the filter pearp does not find them")
    requests = len(fields(path, ["arp.opcode"], "-Y", "arp.opcode == 1"))
    tap.ok(requests == 2, "the filter arp finds what is plain ARP", requests)


CLAIM = m.claim(m.A, 2000, 2999)
ASKS = m.pe_arp(m.ALL, m.A, m.REQUEST, m.NO_PORTS, m.ZERO, m.port_address(m.SHARED, 2000, 2000))


def with_tlvs(tlvs, first=2000, last=2999):
    return m.claim(m.A, first, last, tlvs=tlvs)


# Name of the expert info (None: all is well), frame.
JUDGED = [
    (None, CLAIM), (None, with_tlvs(SEQ)), (None, with_tlvs(tlv(0x40, b"x" * 200) + tlv(0x7e, b""))),
    (None, with_tlvs(tlv(0x55, b"x" * 254) + tlv(0x56, b"x" * 254))),
    (None, changed(CLAIM, 19, b"\xff")),
    ("sha", m.moved(CLAIM, source=m.B)), ("lengths", changed(CLAIM, 4, b"\x08")), ("lengths", changed(CLAIM, 5, b"\x04")),
    ("cut", CLAIM[:14 + 53]), ("cut", CLAIM[:14 + 41]), ("cut", CLAIM[:14 + 20]), ("cut", CLAIM[:14 + 8]),
    ("version", changed(CLAIM, 40, b"\x02")), ("type", changed(CLAIM, 41, b"\x00")), ("type", changed(CLAIM, 41, b"\x07")),
    ("op", changed(CLAIM, 6, b"\0\x18")), ("op", changed(ASKS, 6, b"\0\x19")), ("op", changed(CLAIM, 6, b"\0\1")),
    ("ports", changed(CLAIM, 20, struct.pack(">HH", 3000, 2999))), ("ports", changed(CLAIM, 36, struct.pack(">HH", 1, 0))),
    ("ext_len", with_tlvs(tlv(0x55, b"x" * 255) + tlv(0x56, b"x" * 254))),
    ("ext_beyond", changed(CLAIM, 52, b"\0\1")), ("ext_beyond", with_tlvs(SEQ)[:-1]),
    ("tlv.cut", with_tlvs(b"\x7e")), ("tlv.cut", with_tlvs(SEQ + b"\x7e")), ("tlv.cut", with_tlvs(tlv(0x7e, b"abc", 4))),
    ("tlv.cut", with_tlvs(tlv(3, bytes(7), 8))),
    ("tlv.unknown", with_tlvs(tlv(0x3e, b"ab"))), ("tlv.unknown", with_tlvs(tlv(0x00, b""))),
    ("tlv.unknown", with_tlvs(tlv(0x3f, b"ab"))),
    ("tlv.length", with_tlvs(tlv(3, bytes(7)))), ("tlv.length", with_tlvs(tlv(1, bytes(5)))),
    ("tlv.length", with_tlvs(tlv(2, b""))), ("tlv.length", with_tlvs(tlv(4, bytes(7)))),
    ("tlv.length", with_tlvs(tlv(0x7f, bytes(19)))),
    ("tlv.repeated", with_tlvs(SEQ + SEQ)), ("tlv.auth_last", with_tlvs(AUTH + SEQ)),
    ("tlv.auth_last", with_tlvs(AUTH + tlv(0x7e, b""))), ("tlv.auth_last", with_tlvs(AUTH + AUTH)),
    ("psid.value", with_tlvs(tlv(1, b"\x10\x01\0\0"))), ("psid.value", with_tlvs(tlv(1, b"\x00\x00\0\0"))),
    ("psid.value", with_tlvs(tlv(1, b"\x08\x09\0\0"))), ("psid.value", with_tlvs(tlv(1, b"\x06\x08\x34\x01"))),
    ("psid.value", with_tlvs(tlv(1, b"\x00\xff\xff\xff"))),
    ("psid.bounds", with_tlvs(PSID, 1232, 64722)), ("psid.bounds", with_tlvs(PSID, 1231, 64723)),
]


def judged_by_pearpd(frame, psid):
    """True where pearpd drops the frame as bad or forged."""
    path = write("one.pcap", [frame])
    conf = m.CONF.format(bridge="", address="psid = 6/8" if psid else "", rest="")
    run = Run(conf.replace("ports = 2000-9999", "ports = 1024-65535") if psid else conf, [("downstream", path)])
    drops = run.drops()
    return sum(drops.get(name, 0) for name in ("pe_arp_bad", "pe_arp_forged")) == 1


def check_refusals():
    seen = fields(write("judged.pcap", [frame for _, frame in JUDGED]), [INFO, "frame.protocols"])
    found = {}
    names = sorted({name for name, _ in JUDGED if name})
    columns = ["frame.number"] + ["pearp.expert." + name for name in names]
    for row in fields(os.path.join(folder.name, "judged.pcap"), columns):
        found[int(row["frame.number"])] = [name for name in names if row["pearp.expert." + name]]
    for number, (name, frame) in enumerate(JUDGED, 1):
        info = seen[number - 1][INFO]
        good = (name in found[number] and REFUSED in info) if name else (not found[number] and REFUSED not in info)
        tap.ok(good, f"frame {number}: {name or 'nothing to refuse'}", f"{found[number]} {info} {frame.hex()}")
        psid = name == "psid.bounds"
        tap.ok(judged_by_pearpd(frame, psid) == bool(name), f"frame {number}: and so does pearpd", frame.hex())


FULL = m.pe_arp(m.ALL, m.A, m.CLAIM, m.port_address(m.SHARED, 1232, 64723), m.ZERO, m.port_address(m.SHARED, 1232, 64723),
                tlvs=PSID + GATEWAY + SEQ + SHARED_MAC + tlv(0x7e, b"xyz") + AUTH)


def write_snapped(name, frame, shortest=14):
    """A capture of that frame at every snapshot length."""
    path = os.path.join(folder.name, name)
    captures.write(path, [])
    with open(path, "ab") as out:
        for kept in range(shortest, len(frame)):
            out.write(struct.pack("<IIII", 1000, kept, kept, len(frame)) + frame[:kept])
    return path


def check_cut():
    """What is there of a message is shown."""
    whole = m.holds(m.A, 2000, 2999, 2**40 + 7, 2500, lifetime=120)
    seen = fields(write("cut-once.pcap", [whole[:14 + length] for length in (53, 52, 51, 40, 8)]), EVERY)
    expect("cut in ext_len", seen[0], sha=m.A.hex(":"), tha=m.BRIDGE.hex(":"), version=1, type=2, lifetime=120,
           nonce=2**40 + 7, ext_len="")
    expect("cut behind the nonce", seen[1], nonce=2**40 + 7)
    expect("cut in the nonce", seen[2], lifetime=120, nonce="")
    expect("cut behind tpa", seen[3], tha=m.BRIDGE.hex(":"), version="")
    expect("cut behind the operation", seen[4], op=25, sha="")
    frame = with_tlvs(tlv(0x7e, b"abc", 4))
    seen = fields(write_snapped("both.pcap", frame, len(frame) - 1), ["pearp.expert.tlv.cut", INFO])
    tap.ok(seen[0]["pearp.expert.tlv.cut"] and REFUSED in seen[0][INFO], "a TLV too long is told also when snapped", seen)


def check_any_shape():
    """Cut at each byte, by the sender and by the capture; and frames with random bytes in them."""
    for ethertype in (0x88b5, 0x806):
        frame = FULL[:12] + struct.pack(">H", ethertype) + FULL[14:]
        cut = [frame[:length] for length in range(14 + 8, len(frame))]
        seen = fields(write("cut.pcap", cut), [INFO])
        passed = [one[INFO] for one in seen if REFUSED not in one[INFO]]
        tap.ok(len(seen) == len(cut) and not passed, f"0x{ethertype:04x} cut at each byte: refused", passed)
        seen = fields(write_snapped("snapped.pcap", frame), [INFO, EXPERT], "-Y", "pearp")
        kept = "The capture kept less than the frame"
        noted = [one for one in seen if kept in one[EXPERT] and REFUSED not in one[INFO]]
        tap.ok(len(seen) == len(noted) == len(frame) - 14 - 8, f"0x{ethertype:04x} snapped at each byte: noted, not refused",
               [one for one in seen if one not in noted])
    generator = random.Random(1)
    frames = []
    for _ in range(3000):
        frame = bytearray(FULL)
        for _ in range(generator.randint(1, 6)):
            byte = generator.choice((0, 1, 3, 6, 0x40, 0x7f, 0xff, generator.randrange(256)))
            frame[generator.randrange(18, len(frame))] = byte
        length = generator.choice((len(frame), generator.randrange(22, len(frame))))
        frames.append(bytes(frame[:length]))
    path = write("random.pcap", frames)
    count = tap.failed
    out, _ = tshark(path, "-V", "-2")
    tap.ok(tap.failed == count and out.count("Port-Extended ARP, ") == len(frames), "3000 frames with random bytes",
           out.count("Port-Extended ARP, "))


def check_cases():
    """Every PE-ARP frame of the replay cases that the bridge made is one that the dissector finds nothing wrong with."""
    frames = []
    for path in sorted(glob.glob(os.path.join(ROOT, "pcaps", "*.pcap"))):
        frames += [frame for _, length, frame in captures.read(path)[0] if length == len(frame)]
    seen = fields(write("cases.pcap", frames), ["eth.src", INFO], "-Y", "pearp")
    made = [one for one in seen if one["eth.src"] == m.BRIDGE.hex(":")]
    tap.ok(len(made) > 50 and not [one for one in made if REFUSED in one[INFO]], "what the bridge sends in pcaps/ is well",
           [len(made)] + [one for one in made if REFUSED in one[INFO]])
    tap.ok(len(seen) > len(made), "and what hosts send there is found", len(seen))


if shutil.which("tshark"):
    check_fields()
    check_names()
    check_encapsulations()
    check_refusals()
    check_cut()
    check_any_shape()
    check_cases()
else:
    tap.skip("the dissector", "tshark is not installed")
folder.cleanup()
tap.end()
