"""Replay cases of hosts that lie: PE-ARP wrong in each field, with keys, tags, the MAC addresses of others."""
import hashlib
import hmac as hmac_
import struct

from case import Case
from frames import *  # noqa: F401, F403
from hard_cases import GRE, owned


def cut(frame, start, data):
    """The frame with `data` at `start` behind the Ethernet header."""
    return frame[:14 + start] + data + frame[14 + start + len(data):]


def tlv(kind, value):
    return struct.pack(">BB", kind, len(value)) + value


def field_cases():
    c = Case("pe-arp-fields", "PE-ARP wrong in one field: each its drop, nothing learned; somebody else's frame is bridged")
    good = claim(M, 5000, 5999)
    bad = [cut(good, 4, b"\x05"), cut(good, 5, b"\x09"), cut(good, 6, b"\x00\x18"), cut(good, 6, b"\x00\x01"),
           cut(good, 14, NEAR), cut(good, 20, b"\x17\x70\x17\x6f"), cut(good, 36, b"\x17\x70\x17\x6f"),
           cut(good, 40, b"\x00"), cut(good, 40, b"\x02"), cut(good, 41, b"\x00"), cut(good, 41, b"\x07"),
           cut(good, 52, b"\x00\x01"), cut(good, 52, b"\x02\x01") + bytes(513), good[:-1],
           claim(M, 1999, 2999), claim(M, 9000, 10000),
           claim(M, 5000, 5999, tlvs=tlv(0x3f, b"x")), claim(M, 5000, 5999, tlvs=tlv(3, bytes(7))),
           claim(M, 5000, 5999, tlvs=b"\x03"), claim(M, 5000, 5999, tlvs=b"\x03\x09" + bytes(8)),
           claim(M, 5000, 5999, tlvs=tlv(0x7f, bytes(20)) + tlv(3, bytes(8))), claim(M, 5000, 5999, tlvs=tlv(0x7f, bytes(19))),
           claim(M, 5000, 5999, tlvs=tlv(3, bytes(8)) * 2), claim(M, 5000, 5999, tlvs=tlv(1, b"\x06\x08\x34\x00")),
           cut(good, 36, struct.pack(">HH", 5000, 5998)), cut(good, 34, b"\x06")]
    at = 1.0
    for frame in bad:
        at += 0.01
        c.dropped(at, "downstream", frame, "pe_arp_bad")
    for frame in (cut(good, 8, A), moved(good, source=B)):
        at += 0.01
        c.dropped(at, "downstream", frame, "pe_arp_forged")
    for frame in (cut(good, 0, b"\x00\x06"), cut(good, 2, b"\x08\x00"), good[:14 + 7]):
        at += 0.01
        c.bridged(at, "downstream", frame)
    c.dropped(at + 0.01, "upstream", moved(claim(ROUTER, 5000, 5999)), "pe_arp_bad")
    # Flags and unknown TLVs from 0x40 on are passed over.
    c.told(1.9, cut(claim(A, 2000, 2999, tlvs=tlv(0x40, b"new") + tlv(0x7e, b"")), 19, b"\xff"))
    c.make(1.9, "downstream", request(1, 2000, A))
    c.told(1.95, holds(A, 2000, 2999, 1, 2000))
    c.count(requests=1, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")


def sign(frame, key, ident):
    """The PE-ARP frame with an AUTH behind its TLVs, padded as it leaves."""
    packet = frame[14:]
    length = struct.unpack(">H", packet[52:54])[0]
    packet = packet[:52] + struct.pack(">H", length + 22) + packet[54:54 + length] + struct.pack(">BBI", 0x7f, 20, ident)
    return frame[:14] + packet + hmac_.new(key, packet + bytes(16), hashlib.sha256).digest()[:16]


def key_cases():
    one, two, other = bytes(range(32)), bytes(range(32, 64)), bytes(32)
    c = Case("keys", "with keys: what is not authentic teaches nothing, SEQ must grow, the lowest id signs",
             rest=f"[keys]\n7 = {two.hex()}\n5 = {one.hex()}\n", start=False)
    c.make(0, "upstream", gratuitous())
    c.make(0, "downstream", sign(pe_arp(ALL, BRIDGE, HELLO, NO_PORTS, ZERO, port_address(SHARED, 2000, 9999), 0, 5,
                                        b"\x04\x06" + BRIDGE), one, 5))
    c.later = [(2, "upstream", gratuitous())]

    def seq(number):
        return tlv(3, struct.pack(">Q", number))

    def challenge(at, nonce):
        c.make(at, "downstream", sign(pe_arp(A, BRIDGE, REQUEST, NO_PORTS, A, port_address(SHARED, 2000, 2000), nonce), one, 5))
        c.count(requests=1)

    for number, frame in enumerate((claim(A, 2000, 2999), claim(A, 2000, 2999, tlvs=seq(9)), sign(claim(A, 2000, 2999), one, 5),
                                    sign(claim(A, 2000, 2999, tlvs=seq(9)), other, 5), sign(claim(A, 2000, 2999, tlvs=seq(9)), one, 6),
                                    sign(claim(A, 2000, 2999, tlvs=seq(9)), one, 7), moved(sign(claim(A, 2000, 2999, tlvs=seq(9)), one, 5), source=M),
                                    sign(claim(A, 2000, 2999, tlvs=seq(9)), one, 5)[:-1] + b"\x00")):
        c.dropped(1 + number / 100, "downstream", frame, "pe_arp_forged")
    c.dropped(1.1, "downstream", sign(claim(A, 1999, 2999, tlvs=seq(9)), one, 5), "pe_arp_bad")
    good = sign(claim(A, 2000, 2999, tlvs=seq(10)), two, 7)
    c.told(1.2, good)
    challenge(1.2, 1)
    c.dropped(1.3, "downstream", good, "pe_arp_forged")
    c.dropped(1.4, "downstream", holds(A, 2000, 2999, 1, 2000), "pe_arp_forged")
    c.dropped(1.5, "downstream", sign(holds(A, 2000, 2999, 2, 2000), one, 5), "pe_arp_forged")
    c.told(1.6, sign(holds(A, 2000, 2999, 1, 2000), one, 5))
    c.count(learned=1)
    c.dropped(2.5, "downstream", sign(claim(A, 2000, 2999, RELEASE, tlvs=seq(10)), two, 7), "pe_arp_forged")
    c.told(2.6, sign(claim(A, 2000, 2999, RELEASE, tlvs=seq(11)), one, 5))
    challenge(2.6, 2)
    c.told(2.7, sign(holds(A, 2000, 2999, 2, 2000), two, 7))
    c.count(pe_arp_seq_old=3)
    c.owner(2000, 2999, A, "reachable", "pe-arp")


def tag_cases():
    c = owned("tags", "tags: VID 0 is none, its tag kept; another VLAN, 802.1ad and two tags are bridged untouched")
    c.delivered(1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000, tag=0x6000), A)
    c.bridged(1.1, "downstream", packet(ROUTER, B, SHARED, 3000, REMOTE, 53, tag=0xe000), BRIDGE)
    c.dropped(1.2, "downstream", packet(ROUTER, B, SHARED, 2000, REMOTE, 53, tag=0), "source_port_violation")
    c.count(violations=1)
    inner = packet(ROUTER, M, SHARED, 2000, REMOTE, 53, tag=9)
    service = inner[:12] + b"\x88\xa8" + inner[14:]
    for number, frame in enumerate((inner, service, inner[:12] + b"\x88\xa8\x00\x00" + inner[12:],
                                    inner[:12] + b"\x81\x00\x00\x00" + inner[12:])):
        c.bridged(1.3 + number / 10, "downstream", frame)

    c = owned("tags-disguise", "tags with VID 0 that a stock receiver passes over, of any TPID: bridged as they are, but they hide nothing")
    capture, plain = ask(M, SHARED, SHARED), packet(ROUTER, M, SHARED, 9000, REMOTE, 53)
    stolen, to_a = packet(ROUTER, M, SHARED, 2000, REMOTE, 53), packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000)
    for number, tags in enumerate((b"\x88\xa8\x00\x00", b"\x81\x00\x00\x00\x81\x00\xe0\x00", b"\x88\xa8\x00\x00\x81\x00\x00\x00",
                                   b"\x81\x00\x00\x00" * 5)):
        at = 1 + number / 10

        def in_tags(frame, tags=tags):
            return frame[:12] + tags + frame[12:]
        c.dropped(at, "downstream", in_tags(capture), "arp_capture")
        c.dropped(at, "downstream", in_tags(stolen), "source_port_violation")
        c.count(captures=1, violations=1)
        c.bridged(at + 0.01, "downstream", in_tags(plain))
        c.bridged(at + 0.02, "upstream", in_tags(to_a))
        c.bridged(at + 0.03, "downstream", in_tags(ask(M, NEAR, GATEWAY)))
        c.bridged(at + 0.04, "downstream", in_tags(ipv4(ROUTER, M, SHARED, REMOTE, GRE, bytes(30))))
        c.dropped(at + 0.05, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30)), "no_owner")
        c.bridged(at + 0.06, "downstream", in_tags(echo(ROUTER, M, SHARED, REMOTE, 8, 7, 7)))
        c.dropped(at + 0.07, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 7, 7), "no_owner")
        c.dropped(at + 0.08, "downstream", in_tags(ipv4(ROUTER, M, SHARED, REMOTE, UDP, b"of A's datagram", fragment=185, ident=7)), "fragment_orphan")
        c.bridged(at + 0.09, "downstream", in_tags(ipv4(ROUTER, M, NEAR, REMOTE, UDP, b"of its own", fragment=185, ident=7)))

    c = Case("vlan-hopping", "the subnet in VLAN 5: tags of other shapes neither reach it nor leave it", bridge="vlan = 5", tag=5,
             rest="[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n")
    c.owner(2000, 2999, A, "permanent", "config")
    c.delivered(1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000, tag=0xe005), A)
    c.come(1.05, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 1, 1, tag=0x4005))
    c.consume("echo_answered")
    c.make(1.05, "upstream", echo(ROUTER, BRIDGE, SHARED, REMOTE, 0, 1, 1, tag=0x4005, flags=0x4000))
    plain = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000)
    tagged = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000, tag=5)
    for number, frame in enumerate((plain, tagged[:14] + b"\x00\x00" + tagged[16:], tagged[:14] + b"\x00\x06" + tagged[16:],
                                    tagged[:12] + b"\x88\xa8" + tagged[14:], tagged[:12] + b"\x81\x00\x00\x05" + tagged[12:],
                                    tagged[:12] + b"\x81\x00\x00\x00" + tagged[12:], tagged[:12] + b"\x88\xa8\x00\x05" + tagged[12:])):
        c.bridged(1.1 + number / 10, "upstream", frame)
    c.dropped(2.1, "downstream", packet(ROUTER, M, SHARED, 2000, REMOTE, 53, tag=5), "source_port_violation")
    c.count(violations=1)
    c.dropped(2.2, "downstream", ask(M, SHARED, SHARED, tag=5), "arp_capture")
    c.count(captures=1)
    c.bridged(2.3, "downstream", ask(M, SHARED, SHARED))


    c = Case("vlan-disguise", "behind the subnet's tag and one with VID 0: a host teaches nothing, and takes no other's port",
             bridge="vlan = 5", tag=5, rest="[range 192.35.162.2:3000-3999]\nmac = 00:0c:29:39:44:ab\n")
    c.owner(3000, 3999, B, "permanent", "config")
    for at, tags in ((1, b"\x81\x00\x00\x05\x81\x00\x00\x00"), (1.5, b"\x88\xa8\x00\x00\x81\x00\x00\x05")):
        free, stolen = packet(ROUTER, M, SHARED, 2500, REMOTE, 53), packet(ROUTER, M, SHARED, 3000, REMOTE, 53)
        c.bridged(at, "downstream", free[:12] + tags + free[12:])
        c.dropped(at + 0.1, "downstream", stolen[:12] + tags + stolen[12:], "source_port_violation")
        c.count(violations=1)


