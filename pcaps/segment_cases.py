"""Replay cases of the segment: each form of ARP, all of it in a VLAN, hairpin, MAC addresses that move, questions in number."""
import struct

from case import Case
from frames import *  # noqa: F401, F403
from hard_cases import GRE, datagram, from_sharer, owned, part, ports, quoted, to_sharer
from hostile_cases import sign, tlv

GROUP = mac("01:00:5e:00:00:05")


def tagged(frame, tag=0xa005):
    return frame[:12] + struct.pack(">HH", 0x8100, tag) + frame[12:]


def snap(frame):
    """An untagged frame's payload in SNAP."""
    return frame[:12] + struct.pack(">H", len(frame) - 6) + bytes.fromhex("aaaa03000000") + frame[12:]


def arp_cases():
    c = Case("arp-forms", "ARP of a host for the shared address: RARP and InARP operations, padded, unicast, in a tag of VID 0")
    body = ask(M, SHARED, SHARED)
    forms = [arp(ALL, M, operation, M, SHARED, ZERO, GATEWAY, hardware=hardware)
             for hardware in (1, 6, 15) for operation in (2, 3, 4, 8, 9, 10)]
    forms += [padded(body), body + bytes(1000), arp(ROUTER, M, 1, M, SHARED, ROUTER, SHARED),
              arp(ROUTER, M, 2, ROUTER, SHARED, ROUTER, GATEWAY), ask(M, SHARED, GATEWAY, hardware=6, tag=0),
              reply(ALL, M, SHARED, SHARED, tag=0xf000), snap(body), snap(reply(ROUTER, M, SHARED, GATEWAY)),
              snap(ask(M, SHARED, GATEWAY))]
    at = 1.0
    for frame in forms:
        at += 0.1
        c.dropped(at, "downstream", frame, "arp_capture")
        c.count(captures=1)
    c.dropped(5, "downstream", padded(ask(M, NONE, SHARED)), "arp_probe")
    c.dropped(5.1, "downstream", ask(M, NONE, SHARED, tag=0), "arp_probe")
    # Another EtherType, other address lengths, another VLAN, two tags: somebody else's.
    others = [eth(ALL, M, 0x8035, body[14:]), body[:18] + b"\x08" + body[19:], body[:19] + b"\x10" + body[20:],
              snap(ask(M, NEAR, GATEWAY)), ask(M, SHARED, SHARED, tag=5), body[:12] + b"\x88\xa8\x00\x07" + body[12:],
              body[:12] + b"\x81\x00\x00\x07\x81\x00\x00\x00" + body[12:]]
    for number, frame in enumerate(others):
        c.bridged(6 + number / 10, "downstream", frame)

    c = Case("arp-short", "8 to 27 bytes of ARP are a runt, from either side; fewer are nobody's")
    for number, length in enumerate(range(28)):
        for side, frame in (("downstream", ask(M, NEAR, GATEWAY)), ("upstream", ask(ROUTER, GATEWAY, NEAR))):
            if length < 8:
                c.bridged(1 + number / 30, side, frame[:14 + length])
            else:
                c.dropped(1 + number / 30, side, frame[:14 + length], "runt")

    c = Case("arp-tagged", "VID 0 is no VLAN: answers and relayed requests keep the tag, its priority too")
    c.come(1, "upstream", ask(ROUTER, GATEWAY, SHARED, tag=0xa000))
    c.consume("arp_answered")
    c.make(1, "upstream", reply(ROUTER, BRIDGE, SHARED, GATEWAY, tag=0xa000))
    c.come(1.1, "downstream", ask(NEIGHBOUR, NEAR, SHARED, tag=0))
    c.consume("arp_answered")
    c.make(1.1, "downstream", reply(NEIGHBOUR, BRIDGE, SHARED, NEAR, tag=0))
    c.come(1.2, "downstream", ask(A, SHARED, GATEWAY, tag=0x6000))
    c.leave(1.2, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY, tag=0x6000))
    c.dropped(1.3, "upstream", reply(ALL, M, SHARED, GATEWAY, tag=0), "arp_conflict")
    c.count(conflicts=1)
    c.make(1.3, "upstream", gratuitous())

    c = Case("arp-two-addresses", "sharers of one address ask for hosts that sharers of another asked for: each gets its answer",
             rest="[address 192.35.162.3]\n", start=False)
    for address, first, last in ((SHARED, 2000, 9999), (OTHER, 1024, 65535)):
        c.make(0, "upstream", gratuitous(address))
        c.make(0, "downstream", hello(first, last, address))
    c.later = [(2, "upstream", gratuitous()), (2, "upstream", gratuitous(OTHER))]
    for at, host, address in ((1, A, SHARED), (1.1, B, OTHER)):
        c.come(at, "downstream", ask(host, address, GATEWAY))
        c.leave(at, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, address, ZERO, GATEWAY))
    for at, host, address in ((1.2, B, OTHER), (1.3, A, SHARED)):
        c.come(at, "upstream", reply(BRIDGE, ROUTER, GATEWAY, address))
        c.consume("arp_relayed")
        c.make(at, "downstream", reply(host, ROUTER, GATEWAY, address))
    c.dropped(1.4, "upstream", ask(M, SHARED, OTHER), "arp_conflict")
    c.count(conflicts=1)
    c.make(1.4, "upstream", gratuitous())
    c.dropped(1.5, "upstream", reply(BRIDGE, NEIGHBOUR, NEAR, SHARED), "arp_unasked")


