"""Replay cases of hard packets: ICMP errors and pings, fragments, protocols without ports
(docs/forwarding.md#ipv4-to-shared, rules 2 to 6)."""
import struct

from case import Case
from frames import *  # noqa: F401, F403

GRE, ESP, ICMP = 47, 50, 1
FAR = ip("198.51.100.99")
RANGES = ("[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n[range 192.35.162.2:3000-3999]\n"
          "mac = 00:0c:29:39:44:ab\n")
ENFORCE, LOG, OFF = "", "[policy]\nsource-ports = log", "[policy]\nsource-ports = off"


def owned(name, about, rest="", linger=0, address="", bridge=""):
    """A holds 2000-2999 and B 3000-3999, by configuration; nobody is asked for the rest."""
    c = Case(name, about, rest=RANGES + rest, linger=linger, address="learn = none\n" + address, bridge=bridge)
    c.owner(2000, 2999, A, "permanent", "config")
    c.owner(3000, 3999, B, "permanent", "config")
    return c


def quoted(source, destination, protocol, first8, options=b"", fragment=0, ident=0):
    """An IPv4 packet as an ICMP error quotes it: its header and 8 bytes."""
    return ipv4(ALL, ALL, source, destination, protocol, first8, options, fragment, ident=ident)[14:]


def ports(source, destination):
    return struct.pack(">HHI", source, destination, 0)


def error(to, source, sip, dip, kind, code, quote, tag=None):
    body = struct.pack(">BBHI", kind, code, 0, 1300) + quote
    body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
    return ipv4(to, source, sip, dip, ICMP, body, tag=tag)


def to_sharer(quote, kind=3, code=4):
    """From a router further off, to the shared address."""
    return error(BRIDGE, ROUTER, FAR, SHARED, kind, code, quote)


def from_sharer(host, quote, kind=3, code=3):
    return error(ROUTER, host, SHARED, REMOTE, kind, code, quote)


def echo8(ident, sequence, kind=8):
    return struct.pack(">BBHHH", kind, 0, 0, ident, sequence)