def source_cases():
    c = owned("bad-source", "the router's MAC, the bridge's, and one heard upstream are not believed downstream in their VLAN",
              bridge="router-mac = 00:12:7f:c4:38:d4", rest="[limits]\nmac-age = 45\n")
    configured = mac("00:12:7f:c4:38:d4")
    for at, source in ((1, ROUTER), (1.1, BRIDGE), (1.2, configured)):
        c.dropped(at, "downstream", packet(NEIGHBOUR, source, SHARED, 9000, REMOTE, 53), "bad_source")
        c.count(bad_sources=1)
    for at, tags in ((1.3, b"\x81\x00\x00\x00"), (1.4, b"\x88\xa8\x00\x00"), (1.5, b"\x88\xa8\x00\x00\x81\x00\x00\x00")):
        frame = eth(ALL, configured, 0x88b6, b"read through")
        c.dropped(at, "downstream", frame[:12] + tags + frame[12:], "bad_source")
        c.count(bad_sources=1)
    c.bridged(1.6, "downstream", eth(ALL, configured, 0x88b6, b"VRRP of another VLAN", tag=7))
    # Heard to a group only: for 30 s. To one machine, or asking for a shared address: for mac-age.
    other, asker = mac("00:12:7f:00:00:01"), mac("00:12:7f:00:00:02")
    for at, frame in ((2, eth(ALL, M, 0x88b6, b"group")), (2.1, eth(A, other, 0x88b6, b"unicast"))):
        c.bridged(at, "upstream", frame)
    c.come(2.2, "upstream", ask(asker, GATEWAY, SHARED))
    c.consume("arp_answered")
    c.make(2.2, "upstream", reply(asker, BRIDGE, SHARED, GATEWAY))
    c.bridged(2.3, "downstream", eth(ALL, other, 0x88b6, b"of another VLAN", tag=7))
    for at, source in ((31.9, M), (33, other), (33.1, asker), (47, other), (47.1, asker)):
        c.dropped(at, "downstream", eth(ALL, source, 0x88b6, b"down"), "bad_source")
        c.count(bad_sources=1)
        if at < 32:
            c.bridged(32.1, "downstream", eth(ALL, source, 0x88b6, b"down"))
    for at, source in ((47.2, other), (47.3, asker)):
        c.bridged(at, "downstream", eth(ALL, source, 0x88b6, b"down"))
    c.count(mac_moves=1)

    c = owned("reflected", "upstream gives hosts' frames back: dropped, nobody is cut off; one that owns nothing moves by a frame to one machine")
    back = eth(mac("33:33:00:00:00:02"), M, 0x86dd, bytes(40))
    for at in (1, 40):
        c.bridged(at, "downstream", back)
        c.dropped(at + 0.1, "upstream", back, "reflected")
        c.dropped(at + 0.2, "upstream", eth(ALL, A, 0x88b6, b"never seen, but it owns ports"), "reflected")
        c.bridged(at + 0.3, "downstream", packet(ROUTER, A, SHARED, 2000, REMOTE, 53), BRIDGE)
    c.bridged(41, "downstream", eth(ALL, M, 0x88b6, b"host", tag=9))
    c.dropped(41.1, "upstream", eth(ALL, M, 0x88b6, b"host", tag=9), "reflected")
    c.bridged(41.2, "upstream", eth(ALL, A, 0x88b6, b"in a VLAN where it is not a host", tag=9))
    c.dropped(42, "upstream", eth(ROUTER, A, 0x88b6, b"forged"), "bad_source")
    c.delivered(42.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000), A)
    c.bridged(42.2, "upstream", eth(B, M, 0x88b6, b"it moved"))
    c.bridged(42.3, "upstream", eth(ALL, M, 0x88b6, b"and sends to all"))
    c.dropped(43, "downstream", eth(ALL, M, 0x88b6, b"no longer here"), "bad_source")
    c.count(bad_sources=2, mac_moves=1)

    c = owned("off", "source-ports = off: nothing of a host is judged but what would take the address",
              bridge="[policy]\nsource-ports = off")
    for number, frame in enumerate((packet(ROUTER, M, SHARED, 2000, REMOTE, 53), packet(ROUTER, M, SHARED, 3000, REMOTE, 53, TCP),
                                    ipv4(ROUTER, M, SHARED, REMOTE, GRE, bytes(8)))):
        c.bridged(1 + number / 10, "downstream", frame, BRIDGE)
    c.dropped(2, "downstream", ask(M, SHARED, SHARED), "arp_capture")
    c.count(captures=1)


    c = owned("hosts-that-lie", "PE-ARP from upstream and a DHCP ACK from a host teach nothing")
    for number, frame in enumerate((claim(ROUTER, 5000, 5999), holds(ROUTER, 5000, 5999, 1, 5000), claim(ROUTER, 2000, 2999, RELEASE))):
        c.dropped(1 + number / 10, "upstream", frame, "pe_arp_bad")
    boot = struct.pack(">BBBB", 2, 1, 6, 0) + bytes(12) + SHARED + bytes(8) + M + bytes(202) + bytes.fromhex("63825363") + b"\x35\x01\x05\x9f\x04\x06\x08\x34\x00\xff"
    body = struct.pack(">HHHH", 67, 68, 8 + len(boot), 0) + boot
    c.bridged(2.5, "downstream", ipv4(ALL, M, NEAR, b"\xff" * 4, UDP, body))
    c.dropped(2.6, "downstream", ipv4(BRIDGE, M, NEAR, SHARED, UDP, body), "same_port")
    c.dropped(2.7, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 5500), "no_owner")


