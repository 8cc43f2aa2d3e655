"""Replay cases at the edges of docs/forwarding.md#ipv4-to-shared, rules 2 to 6: ends of lifetimes, equal ids,
duplicates, refusals that follow."""
import struct

from case import Case
from frames import *  # noqa: F401, F403
from hard_cases import (ESP, FAR, GRE, ICMP, LOG, arriving, datagram, echo8, error, from_sharer, owned, part, ports,
                        quoted, to_sharer)

DEFAULT_HOST = "default-host = 00:0c:29:00:00:09\n"


def hellos(c, *times):
    for at in times:
        c.make(at, "downstream", hello())


def echo_cases():
    c = owned("echo-replies", "a reply goes to who last sent {remote, id, sequence} within 60 s, else by its id as a port")
    for at, host, sequence in ((1, A, 1), (1.1, B, 1), (1.2, A, 2), (1.3, B, 3)):
        c.bridged(at, "downstream", echo(ROUTER, host, SHARED, REMOTE, 8, 2500, sequence), BRIDGE)
    # All equal: the last sender. Another remote or sequence: the id, a port of A's.
    for at, source, sequence, host in ((1.4, REMOTE, 1, B), (1.5, REMOTE, 2, A), (1.6, REMOTE, 3, B), (1.7, FAR, 3, A),
                                       (1.8, REMOTE, 4, A), (1.9, REMOTE, 3, B)):
        c.delivered(at, "upstream", echo(BRIDGE, ROUTER, source, SHARED, 0, 2500, sequence), host)
    hellos(c, 60)
    c.delivered(61.2, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 2500, 3), B)
    c.delivered(61.4, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 2500, 3), A)
    c.dropped(61.5, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 9000, 1), "no_owner")

    c = owned("echo-default-host", "echo = default-host: requests go there, fragmented ones too; so do replies to nobody",
              address=DEFAULT_HOST + "echo = default-host\n")
    c.delivered(1, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 2000, 1), NEIGHBOUR)
    body = echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 2000, 2, bytes(16))[34:]
    c.delivered(1.1, "upstream", arriving(1, 0, True, body, ICMP), NEIGHBOUR)
    c.delivered(1.2, "upstream", arriving(1, 3, False, bytes(9), ICMP), NEIGHBOUR)
    c.delivered(1.3, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 9000, 1), NEIGHBOUR)

    c = owned("echo-dropped", "echo = drop: echo_drop for each, whole or in fragments; replies come in all the same",
              address="echo = drop\n")
    c.dropped(1, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 1, 1), "echo_drop")
    c.bridged(1.1, "downstream", echo(ROUTER, A, SHARED, REMOTE, 8, 500, 1), BRIDGE)
    c.delivered(1.2, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 500, 1), A)
    c.dropped(1.3, "upstream", arriving(1, 0, True, body, ICMP), "echo_drop")
    c.dropped(1.4, "upstream", arriving(1, 3, False, bytes(9), ICMP), "echo_drop")

    c = owned("echo-hairpin", "a neighbour and a sharer ping the shared address: answered on the side that they are on")
    for at, host, source in ((1, NEIGHBOUR, NEAR), (1.1, A, SHARED)):
        c.come(at, "downstream", echo(BRIDGE, host, source, SHARED, 8, 7, 1))
        c.consume("echo_answered")
        c.make(at, "downstream", echo(host, BRIDGE, SHARED, source, 0, 7, 1, flags=0x4000))
    c.dropped(1.2, "downstream", echo(A, NEIGHBOUR, NEAR, SHARED, 8, 7, 2), "same_port")