def icmp_cases():
    c = owned("icmp-errors", "errors go to the owner of the quoted source port: every type, protocol, header length")
    at = 1.0
    for kind, code in ((3, 4), (3, 1), (4, 0), (5, 1), (11, 0), (12, 0)):
        for protocol in (TCP, UDP, LITE, SCTP, DCCP):
            at += 0.001
            c.delivered(at, "upstream", to_sharer(quoted(SHARED, REMOTE, protocol, ports(2000, 53)), kind, code), A)
            c.delivered(at, "upstream", to_sharer(quoted(SHARED, REMOTE, protocol, ports(3999, 53)), kind, code), B)
    for words in range(11):
        at += 0.001
        quote = quoted(SHARED, REMOTE, TCP, ports(2222, 53), options=b"\x01" * 4 * words)
        c.delivered(at, "upstream", to_sharer(quote), A)
        c.delivered(at, "upstream", to_sharer(quote + bytes(100)), A)
    c.dropped(1.9, "upstream", to_sharer(quoted(SHARED, REMOTE, TCP, ports(9000, 53))), "no_owner")

    c = owned("icmp-bad-quote", "a quote that is not of the shared address, or too short: never to default-host",
              address="default-host = 00:0c:29:00:00:09\n")
    good = quoted(SHARED, REMOTE, TCP, ports(2000, 53))
    for number, quote in enumerate((quoted(REMOTE, SHARED, TCP, ports(2000, 53)), quoted(OTHER, REMOTE, TCP, ports(2000, 53)),
                                    b"", good[:1], good[:19], good[:20], good[:23], b"\x65" + good[1:], b"\x44" + good[1:],
                                    b"\x4f" + good[1:])):
        c.dropped(1 + number / 100, "upstream", to_sharer(quote), "icmp_bad_quote")
    c.delivered(1.5, "upstream", to_sharer(good), A)
    c.delivered(1.6, "upstream", to_sharer(quoted(SHARED, REMOTE, TCP, ports(9000, 53))), NEIGHBOUR)

    c = Case("icmp-asks", "an error about a port that nobody owns is held while hosts are asked, as a frame to that port is")
    frame = to_sharer(quoted(SHARED, REMOTE, TCP, ports(2500, 80)))
    c.come(1, "upstream", frame)
    c.make(1, "downstream", request(1, 2500, protocol=TCP))
    c.told(1.1, holds(A, 2000, 2999, 1, 2500, TCP))
    c.leave(1.1, "downstream", moved(frame, A))
    c.count(requests=1, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = owned("icmp-quoted-echo", "an error about a ping goes to who sent it; about one not seen, by its id as a port")
    c.bridged(1, "downstream", echo(ROUTER, A, SHARED, REMOTE, 8, 777, 5), BRIDGE)
    c.bridged(1, "downstream", echo(ROUTER, B, SHARED, REMOTE, 8, 777, 6), BRIDGE)
    c.delivered(1.1, "upstream", to_sharer(quoted(SHARED, REMOTE, ICMP, echo8(777, 5)), 11, 0), A)
    c.delivered(1.1, "upstream", to_sharer(quoted(SHARED, REMOTE, ICMP, echo8(777, 6)), 11, 0), B)
    c.delivered(1.2, "upstream", to_sharer(quoted(SHARED, REMOTE, ICMP, echo8(3001, 7)), 11, 0), B)
    c.dropped(1.3, "upstream", to_sharer(quoted(SHARED, REMOTE, ICMP, echo8(777, 7)), 11, 0), "no_owner")
    c.dropped(1.4, "upstream", to_sharer(quoted(SHARED, FAR, ICMP, echo8(777, 5)), 11, 0), "no_owner")

    c = owned("icmp-quoted-flow", "an error about a packet without ports goes to who holds its flow")
    c.bridged(1, "downstream", ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(30)), BRIDGE)
    c.delivered(1.1, "upstream", to_sharer(quoted(SHARED, REMOTE, GRE, bytes(8))), A)
    c.dropped(1.2, "upstream", to_sharer(quoted(SHARED, REMOTE, ESP, bytes(8))), "no_owner")
    c.dropped(1.2, "upstream", to_sharer(quoted(SHARED, FAR, GRE, bytes(8))), "no_owner")

    c = owned("icmp-quoted-fragment", "an error about a later fragment: by its datagram, while that is open")
    c.bridged(1, "downstream", part(B, 7, 0, True, ports(3000, 53) + bytes(8)), BRIDGE)
    later = quoted(SHARED, REMOTE, UDP, bytes(8), fragment=2, ident=7)
    c.delivered(1.1, "upstream", to_sharer(later), B)
    c.dropped(1.2, "upstream", to_sharer(quoted(SHARED, REMOTE, UDP, bytes(8), fragment=2, ident=8)), "no_owner")
    c.bridged(1.3, "downstream", part(B, 7, 2, False, bytes(5)), BRIDGE)
    c.dropped(1.4, "upstream", to_sharer(later), "no_owner")

    for policy, word in ((ENFORCE, "enforce"), (LOG, "log"), (OFF, "off")):
        c = owned("icmp-from-hosts-" + word, f"errors of hosts, source-ports = {word}: about their own ports and those of nobody",
                  bridge=policy)
        own = quoted(REMOTE, SHARED, UDP, ports(53, 2000))
        for at, host, quote in ((1.1, A, own), (1.2, M, quoted(REMOTE, SHARED, UDP, ports(53, 9000))),
                                (1.3, M, quoted(REMOTE, SHARED, UDP, ports(53, 68)))):
            c.bridged(at, "downstream", from_sharer(host, quote), BRIDGE)
        for at, quote in ((2.1, own), (2.2, quoted(REMOTE, SHARED, TCP, ports(53, 3000))), (2.3, quoted(REMOTE, FAR, UDP, ports(53, 2000))),
                          (2.35, quoted(REMOTE, SHARED, TCP, ports(80, 9000), fragment=1))):
            if word == "enforce":
                c.dropped(at, "downstream", from_sharer(M, quote), "source_port_violation")
            else:
                c.bridged(at, "downstream", from_sharer(M, quote), BRIDGE)
            c.count(violations=1 if word != "off" else 0)
            if word == "log":
                c.blame(M, violations=1)
        c.dropped(2.4, "downstream", from_sharer(A, own[:19]), "icmp_bad_quote")

    c = owned("icmp-queries", "other ICMP: to default-host", address="default-host = 00:0c:29:00:00:09\necho = default-host\n")
    for number, kind in enumerate((8, 13, 15, 17, 30)):
        c.delivered(1 + number / 10, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, kind, 1, 1), NEIGHBOUR)
    c = owned("icmp-queries-dropped", "other ICMP without default-host: dropped", address="echo = default-host\n")
    for number, kind in enumerate((8, 13, 15, 17, 30)):
        c.dropped(1 + number / 10, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, kind, 1, 1), "no_owner")
    c.dropped(2, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, ICMP, bytes(7)), "runt")