def vlan_cases():
    c = Case("vlan-everything", "in VLAN 5: questions, pings, errors, fragments, flows, DHCP, hairpin; each tag as it came",
             bridge="vlan = 5", tag=5, rest="[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n"
             "[protocol 192.35.162.2/gre]\nmac = 00:0c:29:39:44:ab\n")
    c.owner(2000, 2999, A, "permanent", "config")
    waiting = tagged(packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 3500), 0x7005)
    c.come(1, "upstream", waiting)
    c.make(1, "downstream", request(1, 3500, protocol=UDP, tag=5))
    c.told(1.1, holds(B, 3000, 3999, 1, 3500, UDP, tag=5))
    c.leave(1.1, "downstream", moved(waiting, B))
    c.count(requests=1, learned=1)
    c.bridged(1.2, "downstream", tagged(echo(ROUTER, B, SHARED, REMOTE, 8, 9, 1)), BRIDGE)
    c.delivered(1.3, "upstream", tagged(echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 9, 1), 0xe005), B)
    c.delivered(1.4, "upstream", tagged(to_sharer(quoted(SHARED, REMOTE, UDP, ports(2000, 53)))), A)
    first, later = datagram(1, 2000, 2)
    c.come(1.5, "upstream", tagged(later, 0x2005))
    c.delivered(1.6, "upstream", tagged(first), A)
    c.leave(1.6, "downstream", moved(tagged(later, 0x2005), A))
    c.delivered(1.7, "upstream", tagged(ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30))), B)
    c.dropped(1.8, "downstream", tagged(ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(30))), "flow_conflict")
    c.count(flow_conflicts=1)
    boot = struct.pack(">HHHHBBBB", 67, 68, 52, 0, 2, 1, 6, 0) + bytes(24) + B + bytes(10)
    c.dhcp_asked(1.85, B, xid=0, tag=5)
    c.delivered(1.9, "upstream", tagged(ipv4(BRIDGE, ROUTER, GATEWAY, SHARED, UDP, boot)), B)
    c.delivered(2, "downstream", tagged(packet(BRIDGE, NEIGHBOUR, NEAR, 9, SHARED, 2000)), A, BRIDGE)
    c.come(2.1, "downstream", ask(A, SHARED, GATEWAY, tag=0xa005))
    c.leave(2.1, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY, tag=0xa005))
    c.come(2.2, "upstream", reply(BRIDGE, ROUTER, GATEWAY, SHARED, tag=0xc005))
    c.consume("arp_relayed")
    c.make(2.2, "downstream", reply(A, ROUTER, GATEWAY, SHARED, tag=0xc005))
    c.dropped(2.3, "upstream", reply(ALL, M, SHARED, SHARED, tag=0x2005), "arp_conflict")
    c.count(conflicts=1)
    c.make(2.3, "upstream", gratuitous(tag=5))
    c.owner(3000, 3999, B, "reachable", "pe-arp")

    c = Case("vlan-foreign", "the subnet in VLAN 5: the same frames elsewhere are bridged, and teach nothing", bridge="vlan = 5", tag=5)
    inner = packet(ROUTER, A, SHARED, 2500, REMOTE, 53)[12:]
    at = 1.0
    for tags in ("", "81000000", "81000006", "81006006", "88a80005", "88a8000581000005", "8100000581000005",
                 "91000005"):
        at += 0.1
        c.bridged(at, "downstream", ROUTER + A + bytes.fromhex(tags) + inner)
    for tags in ("", "81000006", "88a80005", "8100000588a80005"):
        for frame in (claim(A, 2000, 2999), ask(M, SHARED, SHARED), part(A, 1, 2, False, bytes(9)),
                      echo(ROUTER, A, SHARED, REMOTE, 8, 1, 1)):
            at += 0.01
            c.bridged(at, "downstream", frame[:12] + bytes.fromhex(tags) + frame[12:])