def icmp_cases():
    c = owned("icmp-hairpin", "errors of neighbours and sharers to the shared address, back out of the port they came by")
    about_a, about_b = quoted(SHARED, NEAR, UDP, ports(2000, 53)), quoted(SHARED, SHARED, UDP, ports(3000, 2000))
    c.delivered(1, "downstream", error(BRIDGE, NEIGHBOUR, NEAR, SHARED, 3, 3, about_a), A, BRIDGE)
    c.delivered(1.1, "downstream", error(BRIDGE, A, SHARED, SHARED, 3, 3, about_b), B, BRIDGE)
    c.dropped(1.2, "downstream", error(BRIDGE, M, SHARED, SHARED, 3, 3, about_b), "source_port_violation")
    c.count(violations=1)
    c.dropped(1.3, "downstream", error(A, NEIGHBOUR, NEAR, SHARED, 3, 3, about_a), "same_port")
    own = quoted(SHARED, SHARED, UDP, ports(3000, 3001))
    c.dropped(1.4, "downstream", error(BRIDGE, B, SHARED, SHARED, 3, 3, own), "same_port")

    c = owned("icmp-fragments", "an error in fragments: the later ones follow the quote; a bad quote is followed too")
    body = to_sharer(quoted(SHARED, REMOTE, TCP, ports(2000, 53)) + bytes(12))[34:]
    wrong = to_sharer(quoted(OTHER, REMOTE, TCP, ports(2000, 53)) + bytes(12))[34:]
    early = arriving(2, len(body) // 8, False, bytes(5), ICMP, FAR)
    c.delivered(1, "upstream", arriving(1, 0, True, body, ICMP, FAR), A)
    c.delivered(1.1, "upstream", arriving(1, len(body) // 8, False, bytes(5), ICMP, FAR), A)
    c.come(1.2, "upstream", early)
    c.delivered(1.3, "upstream", arriving(2, 0, True, body, ICMP, FAR), A)
    c.leave(1.3, "downstream", moved(early, A))
    c.dropped(1.4, "upstream", arriving(3, 0, True, wrong, ICMP, FAR), "icmp_bad_quote")
    c.dropped(1.5, "upstream", arriving(3, len(body) // 8, False, bytes(5), ICMP, FAR), "icmp_bad_quote")

    c = owned("icmp-quoted-rest", "quotes of the shared address without a port or flow: to default-host",
              address=DEFAULT_HOST, rest="[protocol 192.35.162.2/gre]\nmac = 00:0c:29:39:44:ab\n")
    c.delivered(1, "upstream", to_sharer(quoted(SHARED, REMOTE, GRE, bytes(8))), B)
    for number, (protocol, first8) in enumerate(((ICMP, echo8(2000, 1, 13)), (ICMP, echo8(2000, 1, 3)), (ESP, bytes(8)))):
        c.delivered(1.1 + number / 10, "upstream", to_sharer(quoted(SHARED, REMOTE, protocol, first8)), NEIGHBOUR)

    c = owned("icmp-hosts-quote-fragments",
              "a host's error about a later fragment, whoever got the datagram, known or not: no host may send it")
    first, later = arriving(7, 0, True, ports(53, 2000) + bytes(8)), arriving(7, 2, False, bytes(5))
    quote = quoted(REMOTE, SHARED, UDP, bytes(8), fragment=2, ident=7)
    c.delivered(1, "upstream", first, A)
    for number, (host, about) in enumerate((
            (A, quote), (M, quote), (M, quoted(REMOTE, SHARED, UDP, ports(53, 2000), fragment=1, ident=8)),
            (M, quoted(REMOTE, SHARED, TCP, ports(80, 2000), fragment=1, ident=8)),
            (M, quoted(REMOTE, SHARED, TCP, ports(80, 9000), fragment=0x2001, ident=8)), (A, quoted(REMOTE, SHARED, GRE, bytes(8), fragment=8)))):
        c.dropped(1.1 + number / 100, "downstream", from_sharer(host, about), "source_port_violation")
        c.count(violations=1)
    c.bridged(1.2, "downstream", from_sharer(A, quoted(REMOTE, SHARED, TCP, ports(80, 2000), fragment=0x2000, ident=8)), BRIDGE)
    c.delivered(1.3, "upstream", later, A)

    c = owned("icmp-hosts-quote-flow", "a host's error about a packet without ports: checked by who holds its flow, or nobody",
              rest="[protocol 192.35.162.2/esp]\nmac = 00:0c:29:39:44:ab\n")
    c.bridged(1, "downstream", ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(30)), BRIDGE)
    for at, protocol, source, owner, other in ((1.1, GRE, REMOTE, A, M), (1.2, ESP, FAR, B, A)):
        quote = quoted(source, SHARED, protocol, bytes(8))
        c.bridged(at, "downstream", from_sharer(owner, quote), BRIDGE)
        c.dropped(at, "downstream", from_sharer(other, quote), "source_port_violation")
        c.count(violations=1)
    c.bridged(1.3, "downstream", from_sharer(M, quoted(FAR, SHARED, GRE, bytes(8))), BRIDGE)

    later = quoted(SHARED, REMOTE, UDP, bytes(8), fragment=2, ident=7)
    for word, forged, reason in (("dropped", part(M, 7, 0, True, ports(2000, 53) + bytes(8)), "source_port_violation"),
                                 ("waiting", part(M, 7, 2, False, bytes(8)), None)):
        c = owned("icmp-quoted-fragment-" + word, "an error about a later fragment is not for a host of whose datagram nothing left")
        if reason is None:
            c.come(1, "downstream", forged)
            c.held = 1
        else:
            c.dropped(1, "downstream", forged, reason)
            c.count(violations=1)
        c.bridged(1.1, "downstream", part(A, 7, 0, True, ports(2000, 53) + bytes(8)), BRIDGE)
        c.delivered(1.2, "upstream", to_sharer(later), A)

    c = owned("icmp-hosts-quote-echo", "echo ids are not ports: errors about pings and their answers are not policed")
    for number, kind in enumerate((0, 8)):
        quote = quoted(REMOTE, SHARED, ICMP, echo8(2000, 1, kind))
        c.bridged(1 + number / 10, "downstream", from_sharer(M, quote), BRIDGE)


    c = owned("echo-not-sent", "a ping that is dropped teaches nothing: the reply goes to who sent one", linger=6)
    c.count(fragment_conflicts=1)
    c.bridged(1, "downstream", eth(ROUTER, NEIGHBOUR, 0x9000, b"here"))
    c.bridged(1.1, "downstream", echo(ROUTER, A, SHARED, REMOTE, 8, 700, 1), BRIDGE)
    c.bridged(1.2, "downstream", part(B, 1, 0, True, echo8(701, 1) + bytes(8), ICMP), BRIDGE)
    answer = echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 700, 1)
    for at, frame, reason in ((1.3, part(B, 1, 0, True, echo8(700, 1) + bytes(8), ICMP), "fragment_bad"),
                              (1.5, echo(NEIGHBOUR, B, SHARED, REMOTE, 8, 700, 1), "same_port"),
                              (1.7, moved(part(B, 2, 0, True, echo8(700, 1) + bytes(8), ICMP), NEIGHBOUR), "same_port")):
        c.dropped(at, "downstream", frame, reason)
        c.delivered(at + 0.1, "upstream", answer, A)
    c.bridged(2.01, "downstream", echo(ROUTER, B, SHARED, REMOTE, 8, 700, 1), BRIDGE)
    c.delivered(2.1, "upstream", answer, B)


def fragment_cases():
    c = owned("fragment-duplicates",
              "bytes count once: duplicates and overlaps behind the ports neither close a datagram nor are a fault")
    frames = datagram(1, 2000)
    for number, n in enumerate((0, 0, 2, 2, 1)):
        c.delivered(1 + number / 10, "upstream", frames[n], A)
    c.delivered(1.6, "upstream", datagram(1, 3000)[0], B)
    frames = datagram(2, 2000)
    for number, n in enumerate((2, 2, 1)):
        c.come(2 + number / 10, "upstream", frames[n])
    c.delivered(2.5, "upstream", frames[0], A)
    for n in (2, 2, 1):
        c.leave(2.5, "downstream", moved(frames[n], A))
    c.delivered(2.6, "upstream", datagram(2, 3000)[0], B)
    for number, (offset, more, size) in enumerate(((1, True, 16), (2, True, 8), (4, False, 8), (3, True, 8))):
        if number == 0:
            c.delivered(2.9, "upstream", arriving(3, 0, True, ports(53, 2000) + bytes(8), SCTP), A)
        c.delivered(3 + number / 10, "upstream", arriving(3, offset, more, bytes(size), SCTP), A)
    c.delivered(3.6, "upstream", arriving(3, 0, True, ports(53, 3000) + bytes(8), SCTP), B)

    c = owned("fragment-many", "64 may wait, but behind a first that came any number passes")
    for turn, (host, port) in enumerate(((A, 2000), (B, 3000))):
        for number, frame in enumerate(datagram(1, port, 200)):
            c.delivered(1 + turn + number / 1000, "upstream", frame, host)

    c = owned("fragment-age", "a datagram is known for 1 s after its last fragment, and for 5 s in all", linger=6)
    frames = [datagram(1, 2000, 10), datagram(2, 2000)]
    for number, one in enumerate(frames):
        c.delivered(1 + number / 1000, "upstream", one[0], A)
    c.dropped(2.1, "upstream", frames[1][1], "fragment_orphan")
    for number in range(1, 6):
        c.delivered(1 + 0.9 * number, "upstream", frames[0][number], A)
    c.dropped(6.1, "upstream", frames[0][6], "fragment_orphan")

    c = owned("fragment-keys", "datagrams are told apart by source, protocol and id; options are no part of it")
    for at, ident, protocol, source, port, host in ((1, 1, UDP, REMOTE, 2000, A), (1.1, 1, UDP, FAR, 3000, B),
                                                    (1.2, 1, TCP, REMOTE, 3001, B), (1.3, 2, UDP, REMOTE, 3002, B)):
        for later, (offset, body, options) in enumerate(((0, ports(53, port) + bytes(16), b"\x01" * 8), (3, bytes(8), b""),
                                                         (4, bytes(1), b"\x94\x04\x00\x00"))):
            frame = arriving(ident, offset, later < 2, body, protocol, source, options)
            c.delivered(at + later / 2, "upstream", frame, host)

    c = owned("fragment-no-owner", "those behind a first that nobody owns go the same way: no_owner")
    frames = datagram(1, 9000)
    c.come(1, "upstream", frames[2])
    for number in (0, 1):
        c.dropped(1.1 + number / 10, "upstream", frames[number], "no_owner")
    c.drop("no_owner")

    c = owned("fragment-default-host", "those behind a first that nobody owns go the same way: default-host",
              address=DEFAULT_HOST)
    frames = datagram(1, 9000)
    c.come(1, "upstream", frames[2])
    c.delivered(1.1, "upstream", frames[0], NEIGHBOUR)
    c.leave(1.1, "downstream", moved(frames[2], NEIGHBOUR))
    c.delivered(1.2, "upstream", frames[1], NEIGHBOUR)

    c = Case("fragment-unresolved", "nobody answers for the first's port: it and those behind it are unresolved")
    frames = datagram(1, 2500, 6)
    for number, n in enumerate((0, 2, 3, 4)):
        c.come(1 + number * 0.9, "upstream", frames[n])
    c.drop("hold_full")
    for nonce in (1, 2, 3):
        c.make(nonce, "downstream", request(nonce, 2500, protocol=UDP))
    c.count(requests=3)
    c.drop("unresolved", 3)
    c.dropped(4.5, "upstream", frames[1], "unresolved")

    c = owned("fragment-dhcp", "a datagram to port 68 in fragments: to the client that its first names; TCP to 68 is no DHCP")
    boot = struct.pack(">HHHH", 67, 68, 300, 0) + struct.pack(">BBBB", 2, 1, 6, 0) + bytes(24) + B + bytes(10 + 8)
    early = arriving(1, len(boot) // 8 + 1, False, bytes(5), source=GATEWAY)
    c.dhcp_asked(0.9, B, xid=0)
    c.come(1, "upstream", early)
    c.delivered(1.1, "upstream", arriving(1, 0, True, boot, source=GATEWAY), B)
    c.leave(1.1, "downstream", moved(early, B))
    c.delivered(1.2, "upstream", arriving(1, len(boot) // 8, True, bytes(8), source=GATEWAY), B)
    c.dropped(1.3, "upstream", ipv4(BRIDGE, ROUTER, GATEWAY, SHARED, TCP, boot), "no_owner")
    unasked = struct.pack(">HHHH", 67, 68, 300, 0) + struct.pack(">BBBB", 2, 1, 6, 0) + bytes(24) + A + bytes(10 + 8)
    c.dropped(1.4, "upstream", arriving(2, 0, True, unasked, source=GATEWAY), "dhcp_unasked")
    c.dropped(1.5, "upstream", arriving(2, len(unasked) // 8, False, bytes(5), source=GATEWAY), "dhcp_unasked")
    c.dropped(1.6, "upstream", arriving(3, 0, True, unasked[:24], source=GATEWAY), "dhcp_unasked")

    c = owned("port-68", "source port 68 of UDP is every DHCP client's, even where it has an owner; TCP's is not",
              rest="[range 192.35.162.2:68-68]\nmac = 00:0c:29:9e:8c:ee\n")
    c.table.insert(0, [68, 68, A.hex(":"), "permanent", "config"])
    c.bridged(1, "downstream", packet(ROUTER, M, SHARED, 68, REMOTE, 67), BRIDGE)
    c.bridged(1.1, "downstream", part(M, 1, 0, True, ports(68, 67) + bytes(8)), BRIDGE)
    c.bridged(1.2, "downstream", part(M, 1, 2, False, bytes(3)), BRIDGE)
    c.dropped(1.3, "downstream", packet(ROUTER, M, SHARED, 68, REMOTE, 67, TCP), "source_port_violation")
    c.dropped(1.4, "downstream", part(M, 2, 0, True, ports(68, 67) + bytes(8), TCP), "source_port_violation")
    c.count(violations=2)
    c.delivered(1.5, "upstream", packet(BRIDGE, ROUTER, REMOTE, 67, SHARED, 68, TCP), A)

    c = owned("fragment-gaps", "a datagram is closed when every byte was seen, in whatever order: even parts first, then odd")
    frames = datagram(1, 2000, 44)
    for number, n in enumerate([*range(0, 44, 2), *range(1, 44, 2)]):
        c.delivered(1 + number / 100, "upstream", frames[n], A)
    c.delivered(2, "upstream", datagram(1, 3000)[0], B)

    c = owned("fragments-waiting-full", "no room for one more that waits: the oldest datagram that waits goes", linger=6,
              rest="[limits]\nwaiting-fragments = 16\nhost-share = 100\n")
    frames = {ident: datagram(ident, 2000 if ident % 2 else 3000, 6) for ident in range(1, 6)}
    for ident in range(1, 5):
        for n in range(1, 5):
            c.come(1 + ident / 10 + n / 100, "upstream", frames[ident][n])
    c.come(2, "upstream", frames[5][1])
    c.drop("fragment_orphan", 4)
    for ident in range(2, 6):
        host = A if ident % 2 else B
        c.delivered(3 + ident / 10, "upstream", frames[ident][0], host)
        for n in range(1, 5) if ident < 5 else (1,):
            c.leave(3 + ident / 10, "downstream", moved(frames[ident][n], host))
    c.delivered(4, "upstream", frames[1][0], A)
    c.delivered(4.1, "upstream", frames[1][1], A)

    c = owned("fragments-shares", "a full table: who has its share closes its own oldest, so that one remote takes nothing from another",
              linger=6, rest="[limits]\ndatagrams = 16\nwaiting-fragments = 20\n")
    mine, second = datagram(1, 2000), datagram(2, 3000)
    c.come(1, "upstream", mine[1])
    for number in range(10):
        c.come(1.1 + number / 100, "upstream", arriving(10 + number, 2, False, bytes(3), source=FAR))
    for number in range(13):
        c.come(1.3 + number / 1000, "upstream", arriving(19, 3 + number, True, bytes(8), source=FAR))
    c.drop("fragment_orphan", 23)
    c.delivered(1.35, "upstream", second[0], B)
    for number in range(10):
        c.delivered(1.4 + number / 100, "upstream", arriving(50 + number, 0, True, ports(53, 3000), source=FAR), B)
    c.delivered(1.9, "upstream", second[1], B)
    c.delivered(2, "upstream", mine[0], A)
    c.leave(2, "downstream", moved(mine[1], A))
    c.delivered(2.1, "upstream", second[2], B)

    c = owned("fragment-conflict", "two first fragments that differ: one is forged, so nothing behind them goes to anybody", linger=2)
    for ident, order in ((1, (3000, 2000)), (2, (2000, 3000))):
        first, second = (datagram(ident, port) for port in order)
        at = ident
        c.delivered(at, "upstream", first[0], B if order[0] == 3000 else A)
        c.dropped(at + 0.1, "upstream", second[0], "fragment_bad")
        for number, frame in enumerate((first[1], first[0], second[2], second[0])):
            c.dropped(at + 0.2 + number / 10, "upstream", frame, "fragment_bad")
    for number, frame in enumerate(datagram(1, 2000)):
        c.delivered(4 + number / 10, "upstream", frame, A)
    for number, octet in enumerate((1, 2)):
        for later, (offset, more, size) in enumerate(((0, True, 16), (2, False, 3))):
            frame = part(A, 5, offset, more, bytes([0, 0, 0, octet]) + bytes(size), GRE)
            at = 5 + number / 10 + later / 100
            if number == 0 and later == 0:
                c.bridged(at, "downstream", frame, BRIDGE)
            elif number == 1:
                c.dropped(at, "downstream", frame, "fragment_bad")
    for number, (port, offset) in enumerate(((2000, 0), (2001, 0), (2000, 2))):
        frame = part(A, 6, offset, True, ports(port, 53) + bytes(8))
        if number == 0:
            c.bridged(6, "downstream", frame, BRIDGE)
        else:
            c.dropped(6 + number / 10, "downstream", frame, "fragment_bad")
    c.count(fragment_conflicts=4)

    c = owned("fragments-flooded", "fragments of a switch's flooded copies wait for nothing: same_port at once, and they take no place")
    c.bridged(1, "downstream", eth(ROUTER, NEIGHBOUR, 0x9000, b"here"))
    for at, frame in ((1.1, ipv4(A, NEIGHBOUR, NEAR, SHARED, UDP, bytes(5), fragment=2, ident=4)),
                      (1.2, ipv4(A, B, SHARED, SHARED, UDP, bytes(5), fragment=2, ident=5)),
                      (1.3, ipv4(NEIGHBOUR, B, SHARED, NEAR, UDP, bytes(5), fragment=2, ident=6)),
                      (1.4, ipv4(A, NEIGHBOUR, NEAR, SHARED, UDP, ports(53, 2000) + bytes(8), fragment=0x2000, ident=4)),
                      (1.5, ipv4(NEIGHBOUR, B, SHARED, NEAR, UDP, ports(3000, 53) + bytes(8), fragment=0x2000, ident=6))):
        c.dropped(at, "downstream", frame, "same_port")
    c.dropped(1.6, "downstream", ipv4(NEIGHBOUR, B, SHARED, NEAR, UDP, ports(2000, 53) + bytes(8), fragment=0x2000, ident=7),
              "source_port_violation")
    c.count(violations=1)


def host_fragment_cases():
    c = owned("fragments-from-hosts-in-order",
              "what comes behind a first is judged as it was, in each protocol; port 68 is anybody's")
    at = 1.0
    for ident, protocol in enumerate((TCP, UDP, SCTP, DCCP, LITE)):
        for host, port in ((A, 2000), (M, 2000), (M, 9000)):
            at += 0.1
            for n, body in enumerate((ports(port, 53) + bytes(8), bytes(16), bytes(3))):
                frame = part(host, 10 + ident, 2 * n, n < 2, body, protocol)
                if (host, port) == (M, 2000):
                    c.dropped(at + n / 100, "downstream", frame, "source_port_violation")
                    c.count(violations=1)
                else:
                    c.bridged(at + n / 100, "downstream", frame, BRIDGE)
    for host in (A, M):
        at += 0.1
        c.bridged(at, "downstream", part(host, 20, 0, True, ports(68, 67) + bytes(8)), BRIDGE)
        c.bridged(at + 0.01, "downstream", part(host, 20, 2, False, bytes(3)), BRIDGE)
    for size in range(4):
        at += 0.1
        c.dropped(at, "downstream", part(A, 30 + size, 0, True, bytes(size)), "fragment_bad")
    # The first may say another port a second time: it and all behind it is refused.
    c.bridged(5, "downstream", part(A, 40, 0, True, ports(2000, 53) + bytes(8)), BRIDGE)
    c.dropped(5.1, "downstream", part(A, 40, 0, True, ports(3000, 53) + bytes(8)), "fragment_bad")
    c.dropped(5.2, "downstream", part(A, 40, 2, False, bytes(8)), "fragment_bad")
    c.count(fragment_conflicts=1)

    c = owned("fragment-second-first-icmp", "ICMP has no ports: a second first that is another packet is refused, the same again is not")
    answer = echo(ROUTER, M, SHARED, REMOTE, 0, 1, 1, bytes(32))[34:]
    about = from_sharer(M, quoted(REMOTE, SHARED, UDP, ports(53, 2000)) + bytes(4))[34:]
    for at in (1, 1.1):
        c.bridged(at, "downstream", part(M, 9, 0, True, answer, ICMP), BRIDGE)
    c.dropped(1.2, "downstream", part(M, 9, 0, True, about, ICMP), "fragment_bad")
    c.count(fragment_conflicts=1)

    c = Case("fragment-teaches", "a host's first fragment teaches its block, and those that came before it leave behind it")
    first, later = part(A, 1, 0, True, ports(2500, 53) + bytes(8)), part(A, 1, 2, False, bytes(9))
    c.come(1, "downstream", later)
    c.bridged(1.1, "downstream", first, BRIDGE)
    c.leave(1.1, "upstream", moved(later, source=BRIDGE))
    c.delivered(1.2, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2999), A)
    c.count(learned=1)
    c.owner(2000, 2999, A, "reachable", "traffic")

    c = owned("fragments-hairpin-early",
              "a later fragment of a neighbour or a sharer comes first: waits, and leaves in the bridge's name")
    for at, host, source, sport in ((1, NEIGHBOUR, NEAR, 53), (2, B, SHARED, 3000)):
        first = ipv4(BRIDGE, host, source, SHARED, UDP, ports(sport, 2000) + bytes(8), fragment=0x2000, ident=4)
        later = ipv4(BRIDGE, host, source, SHARED, UDP, bytes(5), fragment=2, ident=4)
        c.come(at, "downstream", later)
        c.delivered(at + 0.1, "downstream", first, A, BRIDGE)
        c.leave(at + 0.1, "downstream", moved(later, A, BRIDGE))
    first = ipv4(BRIDGE, M, SHARED, SHARED, UDP, ports(3000, 2000) + bytes(8), fragment=0x2000, ident=5)
    c.come(3, "downstream", ipv4(BRIDGE, M, SHARED, SHARED, UDP, bytes(5), fragment=2, ident=5))
    c.dropped(3.1, "downstream", first, "source_port_violation")
    c.drop("source_port_violation")
    c.blame(M, violations=1)
    c.count(violations=2)


def portless_cases():
    c = owned("portless-refresh", "only frames of the host that holds a flow keep it: not the remote's, nor another sharer's")
    up = ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(30))
    down = ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30))
    hellos(c, *range(60, 560, 60))
    c.bridged(1, "downstream", up, BRIDGE)
    c.bridged(250, "downstream", up, BRIDGE)
    for at in (400, 500):
        c.dropped(at, "downstream", moved(up, source=B), "flow_conflict")
        c.delivered(at + 1, "upstream", down, A)
    c.count(flow_conflicts=2)
    c.delivered(549, "upstream", down, A)
    c.dropped(551, "upstream", down, "no_owner")
    c.bridged(552, "downstream", moved(up, source=B), BRIDGE)
    c.delivered(553, "upstream", down, B)
    c.dropped(554, "downstream", up, "flow_conflict")
    c.count(flow_conflicts=1)

    names = {"ah": 51, "ipencap": 4, "ipv6": 41, "gre": 47, "200": 200, "ospf": 89}
    sections = "".join(f"[protocol 192.35.162.2/{name}]\nmac = 00:0c:29:9e:8c:ee\n" for name in names)
    c = owned("portless-names", "protocols by their names in protocols(5) and by number; the rest by default-host",
              rest=sections, address=DEFAULT_HOST)
    for number, protocol in enumerate(names.values()):
        c.delivered(1 + number / 10, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, protocol, bytes(30)), A)
    c.delivered(2, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, ESP, bytes(30)), NEIGHBOUR)
    c.delivered(2.1, "downstream", ipv4(BRIDGE, NEIGHBOUR, NEAR, SHARED, GRE, bytes(30)), A, BRIDGE)

    c = owned("portless-static-log", "source-ports = log: another's frame of a configured protocol passes and changes nothing",
              bridge=LOG, rest="[protocol 192.35.162.2/gre]\nmac = 00:0c:29:39:44:ab\n")
    c.bridged(1, "downstream", ipv4(ROUTER, A, SHARED, REMOTE, GRE, bytes(30)), BRIDGE)
    c.count(flow_conflicts=1)
    c.blame(A, flow_conflicts=1)
    c.delivered(1.1, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, GRE, bytes(30)), B)


echo_cases()
icmp_cases()
fragment_cases()
host_fragment_cases()
portless_cases()