def part(host, ident, offset, more, body, protocol=UDP, destination=REMOTE):
    """A fragment of a host's datagram; offset in units of 8 bytes."""
    return ipv4(ROUTER, host, SHARED, destination, protocol, body, fragment=offset | (0x2000 if more else 0), ident=ident)


def arriving(ident, offset, more, body, protocol=UDP, source=REMOTE, options=b""):
    return ipv4(BRIDGE, ROUTER, source, SHARED, protocol, body, options, offset | (0x2000 if more else 0), ident=ident)


def datagram(ident, port, parts=3, protocol=UDP):
    """Its fragments, 16 bytes each but the last, in order."""
    return [arriving(ident, 2 * n, n < parts - 1, (ports(53, port) + bytes(8) if n == 0 else bytes([n] * (16 if n < parts - 1 else 3))),
                     protocol) for n in range(parts)]


def fragment_cases():
    c = owned("fragments", "fragments follow their first; those that came early wait and leave behind it in their order")
    for at, ident, order, port, owner in ((1, 1, (0, 1, 2), 2000, A), (2, 2, (2, 1, 0), 3000, B), (3, 3, (1, 0, 2), 2999, A)):
        for protocol in (TCP, UDP, SCTP):
            frames = datagram(ident, port, protocol=protocol)
            waiting = []
            for number, n in enumerate(order):
                now = at + protocol / 1000 + number / 10000
                c.come(now, "upstream", frames[n])
                if n > 0 and 0 not in order[:number]:
                    waiting.append(frames[n])
                    continue
                c.leave(now, "downstream", moved(frames[n], owner))
                for frame in waiting:
                    c.leave(now, "downstream", moved(frame, owner))
                waiting = []
    twice = datagram(9, 2000)
    c.delivered(4, "upstream", twice[0], A)
    c.delivered(4.1, "upstream", twice[0], A)
    c.delivered(4.2, "upstream", twice[1], A)
    c.delivered(4.3, "upstream", twice[2], A)

    c = owned("fragment-ids-reused", "a datagram is closed when every byte was seen: its id is free at once")
    for turn in range(20):
        owner, port = ((A, 2000), (B, 3000))[turn % 2]
        for number, frame in enumerate(datagram(5, port, 2)):
            c.delivered(1 + turn / 100 + number / 1000, "upstream", frame, owner)

    c = owned("fragment-orphans", "a later fragment whose first does not come within 5 s, and one after the 64 that may wait", linger=6)
    c.come(1, "upstream", datagram(1, 2000)[1])
    c.drop("fragment_orphan")
    for number in range(66):
        c.come(2, "upstream", arriving(2, 2 * number + 2, True, bytes(16)))
    c.drop("fragment_orphan", 66)
    c.delivered(7.5, "upstream", datagram(1, 2000)[0], A)

    c = owned("fragment-first-in-time", "64 wait, the first comes after 4.9 s: all leave, in order")
    waiting = [arriving(2, 2 * number + 2, number < 63, bytes([number] * 16)) for number in range(64)]
    for frame in waiting:
        c.come(1, "upstream", frame)
    c.delivered(5.9, "upstream", arriving(2, 0, True, ports(53, 3000) + bytes(8)), B)
    for frame in waiting:
        c.leave(5.9, "downstream", moved(frame, B))

    c = owned("fragment-bad", "a second first with other ports, TCP at offset 8, a first too short for its ports")
    frames = datagram(1, 2000)
    c.delivered(1, "upstream", frames[0], A)
    c.dropped(1.1, "upstream", datagram(1, 3000)[0], "fragment_bad")
    c.dropped(1.2, "upstream", frames[1], "fragment_bad")
    c.count(fragment_conflicts=1)
    c.dropped(1.3, "upstream", arriving(2, 1, True, bytes(16), TCP), "fragment_bad")
    c.delivered(1.4, "upstream", arriving(3, 0, True, ports(53, 2000), TCP), A)
    c.dropped(1.5, "upstream", arriving(3, 1, False, bytes(16), TCP), "fragment_bad")
    c.delivered(1.6, "upstream", arriving(4, 0, True, ports(53, 2000)), A)
    c.delivered(1.7, "upstream", arriving(4, 1, False, bytes(16)), A)
    for size in range(4):
        c.dropped(2 + size / 10, "upstream", arriving(5, 0, True, bytes(size)), "fragment_bad")
    c.dropped(2.5, "upstream", arriving(6, 0, True, bytes(7), ICMP), "fragment_bad")
    c.dropped(2.6, "downstream", part(A, 7, 1, False, bytes(8), TCP), "fragment_bad")

    c = Case("fragment-asks", "the first is held while its port is asked for; those behind it join it")
    frames = datagram(1, 2500)
    c.come(1, "upstream", frames[1])
    c.come(1.1, "upstream", frames[0])
    c.make(1.1, "downstream", request(1, 2500, protocol=UDP))
    c.come(1.2, "upstream", frames[2])
    c.told(1.5, holds(A, 2000, 2999, 1, 2500, UDP))
    for n in (0, 1, 2):
        c.leave(1.5, "downstream", moved(frames[n], A))
    c.count(requests=1, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = owned("fragments-full", "a full table: the oldest that waits makes room for one that waits, one that follows its first for another",
              linger=6, rest="[limits]\ndatagrams = 16\nhost-share = 100\n")
    kept = datagram(1, 2000)
    c.delivered(1, "upstream", kept[0], A)
    for ident in range(2, 19):
        c.come(1.1 + ident / 1000, "upstream", datagram(ident, 3000)[1])
    c.drop("fragment_orphan", 9)
    c.delivered(1.5, "upstream", kept[1], A)
    for ident in range(30, 50):
        c.delivered(1.6 + ident / 1000, "upstream", datagram(ident, 3000)[0], B)
    c.come(1.7, "upstream", kept[2])
    c.drop("fragment_orphan", 2) # with the oldest that waited
    for ident in range(12, 19):
        late = datagram(ident, 3000)
        c.delivered(2.1 + ident / 1000, "upstream", late[0], B)
        c.leave(2.1 + ident / 1000, "downstream", moved(late[1], B))

    for policy, word in ((ENFORCE, "enforce"), (LOG, "log"), (OFF, "off")):
        c = owned("fragments-from-hosts-" + word, f"fragments of hosts, source-ports = {word}: by the port of their first",
                  bridge=policy, linger=6)
        for at, host, port in ((1, A, 2000), (1.5, M, 9999), (3, M, 2000)):
            ident = round(2 * at)
            first, later = part(host, ident, 0, True, ports(port, 53) + bytes(8)), part(host, ident, 2, False, bytes(9))
            bad = host == M and port == 2000
            if word == "enforce":
                c.come(at, "downstream", later)
                c.come(at + 0.1, "downstream", first)
                if bad:
                    c.drop("source_port_violation", 2)
                    c.count(violations=2)
                    c.blame(M, violations=2)
                else:
                    c.leave(at + 0.1, "upstream", moved(first, source=BRIDGE))
                    c.leave(at + 0.1, "upstream", moved(later, source=BRIDGE))
            else:
                c.bridged(at, "downstream", later, BRIDGE)
                c.bridged(at + 0.1, "downstream", first, BRIDGE)
                if bad and word == "log":
                    c.count(violations=1)
                    c.blame(M, violations=1)
        late = part(A, 9, 2, False, bytes(9))
        if word == "enforce":
            c.dropped(4, "downstream", late, "fragment_orphan")
        else:
            c.bridged(4, "downstream", late, BRIDGE)

    c = owned("fragments-one-id", "two hosts use one id to one remote at once: each has its own; what may mix at the remote is counted")
    for at, host, port in ((1, A, 2000), (1.1, B, 3000)):
        c.bridged(at, "downstream", part(host, 1, 0, True, ports(port, 53) + bytes(8)), BRIDGE)
    c.count(fragment_id_clashes=1)
    c.bridged(1.2, "downstream", part(B, 1, 2, False, bytes(9)), BRIDGE)
    c.bridged(1.3, "downstream", part(A, 1, 2, False, bytes(9)), BRIDGE)

    c = owned("fragments-echo", "fragmented pings: replies to who asked; requests cannot be answered")
    asks = echo(ROUTER, A, SHARED, REMOTE, 8, 700, 1, bytes(16))
    c.bridged(1, "downstream", part(A, 1, 0, True, asks[34:], ICMP), BRIDGE)
    c.bridged(1.1, "downstream", part(A, 1, 3, False, bytes(5), ICMP), BRIDGE)
    answers = echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 700, 1, bytes(16))
    early = arriving(2, 3, False, bytes(5), ICMP)
    c.come(2, "upstream", early)
    c.delivered(2.1, "upstream", arriving(2, 0, True, answers[34:], ICMP), A)
    c.leave(2.1, "downstream", moved(early, A))
    request_ = echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 700, 1, bytes(16))
    c.dropped(3, "upstream", arriving(3, 0, True, request_[34:], ICMP), "echo_fragment")
    c.dropped(3.1, "upstream", arriving(3, 3, False, bytes(5), ICMP), "echo_fragment")

    c = owned("fragments-spoofed", "a host's fragments with the remote's address do not spoil the remote's own", linger=6)
    frames = datagram(1, 2000)
    forged = moved(datagram(1, 3000)[0], source=M)
    c.delivered(1, "downstream", forged, B, BRIDGE)
    for number, frame in enumerate(frames):
        c.delivered(1.1 + number / 10, "upstream", frame, A)

    c = owned("fragments-hairpin", "a neighbour's fragments to the shared address, back out of the port they came by")
    frames = [moved(ipv4(BRIDGE, NEIGHBOUR, NEAR, SHARED, UDP, frame[34:], fragment=fragment, ident=4))
              for frame, fragment in zip(datagram(4, 2000, 2), (0x2000, 2))]
    for number, frame in enumerate(frames):
        c.delivered(1 + number / 10, "downstream", frame, A, BRIDGE)