def hairpin_cases():
    c = owned("hairpin-groups", "hairpin: to the bridge MAC and to groups alone; the bridge MAC as source, whatever source-mac is",
              bridge="source-mac = host")
    for number, to in enumerate((BRIDGE, ALL, GROUP)):
        c.delivered(1 + number / 10, "downstream", packet(to, NEIGHBOUR, NEAR, 9, SHARED, 2000, TCP), A, BRIDGE)
        c.delivered(1.5 + number / 10, "downstream", packet(to, B, SHARED, 3000, SHARED, 2000), A, BRIDGE)
    for number, to in enumerate((A, B, ROUTER, M)):
        c.dropped(2 + number / 10, "downstream", packet(to, NEIGHBOUR, NEAR, 9, SHARED, 2000, TCP), "same_port")
    c.dropped(3, "downstream", packet(BRIDGE, NEIGHBOUR, NEAR, 9, SHARED, 9000), "no_owner")
    c.dropped(3.1, "downstream", packet(A, M, SHARED, 3000, SHARED, 2000), "source_port_violation")
    c.count(violations=1)
    c.bridged(3.2, "downstream", packet(ROUTER, B, SHARED, 3000, REMOTE, 9))
    c.dropped(3.3, "downstream", packet(NEIGHBOUR, B, SHARED, 3000, NEAR, 9), "same_port")

    c = Case("hairpin-asks", "a neighbour's frame waits for its owner too; one that the owner itself sent does not go back",
             address="learn = pe-arp")
    frame = packet(BRIDGE, NEIGHBOUR, NEAR, 9, SHARED, 2500)
    c.come(1, "downstream", frame)
    c.make(1, "downstream", request(1, 2500, protocol=UDP))
    c.told(1.1, holds(A, 2000, 2999, 1, 2500, UDP))
    c.leave(1.1, "downstream", moved(frame, A, BRIDGE))
    c.come(1.2, "downstream", packet(BRIDGE, B, SHARED, 4500, SHARED, 3500))
    c.make(1.2, "downstream", request(2, 3500, protocol=UDP))
    c.told(1.3, holds(B, 3000, 3999, 2, 3500, UDP))
    c.drop("same_port")
    c.count(requests=2, learned=2)
    c.owner(2000, 2999, A, "reachable", "pe-arp")
    c.owner(3000, 3999, B, "reachable", "pe-arp")