def port_set_cases():
    psid = "psid = {}"
    c = Case("port-set-contiguous", "offset 0: 16 ranges of 4,096 ports; claimed, learned from traffic, refused",
             address=psid.format("0/4"), first=0, last=65535)
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 0-65535")
    two = tlv(1, b"\x00\x04\x20\x00")
    for number, frame in enumerate((claim(A, 8192, 12287), claim(A, 8192, 12286, tlvs=two), claim(A, 4096, 8191, tlvs=two),
                                    claim(A, 8192, 12287, tlvs=tlv(1, b"\x00\x03\x20\x00")), claim(A, 8192, 12287, tlvs=tlv(1, b"\x01\x04\x20\x00")),
                                    claim(A, 8192, 12287, tlvs=tlv(1, b"\x00\x04\x21\x00")), claim(A, 8192, 12287, tlvs=tlv(1, b"\x00\x11\x00\x00")))):
        c.dropped(1 + number / 100, "downstream", frame, "pe_arp_bad")
    c.told(1.1, claim(A, 8192, 12287, tlvs=two))
    c.make(1.1, "downstream", request(1, 8192, A))
    c.told(1.2, holds(A, 8192, 12287, 1, 8192, tlvs=two))
    c.delivered(1.3, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 8192), A)
    c.delivered(1.3, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 12287), A)
    c.bridged(1.4, "downstream", packet(ROUTER, B, SHARED, 12288, REMOTE, 53), BRIDGE)
    c.delivered(1.5, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 16383), B)
    c.dropped(1.6, "downstream", packet(ROUTER, B, SHARED, 8192, REMOTE, 53), "source_port_violation")
    c.count(requests=1, learned=2, violations=1)
    c.owner(8192, 12287, A, "reachable", "pe-arp")
    c.owner(12288, 16383, B, "reachable", "traffic")

    c = Case("port-set-outside", "offset 6: a port below 1024 is in no set: nobody is asked", address=psid.format("6/8"), first=0, last=65535)
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 0-65535")
    c.dropped(1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 1023), "no_owner")
    c.come(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 1024))
    c.make(1.1, "downstream", request(1, 1024, protocol=UDP))
    c.count(requests=1)
    c.held = 1
    c.owner(1024, 1024, None, "incomplete", "pe-arp")

    c = Case("port-set-meets", "traffic does not teach a port set that meets another owner's range; a configured range goes first",
             address=psid.format("4/8"), rest="[range 192.35.162.2:4096-4111]\nmac = 00:0c:29:39:44:ab\n", first=4096, last=65535)
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 4096-65535")
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 8192, REMOTE, 53), BRIDGE)
    c.bridged(1.1, "downstream", packet(ROUTER, A, SHARED, 8208, REMOTE, 53), BRIDGE)
    c.delivered(1.2, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 4112), A)
    c.delivered(1.3, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 4096), B)
    c.count(learned=1)
    c.owner(4096, 4111, B, "permanent", "config")
    c.owner(4112, 61471, A, "reachable", "traffic")