def portless_cases():
    c = owned("portless-flow", "the first that sends a flow holds it until it was silent for 300 s; another's frame is dropped")
    for at, protocol in ((1, GRE), (1.1, ESP), (1.2, 41), (1.3, 4), (1.4, 200)):
        up, down = ipv4(ROUTER, A, SHARED, REMOTE, protocol, bytes(30)), ipv4(BRIDGE, ROUTER, REMOTE, SHARED, protocol, bytes(30))
        c.dropped(at, "upstream", down, "no_owner")
        c.bridged(at + 0.01, "downstream", up, BRIDGE)
        c.delivered(at + 0.02, "upstream", down, A)
        c.dropped(at + 0.03, "downstream", moved(up, source=B), "flow_conflict")
        c.count(flow_conflicts=1)
        c.bridged(at + 0.04, "downstream", ipv4(ROUTER, B, SHARED, FAR, protocol, bytes(30)), BRIDGE)
        c.delivered(at + 0.05, "upstream", down, A)
    down = ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30))
    for turn in range(1, 7):
        c.make(60 * turn, "downstream", hello())
    c.delivered(300.9, "upstream", down, A)
    c.dropped(301.1, "upstream", down, "no_owner")
    c.bridged(360.5, "downstream", ipv4(ROUTER, B, SHARED, REMOTE, GRE, bytes(30)), BRIDGE)
    c.delivered(360.6, "upstream", down, B)

    c = owned("portless-static", "configured owners, by name and number: others may not send, nor take it",
              rest="[protocol 192.35.162.2/gre]\nmac = 00:0c:29:39:44:ab\n[protocol 192.35.162.2/50]\nmac = 00:0c:29:9e:8c:ee\n")
    for at, protocol, owner, other in ((1, GRE, B, A), (2, ESP, A, B)):
        c.delivered(at, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, protocol, bytes(30)), owner)
        c.dropped(at + 0.1, "downstream", ipv4(ROUTER, other, SHARED, REMOTE, protocol, bytes(30)), "flow_conflict")
        c.count(flow_conflicts=1)
        c.bridged(at + 0.2, "downstream", ipv4(ROUTER, owner, SHARED, REMOTE, protocol, bytes(30)), BRIDGE)
        c.delivered(at + 0.3, "upstream", ipv4(BRIDGE, ROUTER, FAR, SHARED, protocol, bytes(30)), owner)

    for policy, word in ((LOG, "log"), (OFF, "off")):
        c = owned("portless-" + word, f"source-ports = {word}: another's frame passes and changes nothing", bridge=policy)
        c.bridged(1, "downstream", ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(30)), BRIDGE)
        c.bridged(1.1, "downstream", ipv4(ROUTER, B, SHARED, REMOTE, GRE, bytes(30)), BRIDGE)
        if word == "log":
            c.count(flow_conflicts=1)
            c.blame(B, flow_conflicts=1)
        c.delivered(1.2, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30)), A)

    c = owned("portless-default-host", "what no flow decides: to default-host", address="default-host = 00:0c:29:00:00:09\n")
    c.delivered(1, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30)), NEIGHBOUR)
    c.bridged(1.1, "downstream", ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(30)), BRIDGE)
    c.delivered(1.2, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30)), A)

    c = owned("portless-groups", "nothing comes back from a group: any sharer may send to it")
    group = ip("224.0.0.22")
    for at, host in ((1, A), (1.1, B), (1.2, A)):
        c.bridged(at, "downstream", ipv4(mac("01:00:5e:00:00:16"), host, SHARED, group, 2, bytes(16)), BRIDGE)

    c = owned("portless-fragments", "fragments of a flow go where its first went")
    c.bridged(1, "downstream", part(A, 1, 0, True, bytes(16), GRE), BRIDGE)
    c.bridged(1.1, "downstream", part(A, 1, 2, False, bytes(5), GRE), BRIDGE)
    late = arriving(2, 2, False, bytes(5), GRE)
    c.come(1.2, "upstream", late)
    c.delivered(1.3, "upstream", arriving(2, 0, True, bytes(16), GRE), A)
    c.leave(1.3, "downstream", moved(late, A))
    c.dropped(1.4, "downstream", part(B, 3, 0, True, bytes(16), GRE), "flow_conflict")
    c.dropped(1.5, "downstream", part(B, 3, 2, False, bytes(5), GRE), "flow_conflict")
    c.count(flow_conflicts=2)

    c = owned("sctp", "an association's packets, both ways, by its ports")
    for number, (kind, tag) in enumerate(((1, 0), (2, 1), (10, 2), (11, 1), (0, 2), (3, 1), (7, 2), (8, 1))):
        chunk = struct.pack(">BBHI", kind, 0, 20, 1) + bytes(12)
        if number % 2 == 0:
            c.bridged(1 + number / 10, "downstream",
                      ipv4(ROUTER, B, SHARED, REMOTE, SCTP, struct.pack(">HHII", 3100, 36412, tag, 0) + chunk), BRIDGE)
        else:
            c.delivered(1 + number / 10, "upstream",
                        ipv4(BRIDGE, ROUTER, REMOTE, SHARED, SCTP, struct.pack(">HHII", 36412, 3100, tag, 0) + chunk), B)


icmp_cases()
fragment_cases()
portless_cases()