def source_cases():
    c = owned("source-mac-host", "source-mac = host: frames of hosts keep their MAC, relayed ARP is the bridge's",
              bridge="source-mac = host")
    about = from_sharer(A, quoted(REMOTE, SHARED, UDP, ports(53, 2000)))
    for number, frame in enumerate((packet(ROUTER, A, SHARED, 2000, REMOTE, 53), part(A, 1, 0, True, ports(2000, 53) + bytes(8)),
                                    part(A, 1, 2, False, bytes(5)), echo(ROUTER, A, SHARED, REMOTE, 8, 1, 1),
                                    ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(8)), about)):
        c.bridged(1 + number / 10, "downstream", frame)
    early, first = part(A, 2, 2, False, bytes(5)), part(A, 2, 0, True, ports(2000, 53) + bytes(8))
    c.come(1.7, "downstream", early)
    c.bridged(1.8, "downstream", first)
    c.leave(1.8, "upstream", early)
    c.come(1.9, "downstream", ask(A, SHARED, GATEWAY))
    c.leave(1.9, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY))

    c = owned("upstream-macs", "upstream-macs = bridge: no MAC of a host goes upstream, in no frame; what is for the bridge's own machine stays",
              bridge="upstream-macs = bridge")
    ipv6 = lambda to, source: eth(to, source, 0x86dd, b"\x60" + bytes(5) + b"\x3b\xff" + bytes(32))
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 2000, REMOTE, 53), BRIDGE)
    c.bridged(1.1, "downstream", echo(ROUTER, A, SHARED, REMOTE, 8, 1, 1), BRIDGE)
    c.come(1.2, "downstream", ask(A, SHARED, GATEWAY))
    c.leave(1.2, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY))
    hidden = (ask(A, NEAR, GATEWAY), ask(NEIGHBOUR, NEAR, GATEWAY), packet(ROUTER, NEIGHBOUR, NEAR, 9, REMOTE, 53), ipv6(ROUTER, A), ipv6(ALL, A),
              eth(ALL, A, 0x88b6, b"flooded"), eth(ROUTER, NEIGHBOUR, 0x88b6, b"to the router"),
              ROUTER + A + bytes.fromhex("81000007") + packet(ROUTER, A, NEAR, 9, REMOTE, 53)[12:])
    for number, frame in enumerate(hidden):
        c.dropped(2 + number / 10, "downstream", frame, "upstream_mac")
    for number, frame in enumerate((ipv6(BRIDGE, ROUTER), packet(BRIDGE, ROUTER, REMOTE, 53, NEAR, 9))):
        c.dropped(3 + number / 10, "upstream", frame, "same_port")
    c.bridged(3.5, "upstream", packet(NEIGHBOUR, ROUTER, REMOTE, 53, NEAR, 9))
    c.bridged(3.6, "upstream", ipv6(ALL, ROUTER))
    c.delivered(3.7, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000), A)

    c = owned("upstream-macs-gateway", "upstream-macs = bridge: an owner asks for its gateway by another address of its own; nothing else that is not shared",
              bridge="upstream-macs = bridge", address="gateway = 192.35.162.1")
    c.come(1, "downstream", ask(A, NEAR, GATEWAY))
    c.leave(1, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY))
    for at, frame in ((2, ask(A, NEAR, REMOTE)), (2.1, ask(NEIGHBOUR, NEAR, GATEWAY)), (2.2, arp(ALL, A, 2, A, NEAR, ROUTER, GATEWAY))):
        c.dropped(at, "downstream", frame, "upstream_mac")

    c = owned("mac-flaps", "an owner's MAC upstream, to all and to one machine: its frames pass, its ports stay its own")
    down = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000)
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 2000, REMOTE, 53), BRIDGE)
    for at, to, reason in ((2, ALL, "reflected"), (2.1, ROUTER, "bad_source")):
        c.dropped(at, "upstream", eth(to, A, 0x88b6, b"looped"), reason)
    c.count(bad_sources=1)
    c.delivered(3, "upstream", down, A)
    c.bridged(4, "downstream", packet(ROUTER, A, SHARED, 2000, REMOTE, 53), BRIDGE)
    c.bridged(7, "downstream", eth(ALL, A, 0x88b6, b"host", tag=9))
    c.delivered(33, "upstream", down, A)

    c = Case("one-reason", "of several reasons the first: runt, bad source, link-local, then the rules in their order",
             bridge="link-local = drop", rest="[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n")
    c.owner(2000, 2999, A, "permanent", "config")
    pause = mac("01:80:c2:00:00:01")
    c.dropped(1, "downstream", (pause + ZERO + b"\x88")[:13], "runt")
    for number, frame in enumerate((eth(pause, ZERO, 0x8808, bytes(46)), eth(pause, BRIDGE, 0x8808, bytes(46)),
                                    ask(BRIDGE, SHARED, SHARED), packet(ROUTER, ROUTER, SHARED, 2000, REMOTE, 53),
                                    claim(ROUTER, 2000, 2999))):
        c.dropped(1.1 + number / 10, "downstream", frame, "bad_source")
        c.count(bad_sources=1)
    c.dropped(2, "upstream", eth(ALL, mac("03:00:00:00:00:01"), 0x88b6, b"x"), "bad_source")
    c.dropped(2.1, "upstream", eth(ALL, ZERO, 0x88b6, b"x"), "bad_source")
    c.count(bad_sources=2)
    for number, last in enumerate((0, 1, 2, 3, 0xe)):
        for side, source in (("downstream", M), ("upstream", ROUTER)):
            c.dropped(2.2 + number / 10, side, eth(pause[:5] + bytes([last]), source, 0x88b6, bytes(46)), "link_local")
    # A packet too short for its own headers, and one that says it is longer than it is, of an owner or not.
    short = packet(ROUTER, M, SHARED, 2000, REMOTE, 53)
    c.dropped(3, "downstream", short[:-1], "runt")
    c.dropped(3.1, "downstream", ipv4(ROUTER, M, SHARED, REMOTE, TCP, ports(2000, 53)), "runt")
    c.dropped(3.2, "downstream", moved(short, to=A), "source_port_violation")
    c.dropped(3.3, "downstream", part(M, 1, 2, False, bytes(9))[:-1], "runt")
    c.count(violations=1)
    c.bridged(3.4, "downstream", ipv4(ROUTER, M, SHARED, REMOTE, UDP, b"")[:33])