def claim_cases():
    frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2500)
    c = Case("claim-lifetime", "a host's lifetime counts only up to the bridge's: the owner is probed after that", linger=1)
    c.told(1, claim(A, 2000, 2999))
    c.make(1, "downstream", request(1, 2000, A))
    c.told(1.1, holds(A, 2000, 2999, 1, 2000, lifetime=65535))
    for turn in (60, 120):
        c.make(turn, "downstream", hello())
    c.delivered(121, "upstream", frame, A)
    c.delivered(122, "upstream", frame, A)
    c.make(122, "downstream", request(2, 2000, A))
    c.told(122.5, holds(A, 2000, 2999, 2, 2000, lifetime=65535))
    c.count(requests=2, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("claim-ports", "a range of fewer than claim-ports is dropped, in a REPLY as in a CLAIM; a RELEASE may name fewer")
    c.dropped(1, "downstream", claim(M, 2000, 2014), "pe_arp_bad")
    c.told(2, claim(A, 2000, 2015))
    c.make(2, "downstream", request(1, 2000, A))
    c.dropped(2.1, "downstream", holds(A, 2000, 2014, 1, 2000), "pe_arp_bad")
    c.told(2.2, holds(A, 2000, 2015, 1, 2000))
    c.told(2.3, claim(B, 3000, 3000, RELEASE))
    c.count(requests=1, learned=1)
    c.owner(2000, 2015, A, "reachable", "pe-arp")

    c = Case("claim-spans", "a port set of more than 1,023 spans is dropped, where its sender owns each of its ports, too",
             rest="[range 192.35.162.2:0-65535]\nmac = 00:0c:29:9e:8c:ee\n")
    for offset, verdict in ((15, False), (11, False), (10, True)):
        spans, rest = 1 << offset, 16 - offset - 1
        first, last = 1 << 16 - offset, ((spans - 1) << 16 - offset) + (1 << rest) - 1
        frame = claim(A, first, last, tlvs=tlv(1, struct.pack(">BBH", offset, 1, 0)))
        if verdict:
            c.told(2, frame)
            c.make(2, "downstream", request(1, first, A))
            c.count(requests=1)
        else:
            c.dropped(1, "downstream", frame, "pe_arp_bad")
    c.owner(0, 65535, A, "permanent", "config")


field_cases()
claim_cases()
key_cases()
tag_cases()
source_cases()
port_set_cases()