def pe_arp_cases():
    c = Case("conflict-told", "a CONFLICT of an agent is counted and changes nothing", linger=3)
    c.claims(1, A, 2000, 2999, 1)
    frame = pe_arp(ALL, A, CONFLICT, port_address(SHARED, 2000, 2999), M, port_address(SHARED, 2500, 3500))
    c.told(2.5, frame)
    c.count(conflicts=1)
    c.delivered(2.6, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2600), A)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("another-bridge", "a REQUEST or HELLO from a host: of no address of ours, or not from its sender's MAC, is refused", linger=2)
    for number, (kind, first, last) in enumerate(((REQUEST, 2000, 2000), (HELLO, 2000, 9999))):
        ours = pe_arp(ALL, M, kind, NO_PORTS, ZERO, port_address(SHARED, first, last), 7)
        c.dropped(1 + number, "downstream", pe_arp(ALL, M, kind, NO_PORTS, ZERO, port_address(REMOTE, first, last), 7), "pe_arp_bad")
        c.dropped(1.1 + number, "downstream", moved(ours, source=A), "pe_arp_forged")
        c.dropped(1.2 + number, "upstream", moved(pe_arp(ALL, ROUTER, kind, NO_PORTS, ZERO, port_address(SHARED, first, last), 7)),
                  "pe_arp_bad")
        c.told(1.3 + number, ours)

    c = Case("questions", "ten questions at once, then five a second, one for a port; each answered by itself",
             rest="[limits]\nclaim-ports = 1\n")
    frames = [packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 5000 + n) for n in range(13)]
    for n, frame in enumerate(frames):
        c.come(1, "upstream", frame)
        c.make(1 if n < 10 else 1 + 0.2 * (n - 9), "downstream", request(n + 1, 5000 + n, protocol=UDP))
        c.told(1.7 + n / 100, holds(A if n % 2 else B, 5000 + n, 5000 + n, n + 1, 5000 + n, UDP))
        c.leave(1.7 + n / 100, "downstream", moved(frame, A if n % 2 else B))
        c.owner(5000 + n, 5000 + n, A if n % 2 else B, "reachable", "pe-arp")
    c.count(requests=13, learned=13)

    c = Case("port-set-asked", "a port of a set is asked for: the answer owns the asked port only if it is in the set",
             address="psid = 6/8", first=1024, last=65535)
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 1024-65535")
    set_34, set_35 = tlv(1, b"\x06\x08\x34\x00"), tlv(1, b"\x06\x08\x35\x00")
    frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2260)  # 1024 + 4 * 0x35 + 1024: set 0x35
    c.come(1, "upstream", frame)
    c.make(1, "downstream", request(1, 2260, protocol=UDP))
    c.dropped(1.1, "downstream", holds(A, 1232, 64723, 1, 2260, UDP, tlvs=set_34), "pe_arp_forged")
    c.dropped(1.2, "downstream", holds(A, 1236, 64727, 1, 2260, UDP), "pe_arp_bad")
    c.dropped(1.3, "downstream", holds(A, 2260, 2263, 1, 2260, UDP), "pe_arp_bad")
    c.told(1.4, holds(A, 1236, 64727, 1, 2260, UDP, tlvs=set_35))
    c.leave(1.4, "downstream", moved(frame, A))
    c.count(requests=1, learned=1)
    c.told(5.5, claim(M, 1236, 64727, tlvs=set_35))
    c.make(5.5, "downstream", request(2, 1236, A))
    c.told(5.6, holds(A, 1236, 64727, 2, 1236, tlvs=set_35))
    c.count(requests=1, conflicts=1)
    c.told(7, claim(A, 1236, 64727, RELEASE, tlvs=set_35))
    c.make(7, "downstream", request(3, 1236, A))
    c.come(8.1, "upstream", frame)
    c.make(8.1, "downstream", request(4, 2260, protocol=UDP))
    c.count(requests=2, released=1)
    c.held = 1
    c.owner(2260, 2260, None, "incomplete", "pe-arp")


def limit_cases():
    c = Case("release-at-once", "one question a second for a range: a RELEASE just after a claim waits for its challenge", linger=2)
    c.claims(1, A, 2000, 2999, 1)
    c.told(1.3, claim(A, 2000, 2999, RELEASE))
    c.make(2, "downstream", request(2, 2000, A))
    c.count(requests=1, released=1)

    c = Case("challenge-limit", "ten challenges at once for one host, then ten a second; another host's do not wait for them")
    ranges = [(3000 + 100 * n, 3099 + 100 * n) for n in range(12)]
    for first, last in ranges:
        c.told(1, claim(M, first, last))
    c.told(1.05, claim(B, 2000, 2999))
    asked = [(1, M, first) for first, _ in ranges[:10]]
    asked += [(1.05, B, 2000), (1.1, M, ranges[10][0]), (1.2, M, ranges[11][0])]
    for nonce, (at, host, first) in enumerate(asked, 1):
        last = 2999 if host == B else first + 99
        c.make(at, "downstream", request(nonce, first, host))
        c.told(1.3 + nonce / 100, holds(host, first, last, nonce, first))
        c.owner(first, last, host, "reachable", "pe-arp")
    c.table.sort()
    c.count(requests=13, learned=13)

    c = Case("hold-limits", "held-frames in all: one more is hold_full, and those that wait go on waiting",
             rest="[limits]\nheld-frames = 4\nclaim-ports = 1\n")
    for n in range(5):
        frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 5000 + n)
        c.come(1, "upstream", frame)
        c.make(1, "downstream", request(n + 1, 5000 + n, protocol=UDP))
        if n < 4:
            c.leave(1.1 + n / 100, "downstream", moved(frame, A))
        c.told(1.1 + n / 100, holds(A, 5000 + n, 5000 + n, n + 1, 5000 + n, UDP))
        c.owner(5000 + n, 5000 + n, A, "reachable", "pe-arp")
    c.drop("hold_full")
    c.count(requests=5, learned=5)

    c = Case("hold-default-host", "nobody answers: what was held goes to default-host, and what comes in the next 20 s",
             address="default-host = 00:0c:29:00:00:09")
    frames = [packet(BRIDGE, ROUTER, REMOTE, port, SHARED, 2500) for port in (1, 2, 3)]
    for number, frame in enumerate(frames[:2]):
        c.come(1 + number / 10, "upstream", frame)
        c.leave(4, "downstream", moved(frame, NEIGHBOUR))
    for nonce in (1, 2, 3):
        c.make(nonce, "downstream", request(nonce, 2500, protocol=UDP))
    c.delivered(23.9, "upstream", frames[2], NEIGHBOUR)
    c.come(24.1, "upstream", frames[2])
    c.make(24.1, "downstream", request(4, 2500, protocol=UDP))
    c.told(24.2, holds(A, 2000, 2999, 4, 2500, UDP))
    c.leave(24.2, "downstream", moved(frames[2], A))
    c.count(requests=4, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("oversize", "frame-bytes: one byte more is too long for either side, a shared address or not",
             rest="[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n[limits]\nframe-bytes = 1514\n")
    c.owner(2000, 2999, A, "permanent", "config")
    for number, size in enumerate((1472, 1473)):
        body = struct.pack(">HHHH", 53, 2000, size + 8, 0) + bytes(size)
        back = struct.pack(">HHHH", 2000, 53, size + 8, 0) + bytes(size)
        frames = ((ipv4(BRIDGE, ROUTER, REMOTE, SHARED, UDP, body), A, None, "upstream"),
                  (ipv4(BRIDGE, NEIGHBOUR, NEAR, SHARED, UDP, body), A, BRIDGE, "downstream"),
                  (ipv4(ROUTER, A, SHARED, REMOTE, UDP, back), None, BRIDGE, "downstream"),
                  (eth(ALL, M, 0x88b6, bytes(size + 28)), None, None, "downstream"))
        for turn, (frame, to, source, side) in enumerate(frames):
            at = 1 + number + turn / 10
            if size > 1472:
                c.dropped(at, side, frame, "oversize")
            elif to is None:
                c.bridged(at, side, frame, source)
            else:
                c.delivered(at, side, frame, to, source)

    c = Case("traffic-cut", "a block learned from traffic is cut to the run of ports that nobody owns around the first",
             rest="[range 192.35.162.2:2400-2499]\nmac = 00:0c:29:66:66:66\n")
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 2600, REMOTE, 53), BRIDGE)
    c.bridged(1.1, "downstream", packet(ROUTER, B, SHARED, 2100, REMOTE, 53), BRIDGE)
    for port, host in ((2000, B), (2399, B), (2400, M), (2499, M), (2500, A), (2999, A)):
        c.delivered(1.2 + port / 10000, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, port), host)
    c.dropped(1.6, "downstream", packet(ROUTER, A, SHARED, 2399, REMOTE, 53), "source_port_violation")
    c.count(learned=2, violations=1)
    c.owner(2000, 2399, B, "reachable", "traffic")
    c.owner(2400, 2499, M, "permanent", "config")
    c.owner(2500, 2999, A, "reachable", "traffic")

    asks = ((ROUTER, GATEWAY), (NEIGHBOUR, NEAR), (NEIGHBOUR, NONE))
    for name, about, options, named in (
            ("never-guessed", "who asks for the shared address is not named as the gateway", {}, None),
            ("router-mac", "router-mac that asked for the shared address is the gateway that the next HELLO names",
             {"bridge": f"router-mac = {ROUTER.hex(':')}"}, GATEWAY + ROUTER),
            ("configured", "the configured gateway is named, with its MAC once it asked for the shared address",
             {"address": "gateway = 192.35.162.1"}, GATEWAY + ROUTER),
            ("unknown-mac", "the configured gateway is named with MAC zero until it asks for the shared address",
             {"rest": "[dhcp]\nrouter = 192.35.162.77\n"}, ip("192.35.162.77") + ZERO)):
        c = Case("hello-gateway-" + name, about, linger=59.5, **options)
        for number, (source, spa) in enumerate(asks):
            at = 1 + number / 10
            c.come(at, "upstream", ask(source, spa, SHARED))
            c.consume("arp_answered")
            c.make(at, "upstream", reply(source, BRIDGE, SHARED, spa))
        c.make(60, "downstream", hello(gateway=named))


def key_cases():
    key = bytes(range(32))
    signed = lambda frame: sign(frame, key, 3)  # noqa: E731
    seq = lambda number: tlv(3, struct.pack(">Q", number))  # noqa: E731
    c = Case("keys-hosts", "with keys: SEQ grows for each MAC by itself, over CLAIM, RELEASE and CONFLICT; a reply needs none",
             rest=f"[keys]\n3 = {key.hex()}\n", start=False)
    managed = port_address(SHARED, 2000, 9999)
    c.make(0, "upstream", gratuitous())
    c.make(0, "downstream", signed(pe_arp(ALL, BRIDGE, HELLO, NO_PORTS, ZERO, managed, 0, 5, b"\x04\x06" + BRIDGE)))
    c.later = [(2, "upstream", gratuitous())]
    for at, nonce, host, first, number in ((1, 1, A, 2000, 10), (1.1, 2, B, 3000, 5)):
        asked = port_address(SHARED, first, first)
        c.told(at, signed(claim(host, first, first + 999, tlvs=seq(number))))
        c.make(at, "downstream", signed(pe_arp(host, BRIDGE, REQUEST, NO_PORTS, host, asked, nonce)))
        c.told(at + 0.01, signed(holds(host, first, first + 999, nonce, first)))
        c.count(requests=1, learned=1)
        c.owner(first, first + 999, host, "reachable", "pe-arp")
    for number, kind in enumerate((REQUEST, HELLO)):
        frame = pe_arp(ALL, M, kind, NO_PORTS, ZERO, port_address(SHARED, 2000, 2000), 7)
        c.dropped(1.2 + number / 10, "downstream", frame, "pe_arp_forged")
        c.told(1.25 + number / 10, signed(frame))
    held = port_address(SHARED, 3000, 3999)
    conflict = lambda tlvs: pe_arp(ALL, B, CONFLICT, held, M, held, tlvs=tlvs)  # noqa: E731
    for number, frame in enumerate((signed(conflict(b"")), signed(conflict(seq(5))), signed(conflict(seq(4))), conflict(seq(6)))):
        c.dropped(1.5 + number / 10, "downstream", frame, "pe_arp_forged")
    c.told(1.9, signed(conflict(seq(6))))
    c.count(conflicts=1)
    c.dropped(2.05, "downstream", signed(claim(B, 3000, 3999, tlvs=seq(6))), "pe_arp_forged")
    c.dropped(2.1, "downstream", signed(claim(B, 3000, 3999, RELEASE, tlvs=seq(6))), "pe_arp_forged")
    c.count(pe_arp_seq_old=5)


# Keys of the bridge and of single hosts: {id: (secret, the rest of its section)}.
ROLES = {10: (b"\x0a" * 32, f"role = host\nmac = {A.hex(':')}\nrange = 192.35.162.2:2000-2999\n"),
         11: (b"\x0b" * 32, f"role = host\nmac = {B.hex(':')}\nrange = 192.35.162.2:3000-3499, 192.35.162.2:3500-3999\n"),
         12: (b"\x0c" * 32, f"role = host\nmac = {A.hex(':')}\nrange = 192.35.162.2:2000-2999\n"),
         30: (b"\x1e" * 32, "role = bridge\n"), 20: (b"\x14" * 32, "role = bridge\n")}
HOUR_US = 3600 * 10**6


def role_case(name, about):
    sections = "".join(f"[key {ident}]\nsecret = {secret.hex()}\n{rest}" for ident, (secret, rest) in ROLES.items())
    c = Case(name, about, rest=sections, start=False)
    c.make(0, "upstream", gratuitous())
    c.make(0, "downstream", by(20, pe_arp(ALL, BRIDGE, HELLO, NO_PORTS, ZERO, port_address(SHARED, 2000, 9999), 0, 5,
                                          b"\x04\x06" + BRIDGE)))
    c.later = [(2, "upstream", gratuitous())]
    return c


def by(ident, frame):
    return sign(frame, ROLES[ident][0], ident)


def numbered(host, first, last, number, kind=CLAIM):
    return claim(host, first, last, kind, tlvs=tlv(3, struct.pack(">Q", number)))


def refused(c, at, frame, why):
    c.dropped(at, "downstream", frame, "pe_arp_forged")
    c.count(**{why: 1})


def bound(c, at, host, first, last, nonce, ident, number):
    c.told(at, by(ident, numbered(host, first, last, number)))
    asked = port_address(SHARED, first, first)
    c.make(at, "downstream", by(20, pe_arp(host, BRIDGE, REQUEST, NO_PORTS, host, asked, nonce)))
    c.told(at + 0.01, by(ident, holds(host, first, last, nonce, first)))
    c.count(requests=1, learned=1)
    c.owner(first, last, host, "reachable", "pe-arp")


def role_cases():
    c = role_case("key-roles", "the key of a host is for its MAC address, its range and what a host sends; the bridge's for the rest")
    bound(c, 1, A, 2000, 2999, 1, 10, 10)
    bound(c, 1.1, B, 3000, 3999, 2, 11, 10)
    managed, one = port_address(SHARED, 2000, 9999), port_address(SHARED, 2000, 2000)
    for number, (kind, target) in enumerate(((HELLO, managed), (REQUEST, one))):
        at, frame = 1.2 + number / 10, pe_arp(ALL, A, kind, NO_PORTS, ZERO, target, 7)
        refused(c, at, by(10, frame), "pe_arp_key_role")
        c.told(at + 0.01, by(30, frame))
    refused(c, 1.4, by(20, numbered(A, 2000, 2999, 11)), "pe_arp_key_role")
    refused(c, 1.41, by(30, numbered(A, 2000, 2999, 11, RELEASE)), "pe_arp_key_role")
    refused(c, 1.42, by(20, holds(A, 2000, 2999, 1, 2000)), "pe_arp_key_role")
    refused(c, 1.5, by(10, numbered(M, 2000, 2999, 11)), "pe_arp_key_mac")
    refused(c, 1.51, by(11, numbered(A, 3000, 3999, 11)), "pe_arp_key_mac")
    refused(c, 1.52, by(10, numbered(B, 3000, 3999, 11, RELEASE)), "pe_arp_key_mac")
    for number, (first, last) in enumerate(((3000, 3999), (2000, 3000), (4000, 4999))):
        refused(c, 1.6 + number / 100, by(10, numbered(A, first, last, 11)), "pe_arp_key_range")
        refused(c, 1.65 + number / 100, by(10, numbered(A, first, last, 11, RELEASE)), "pe_arp_key_range")
    refused(c, 1.7, by(10, holds(A, 2000, 9999, 1, 2000)), "pe_arp_key_range")
    other = port_address(SHARED, 3000, 3999)
    refused(c, 1.8, by(10, pe_arp(ALL, A, CONFLICT, other, B, other, tlvs=tlv(3, struct.pack(">Q", 11)))), "pe_arp_key_range")

    c = role_case("key-seq", "SEQ is kept for each key and MAC, and is at most an hour ahead of the clock: a leap mutes nobody")
    bound(c, 1, A, 2000, 2999, 1, 10, 10)
    now = (1000 + 2) * 10**6  # of the capture, 2 s after its start
    refused(c, 2, by(10, numbered(A, 2000, 2999, 2**64 - 1)), "pe_arp_seq_ahead")
    refused(c, 2, by(10, numbered(A, 2000, 2999, now + HOUR_US + 1)), "pe_arp_seq_ahead")
    refused(c, 2, by(10, numbered(A, 2000, 2999, 10)), "pe_arp_seq_old")
    asked = port_address(SHARED, 2000, 2000)
    for at, nonce, ident, number in ((3, 2, 10, 11), (5, 3, 12, 5), (7, 4, 10, now + 5 * 10**6 + HOUR_US)):
        c.told(at, by(ident, numbered(A, 2000, 2999, number)))  # the second with the key that takes the place of the first
        c.make(at, "downstream", by(20, pe_arp(A, BRIDGE, REQUEST, NO_PORTS, A, asked, nonce)))
        c.told(at + 0.01, by(ident, holds(A, 2000, 2999, nonce, 2000)))
        c.count(requests=1)
    refused(c, 8, by(10, numbered(A, 2000, 2999, 12)), "pe_arp_seq_old")
    c.told(9, by(12, numbered(A, 2000, 2999, 6)))
    c.make(9, "downstream", by(20, pe_arp(A, BRIDGE, REQUEST, NO_PORTS, A, asked, 5)))
    c.told(9.01, by(12, holds(A, 2000, 2999, 5, 2000)))
    c.count(requests=1)


arp_cases()
vlan_cases()
hairpin_cases()
source_cases()
pe_arp_cases()
limit_cases()
key_cases()
role_cases()
