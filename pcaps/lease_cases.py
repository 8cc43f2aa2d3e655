"""Replay cases: [dhcp], the bridge's own leases, by the states of RFC 2131 4.3."""
from case import Case
from frames import *  # noqa: F403

SERVED = "[dhcp]\nserve = all\nrouter = 192.35.162.1\nlease = 600\n"
ASKS = option(55, bytes([1, 3, 159]))
PLAIN = option(55, bytes([1, 3, 6]))
BROADCAST, EVERYWHERE = 0x8000, b"\xff" * 4
FOURTH = mac("00:0c:29:00:00:04")


UNASKED = "[limits]\noffer-wait = 0\n"
WINDOW = 5  # of HELLO, in which nothing is offered


class Served(Case):
    """A case whose frames come after the window; HELLO and gratuitous ARP keep their times."""

    def come(self, at, side, frame):
        return super().come(at + WINDOW if at >= 1 else at, side, frame)

    def leave(self, at, side, frame):
        hello_at = frame.find(bytes.fromhex("000188b5060a"))
        is_gratuitous = bytes.fromhex("080600010800") in frame and side == "upstream"
        repeats = is_gratuitous or hello_at > 0 and frame[hello_at + 41] == HELLO
        super().leave(at + WINDOW if at >= 1 and not repeats else at, side, frame)


def unasked(rest):
    """Hosts are not asked for a set before it is offered."""
    return rest.replace("[limits]\n", UNASKED) if "[limits]\n" in rest else rest + UNASKED


def serving(name, about, rest="", served=SERVED, **more):
    """Port sets of 1,024 ports; those within 2000-9999 are 2 to 8."""
    more.setdefault("address", "psid = 0/6")
    return Served(name, about, rest=unasked(served + rest), **more)


def said(kind, client, psid=None, to=None, dip=None, asked=True, told=address(1, "255.255.255.0") + address(3, "192.35.162.1"),
         server=GATEWAY, lease=600, identifier=b"", tag=None, yiaddr=None, params=(0, 6), **more):
    """What the bridge answers: addresses, then options in this order."""
    options = option(53, bytes([kind])) + option(54, server)
    if psid is not None:
        options += lease_time(lease)
    options += told
    if psid is not None and asked:
        options += port_params(*params, psid)
    if psid is not None:
        yiaddr = yiaddr or SHARED
    if kind == NAK:
        to, dip = ALL, EVERYWHERE
    body = boot(2, client, options + identifier, yiaddr=yiaddr or NONE, **more)
    return udp(to or client, BRIDGE, server, dip or yiaddr or more.get("ciaddr"), 67, 68, body, tag, fragment=0x4000)


def silent(c, at, frame):
    """Taken in, and nothing is said."""
    c.come(at, "downstream", frame)
    c.consume("dhcp")


def answered(c, at, frame, answer, counter):
    silent(c, at, frame)
    c.make(at, "downstream", answer)
    c.count(**{counter: 1})


def nak(c, at, frame, client, **more):
    answered(c, at, frame, said(NAK, client, told=b"", **more), "dhcp_naks")


def offered(c, at, client, psid, options=ASKS, **more):
    answered(c, at, from_client(DISCOVER, client, options), said(OFFER, client, psid, **more), "dhcp_offers")


def selects(client, address=SHARED, server=GATEWAY, options=ASKS, **more):
    return from_client(DREQUEST, client, option(54, server) + option(50, address) + options, **more)


def leased(c, at, client, psid, **more):
    offered(c, at, client, psid, **more)
    answered(c, at + 0.01, selects(client), said(ACK, client, psid, **more), "dhcp_acks")
    c.count(learned=1)


def renews(client, ciaddr=SHARED, options=ASKS, to=ROUTER, dip=GATEWAY, **more):
    return from_client(DREQUEST, client, options, to=to, sip=ciaddr, dip=dip, ciaddr=ciaddr, **more)


def acked(c, at, frame, client, psid, **more):
    answered(c, at, frame, said(ACK, client, psid, **more), "dhcp_acks")


def holds_set(c, client, psid, state="reachable"):
    c.owner(psid * 1024, psid * 1024 + 1023, client, state, "dhcp")


def hellos(c, seconds):
    for turn in range(1, seconds // 60 + 1):
        c.make(60 * turn, "downstream", hello(gateway=c.gateway()))


def denied_cases():
    c = serving("lease-denied", "[deny]: no offer, and a DHCPNAK for who asks for a set; another is served",
                rest=f"[deny]\nmac = {M.hex(':')}\n")
    silent(c, 1, from_client(DISCOVER, M, ASKS))
    nak(c, 2, selects(M), M)
    leased(c, 3, A, 2)
    silent(c, 4, from_client(DISCOVER, M, ASKS))
    c.count(denied=2)
    holds_set(c, A, 2)


def exchange_cases():
    c = serving("lease", "DISCOVER, OFFER, REQUEST, ACK: a host that asks for ports has some; another the next; one that does not is the network's")
    leased(c, 1, A, 2)
    leased(c, 1.1, B, 3)
    c.bridged(1.2, "downstream", from_client(DISCOVER, M, PLAIN))
    c.bridged(1.3, "downstream", from_client(DREQUEST, M, PLAIN + option(54, NEAR) + option(50, SHARED)))
    c.bridged(1.3, "downstream", from_client(DISCOVER, M))
    c.delivered(1.4, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2048), A)
    c.delivered(1.4, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 4095), B)
    c.bridged(1.5, "downstream", packet(ROUTER, A, SHARED, 3000, REMOTE, 53), BRIDGE)
    c.dropped(1.5, "downstream", packet(ROUTER, M, SHARED, 3000, REMOTE, 53), "source_port_violation")
    c.count(violations=1)
    holds_set(c, A, 2)
    holds_set(c, B, 3)

    c = serving("lease-again", "a client that starts anew is offered what it has; its identifier goes back to it; it is another client with another one",
                rest="dns = 192.0.2.53, 192.0.2.54\nmtu = 1400\nserver-id = 192.35.162.7\n")
    told = address(1, "255.255.255.0") + address(3, "192.35.162.1") + option(6, ip("192.0.2.53") + ip("192.0.2.54")) + option(26, struct.pack(">H", 1400))
    server = ip("192.35.162.7")
    usual, other, long = option(61, b"\1" + A), option(61, b"\xffother"), option(61, bytes(range(100)))
    more = dict(told=told, server=server)
    for n, (identifier, psid) in enumerate(((b"", 2), (usual, 2), (other, 3), (long, 4), (b"", 2), (other, 3), (long, 4))):
        offered(c, 1 + n / 10, A, psid, ASKS + identifier, identifier=identifier, **more)
    acked(c, 2, selects(A, server=server, options=ASKS + long), A, 4, identifier=long, **more)
    offered(c, 2.1, A, 4, ASKS + long, identifier=long, **more)
    c.count(learned=1)
    holds_set(c, A, 4)

    c = serving("lease-addressing", "broadcast where the client cannot take unicast; VID 0 and its tag; a client that asks no more for 159 is the network's, but for what it gives back")
    for at, tag, flags, psid, client in ((1, None, BROADCAST, 2, A), (2, 0x6000, 0, 3, B), (3, 0xe000, BROADCAST, 4, M)):
        where = dict(to=ALL, dip=EVERYWHERE) if flags else {}
        answered(c, at, from_client(DISCOVER, client, ASKS, tag=tag, flags=flags), said(OFFER, client, psid, tag=tag, flags=flags, **where), "dhcp_offers")
        acked(c, at + 0.1, selects(client, tag=tag, flags=flags), client, psid, tag=tag, flags=flags, **where)
        c.bridged(at + 0.2, "downstream", renews(client, tag=tag, flags=flags, options=PLAIN), BRIDGE)
        c.bridged(at + 0.3, "downstream", from_client(DISCOVER, client, PLAIN, tag=tag, flags=flags))
    silent(c, 3.4, from_client(DRELEASE, M, option(54, GATEWAY), tag=0xe000, to=ROUTER, sip=SHARED, dip=GATEWAY, ciaddr=SHARED))
    holds_set(c, A, 2)
    holds_set(c, B, 3)
    c.count(learned=3, released=1, dhcp_releases=1)

    c = serving("lease-vlan", "in the subnet's VLAN alone", bridge="vlan = 7", tag=7)
    answered(c, 1, from_client(DISCOVER, A, ASKS, tag=7), said(OFFER, A, 2, tag=7), "dhcp_offers")
    c.bridged(1.1, "downstream", from_client(DISCOVER, B, ASKS))
    c.bridged(1.2, "downstream", from_client(DISCOVER, B, ASKS, tag=8))
    acked(c, 1.3, selects(A, tag=7), A, 2, tag=7)
    c.count(learned=1)
    holds_set(c, A, 2)

    c = serving("lease-others", "what is relayed, for another server, no client's, or a flooded copy is bridged, untouched")
    c.bridged(1, "downstream", from_client(DISCOVER, A, ASKS, giaddr=ip("192.35.162.8")))
    c.bridged(1.1, "downstream", from_client(DISCOVER, A, ASKS + option(82, b"\1\1a")))
    c.bridged(1.2, "downstream", from_client(DISCOVER, A, ASKS, to=ROUTER, dip=NEAR))
    c.bridged(1.3, "upstream", from_client(DISCOVER, FOURTH, ASKS))
    c.bridged(1.4, "downstream", udp(ALL, A, NONE, EVERYWHERE, 67, 67, boot(1, A, option(53, b"\1") + ASKS)))
    c.bridged(1.5, "downstream", udp(ALL, A, NONE, EVERYWHERE, 68, 67, boot(1, A, ASKS)))
    c.bridged(1.6, "downstream", eth(ALL, NEIGHBOUR, 0x9000, b"here"))
    c.dropped(1.7, "downstream", from_client(DISCOVER, A, ASKS, to=NEIGHBOUR), "same_port")
    c.bridged(1.8, "downstream", from_client(DISCOVER, A, ASKS, xid=7, dip=ip("192.35.162.255")))

    c = serving("lease-off", "without serve there is no server", served="[dhcp]\nserve = none\n")
    c.bridged(1, "downstream", from_client(DISCOVER, A, ASKS))


def state_cases():
    c = serving("lease-selecting", "what a client takes is what it was offered: else DHCPNAK; another server's offer taken frees this one's", linger=40)
    offered(c, 1, A, 2)
    nak(c, 1.1, selects(A, NEAR), A)
    nak(c, 1.2, selects(A, options=ASKS + port_params(0, 6, 3)), A)
    nak(c, 1.3, selects(A, options=ASKS + port_params(0, 7, 2)), A)
    nak(c, 1.4, selects(M), M)
    acked(c, 1.5, selects(A, options=ASKS + port_params(0, 6, 2)), A, 2)
    offered(c, 2, B, 3)
    c.bridged(2.1, "downstream", selects(B, NEAR, NEAR))
    offered(c, 2.2, M, 4)
    nak(c, 2.3, selects(B, NEAR), B)
    offered(c, 2.4, B, 3)
    acked(c, 40, selects(B), B, 3)
    c.count(learned=2)
    holds_set(c, A, 2)
    holds_set(c, B, 3)
    hellos(c, 80)

    c = serving("lease-init-reboot", "a client that remembers an address: confirmed, refused, or nothing is said of who is not known", linger=0)
    leased(c, 1, A, 2)
    again = lambda client, address=SHARED, options=ASKS: from_client(DREQUEST, client, option(50, address) + options)
    acked(c, 2, again(A), A, 2)
    c.bridged(2.1, "downstream", again(A, options=PLAIN))
    nak(c, 2.2, again(A, NEAR), A)
    nak(c, 2.3, again(A, options=ASKS + port_params(0, 6, 3)), A)
    silent(c, 2.4, again(B))
    silent(c, 2.5, again(B, NEAR))
    nak(c, 2.6, again(B, ip("10.0.0.7")), B)
    c.bridged(2.7, "downstream", again(B, options=PLAIN))
    acked(c, 700, again(A), A, 2)
    c.count(learned=1, expired=1)
    holds_set(c, A, 2)
    hellos(c, 700)

    c = serving("lease-renewing", "RENEWING comes through the bridge to the server's address, REBINDING is broadcast: longer; unknown or of another address: DHCPNAK, or silence",
                linger=599)
    leased(c, 1, A, 2)
    acked(c, 300.5, renews(A), A, 2, ciaddr=SHARED)
    acked(c, 600.5, renews(A, to=ALL, dip=EVERYWHERE), A, 2, ciaddr=SHARED)
    nak(c, 600.6, renews(B), B)
    silent(c, 600.7, renews(B, to=ALL, dip=EVERYWHERE))
    nak(c, 600.8, renews(B, ip("10.0.0.7"), to=ALL, dip=EVERYWHERE), B)
    nak(c, 600.9, renews(A, NEAR), A)
    c.bridged(601, "downstream", renews(B, options=PLAIN), BRIDGE)
    acked(c, 601.1, renews(A), A, 2, ciaddr=SHARED)
    holds_set(c, A, 2)
    hellos(c, 1200)

    c = serving("lease-expiry", "a lease's end frees it, an offer's too; who comes back gets what he had; what is free longest goes first", linger=10)
    leased(c, 1, A, 2)
    offered(c, 2, B, 3)
    offered(c, 700, A, 2)
    offered(c, 700.1, B, 3)
    offered(c, 700.2, M, 4)
    for n, client in enumerate((5, 6, 7, 8)):
        offered(c, 701 + n / 10, mac(f"00:0c:29:00:00:0{client}"), client)
    offered(c, 740, FOURTH, 2)
    offered(c, 741, A, 3)
    c.count(expired=1)
    hellos(c, 751)

    c = serving("lease-release", "DHCPRELEASE gives back, its own client's alone; DHCPDECLINE sets aside for ten minutes; DHCPINFORM is told parameters", linger=10,
                rest="[limits]\ndecline-age = 60\n")
    gone = dict(to=ROUTER, sip=SHARED, dip=GATEWAY, ciaddr=SHARED)
    leased(c, 1, A, 2)
    silent(c, 1.1, from_client(DRELEASE, B, ASKS, **gone))
    silent(c, 1.2, from_client(DRELEASE, A, option(54, GATEWAY), **{**gone, "ciaddr": NEAR}))
    silent(c, 1.3, from_client(DRELEASE, A, option(54, GATEWAY), **gone))
    c.bridged(1.4, "downstream", from_client(DRELEASE, A, option(54, GATEWAY), xid=5, **gone), BRIDGE)
    c.dropped(1.5, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2048), "no_owner")
    leased(c, 2, B, 3)
    silent(c, 2.1, from_client(DECLINE, B, option(54, GATEWAY) + option(50, NEAR)))
    silent(c, 2.2, from_client(DECLINE, B, option(54, GATEWAY) + option(50, SHARED)))
    silent(c, 2.3, from_client(DECLINE, B, ASKS + option(54, GATEWAY) + option(50, SHARED)))
    offered(c, 2.4, B, 4)
    answered(c, 2.5, from_client(INFORM, A, ASKS, sip=NEAR, ciaddr=NEAR), said(ACK, A, ciaddr=NEAR), "dhcp_acks")
    c.bridged(2.6, "downstream", from_client(INFORM, A, PLAIN, sip=NEAR, ciaddr=NEAR))
    for n in (5, 6, 7, 8):
        offered(c, 3 + n / 10, mac(f"00:0c:29:00:00:0{n}"), n)
    offered(c, 4, M, 2)
    c.dropped(4.1, "downstream", from_client(DISCOVER, FOURTH, ASKS), "dhcp_exhausted")
    for n in (5, 6, 7, 8):
        offered(c, 30 + n / 10, mac(f"00:0c:29:00:00:0{n}"), n)
    offered(c, 30.9, M, 2)
    offered(c, 31, B, 4)
    c.dropped(31.1, "downstream", from_client(DISCOVER, FOURTH, ASKS), "dhcp_exhausted")
    for n in (5, 6, 7, 8):
        offered(c, 60 + n / 10, mac(f"00:0c:29:00:00:0{n}"), n)
    offered(c, 60.9, M, 2)
    offered(c, 61, B, 4)
    offered(c, 62.5, FOURTH, 3)
    c.count(released=2, dhcp_releases=1, dhcp_declines=1)
    hellos(c, 72)


def asked_cases():
    c = Served("lease-asked", "hosts are asked for a set before its first offer; nothing is offered in the window of an empty start; a set that a host answers for is not",
               address="psid = 0/6", rest=SERVED)
    two, three = b"\x01\x04\x00\x06\x08\x00", b"\x01\x04\x00\x06\x0c\x00"
    silent(c, 0.9, from_client(DISCOVER, A, ASKS))
    silent(c, 1, from_client(DISCOVER, A, ASKS, xid=1))
    c.make(1, "downstream", request(1, 2048))
    c.told(1.1, holds(B, 2048, 3071, 1, 2048, tlvs=two))
    silent(c, 1.2, from_client(DISCOVER, A, ASKS, xid=2))
    c.make(1.2, "downstream", request(2, 3072))
    c.make(2.2, "downstream", request(3, 3072))
    c.make(2.2, "downstream", said(OFFER, A, 3, xid=2))
    answered(c, 3.1, selects(A), said(ACK, A, 3), "dhcp_acks")
    offered(c, 3.2, B, 2, ASKS + option(50, SHARED) + port_params(0, 6, 2))
    answered(c, 3.3, selects(B), said(ACK, B, 2), "dhcp_acks")
    silent(c, 4, from_client(DRELEASE, A, option(54, GATEWAY), to=ROUTER, sip=SHARED, dip=GATEWAY, ciaddr=SHARED))
    offered(c, 4.1, A, 3)
    c.told(5, claim(M, 3072, 4095, tlvs=three))
    silent(c, 5.1, from_client(DISCOVER, A, ASKS))
    c.make(5.1, "downstream", request(4, 3072))
    c.told(5.2, holds(M, 3072, 4095, 4, 3072, tlvs=three))
    c.linger = 1
    c.make(6.1, "downstream", request(5, 4096))
    c.count(dhcp_offers=1, learned=2, released=1, dhcp_releases=1, requests=5)
    holds_set(c, B, 2)
    c.owner(4096, 4096, None, "incomplete", "pe-arp")


def refusal_cases():
    c = serving("lease-bad", "messages without the address that they are about, of a server's kind, or in another host's name")
    for n, frame in enumerate((
            from_client(DREQUEST, A, ASKS), from_client(DREQUEST, A, ASKS + option(54, GATEWAY)), from_client(INFORM, A, ASKS), from_client(OFFER, A, ASKS),
            from_client(ACK, A, ASKS), from_client(NAK, A, ASKS), from_client(DISCOVER, A, ASKS, source=M),
            from_client(DISCOVER, ROUTER, ASKS, source=M), from_client(DISCOVER, ZERO, ASKS, source=M))):
        c.dropped(1 + n / 4, "downstream", frame, "dhcp_bad")
    leased(c, 7, A, 2)
    holds_set(c, A, 2)

    c = serving("lease-liberal", "what stock servers read is read: options twice, of a wrong length, without an end; what cannot be read goes on to the network's")
    for n, (options, end) in enumerate(((ASKS + option(50, b"abc"), b"\xff"), (ASKS, b""), (ASKS + ASKS + option(53, b"\7"), b"\xff"), (ASKS + option(50, b""), b""),
                                        (ASKS + b"\x0c\x09cut", b""))):
        client = mac(f"00:0c:29:00:00:0{n + 2}")
        answered(c, 1 + n / 10, from_client(DISCOVER, client, options, end=end), said(OFFER, client, 2 + n), "dhcp_offers")
    one = option(61, b"\7")
    offered(c, 2, A, 7, ASKS + one + option(61, b"\7\7"), identifier=one)
    old = selects(A, options=ASKS + one, ciaddr=NEAR)
    answered(c, 2.1, old, said(ACK, A, 7, dip=NEAR, identifier=one, ciaddr=NEAR), "dhcp_acks")
    longest = option(61, bytes(range(254)))
    offered(c, 2.2, B, 8, ASKS + longest, identifier=longest)
    c.bridged(3, "downstream", from_client(DISCOVER, M, ASKS + option(61, bytes(255))))
    c.bridged(3.1, "downstream", from_client(DISCOVER, M, ASKS + option(159, b"\0\6\x0c\1")))
    c.bridged(3.2, "downstream", from_client(0, M, ASKS))
    c.bridged(3.3, "downstream", from_client(9, M, ASKS))
    c.count(learned=1, dhcp_malformed=2)
    holds_set(c, A, 7)

    c = serving("lease-exhausted", "no set left: dropped, not left to the network's server; as many for one host as host-leases", rest="[limits]\nhost-leases = 3\n")
    for n in range(2, 5):
        offered(c, 1 + n / 10, A, n, ASKS + option(61, b"id%d" % n), identifier=option(61, b"id%d" % n))
    c.dropped(1.5, "downstream", from_client(DISCOVER, A, ASKS), "dhcp_exhausted")
    for n in range(5, 9):
        leased(c, 2 + n / 10, mac(f"00:0c:29:00:00:0{n}"), n)
        holds_set(c, mac(f"00:0c:29:00:00:0{n}"), n)
    c.dropped(3, "downstream", from_client(DISCOVER, B, ASKS), "dhcp_exhausted")
    c.bridged(3.1, "downstream", from_client(DISCOVER, B, PLAIN))
    offered(c, 3.2, A, 3, ASKS + option(61, b"id3"), identifier=option(61, b"id3"))

    c = serving("lease-limits", "dhcp-host-rate for one host, dhcp-rate for newcomers, also for one that asks again after a second, a part for others; owners and those that take an offer have their own", rest="[limits]\ndhcp-host-rate = 2\ndhcp-rate = 3\n")
    offered(c, 1, A, 2)
    offered(c, 1, A, 2)
    c.dropped(1, "downstream", from_client(DISCOVER, A, ASKS), "dhcp_limit")
    offered(c, 1, M, 3)
    offered(c, 1.1, B, 4)
    c.dropped(1.1, "downstream", from_client(DISCOVER, FOURTH, ASKS), "dhcp_limit")
    c.bridged(1.1, "downstream", from_client(DISCOVER, M, PLAIN))
    answered(c, 1.1, selects(M), said(ACK, M, 3), "dhcp_acks")
    offered(c, 2, A, 2)
    c.dropped(2, "downstream", from_client(DISCOVER, B, ASKS), "dhcp_limit")
    answered(c, 2, renews(M), said(ACK, M, 3, ciaddr=SHARED), "dhcp_acks")
    offered(c, 2.1, FOURTH, 5)
    c.count(learned=1)
    holds_set(c, M, 3)

    c = serving("lease-displaced", "where none is free, an offer that nobody took for a second yields to a host that was refused and asks again, not within a second",
                rest="[range 192.35.162.2:9300-9399]\nmac = 00:0c:29:66:66:66\n")
    for n in range(2, 9):
        offered(c, 1 + n / 100, mac(f"00:0c:29:00:00:1{n}"), n)
    for at, client in ((1.5, A), (2.2, A), (2.3, B), (2.4, M), (3.3, A)):
        c.dropped(at, "downstream", from_client(DISCOVER, client, ASKS), "dhcp_exhausted")
    offered(c, 3.4, B, 2)
    offered(c, 3.5, M, 3)
    for n in (2, 3):
        nak(c, 3.7, selects(mac(f"00:0c:29:00:00:1{n}")), mac(f"00:0c:29:00:00:1{n}"))
    answered(c, 3.8, selects(B), said(ACK, B, 2), "dhcp_acks")
    c.count(learned=1)
    holds_set(c, B, 2)
    c.owner(9300, 9399, M, "permanent", "config")


def choice_cases():
    kept = ("[lease 192.35.162.2:4096-5119]\nmac = 00:0c:29:9e:8c:ee\nname = hostA\n"
            "[lease 192.35.162.2:2048-3071]\nclient-id = ff:01:02:03\n[lease 192.35.162.2:3072-4095]\nclient-id = 0100:0c:29:39:44:ab\n")
    c = serving("lease-reserved", "a set that is kept for a client is its, by MAC or identifier, and nobody else's", rest=kept)
    leased(c, 1, M, 5)
    offered(c, 1.1, A, 4)
    leased(c, 1.2, B, 3)
    identifier = option(61, b"\xff\1\2\3")
    offered(c, 1.3, FOURTH, 2, ASKS + identifier, identifier=identifier)
    for n, psid in enumerate((6, 7, 8)):
        offered(c, 2 + n / 10, mac(f"00:0c:29:00:00:0{psid}"), psid)
    c.dropped(2.5, "downstream", from_client(DISCOVER, FOURTH, ASKS), "dhcp_exhausted")
    acked(c, 3, selects(A), A, 4)
    c.count(learned=1)
    holds_set(c, B, 3)
    holds_set(c, A, 4)
    holds_set(c, M, 5)

    c = serving("lease-skips", "sets that meet a permanent range, another host's claim or live ports are passed over, and looked at again",
                rest="[range 192.35.162.2:3000-3000]\nmac = 00:0c:29:39:44:ab\n", address="learn = pe-arp, traffic\nblock = 100",
                served=SERVED + "psid = 0/6\n", linger=1)
    c.claims(1, B, 3500, 3599, 1)
    c.bridged(1.1, "downstream", packet(ROUTER, B, SHARED, 4500, REMOTE, 53), BRIDGE)
    leased(c, 1.2, A, 5)
    offered(c, 1.3, M, 6)
    for n, psid in enumerate((7, 8)):
        offered(c, 2 + n / 10, mac(f"00:0c:29:00:00:0{psid}"), psid)
    c.dropped(2.5, "downstream", from_client(DISCOVER, FOURTH, ASKS), "dhcp_exhausted")
    c.told(3, claim(B, 3500, 3599, RELEASE))
    c.make(3, "downstream", request(2, 3500, B))
    offered(c, 4.5, FOURTH, 3)
    offered(c, 5.6, B, 4)
    c.count(learned=1, requests=1, released=1)
    c.owner(3000, 3000, B, "permanent", "config")
    c.owner(4500, 4599, B, "reachable", "traffic")
    holds_set(c, A, 5)

    c = serving("lease-wish", "a client may name the set that it wishes for; one that is taken, or half named, is no wish")
    offered(c, 1, A, 7, ASKS + option(50, SHARED) + port_params(0, 6, 7))
    offered(c, 1.1, B, 2, ASKS + option(50, SHARED) + port_params(0, 6, 7))
    offered(c, 1.2, M, 3, ASKS + port_params(0, 6, 6))
    offered(c, 1.3, FOURTH, 4, ASKS + option(50, NEAR) + port_params(0, 6, 6))

    c = Served("lease-two-addresses", "addresses fill up in order; port sets with an offset; serve names who is served", start=False,
             rest="[address 192.35.162.3]\n[address 192.35.162.4]\nports = 40960-65535\n" +
             unasked(SERVED.replace("all", "192.35.162.2, 192.35.162.4") + "psid = 1/2\n[limits]\nleases = 3\n"))
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 32768-57343")
    last = ip("192.35.162.4")
    for where in (SHARED, OTHER, last):
        c.make(0, "upstream", gratuitous(where))
    for where, low, high in ((SHARED, 32768, 57343), (OTHER, 1024, 65535), (last, 40960, 65535)):
        c.make(0, "downstream", hello(low, high, where, c.gateway()))
    c.later = [(2, "upstream", gratuitous(where)) for where in (SHARED, OTHER, last)]
    for n, (client, psid, where) in enumerate(((A, 0, SHARED), (B, 1, SHARED), (M, 2, SHARED))):
        offered(c, 1 + n / 10, client, psid, yiaddr=where, params=(1, 2))
    c.dropped(1.5, "downstream", from_client(DISCOVER, FOURTH, ASKS), "dhcp_exhausted")

    c = Served("lease-second-address", "the first address full, the next one follows", start=False,
             rest="[address 192.35.162.3]\nports = 49152-65535\n" + unasked(SERVED + "psid = 1/2\n"))
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 57344-65535")
    for where, low in ((SHARED, 57344), (OTHER, 49152)):
        c.make(0, "upstream", gratuitous(where))
    for where, low in ((SHARED, 57344), (OTHER, 49152)):
        c.make(0, "downstream", hello(low, 65535, where, c.gateway()))
    c.later = [(2, "upstream", gratuitous(where)) for where in (SHARED, OTHER)]
    for n, (client, psid, where) in enumerate(((A, 3, SHARED), (B, 2, OTHER))):
        offered(c, 1 + n / 10, client, psid, yiaddr=where, params=(1, 2))
        answered(c, 1.05 + n / 10, selects(client, where), said(ACK, client, psid, yiaddr=where, params=(1, 2)), "dhcp_acks")
        c.delivered(3 + n / 10, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, where, 65535 if n == 0 else 57343), client)
    c.count(learned=2)
    c.owner(57344, 65535, A, "reachable", "dhcp")
    c.owner(49152, 57343, B, "reachable", "dhcp")

    c = serving("lease-no-takeover", "another host's claim of a lease is refused unasked; one of an offer wins until it is taken", address="learn = pe-arp\npsid = 0/6")
    two, three = b"\x01\x04\x00\x06\x08\x00", b"\x01\x04\x00\x06\x0c\x00"
    leased(c, 1, A, 2)
    c.told(1.1, claim(B, 2048, 3071, tlvs=two))
    c.told(1.2, claim(A, 2048, 3071, tlvs=two))
    c.make(1.2, "downstream", request(1, 2048, A))
    c.told(1.3, holds(A, 2048, 3071, 1, 2048, tlvs=two))
    offered(c, 2, M, 3)
    c.told(2.1, claim(B, 3072, 4095, tlvs=three))
    c.make(2.1, "downstream", request(2, 3072, B))
    c.told(2.2, holds(B, 3072, 4095, 2, 3072, tlvs=three))
    nak(c, 2.3, selects(M), M)
    c.count(learned=1, requests=2, conflicts=1)
    holds_set(c, A, 2)
    c.owner(3072, 4095, B, "reachable", "pe-arp")

    c = serving("lease-claimed-again", "a lessee's agent claims its port set also where [dhcp] alone names psid, as after a flush; no other psid, and it gets its lease over it",
                address="learn = pe-arp", served=SERVED + "psid = 0/6\n")
    two = b"\x01\x04\x00\x06\x08\x00"
    c.told(1, claim(A, 2048, 3071, tlvs=two))
    c.make(1, "downstream", request(1, 2048, A))
    c.told(1.1, holds(A, 2048, 3071, 1, 2048, tlvs=two))
    c.count(learned=2, requests=1)
    c.dropped(1.2, "downstream", claim(B, 4096, 4607, tlvs=b"\x01\x04\x00\x07\x10\x00"), "pe_arp_bad")
    offered(c, 2, A, 2)
    answered(c, 2.1, selects(A), said(ACK, A, 2), "dhcp_acks")
    holds_set(c, A, 2)


denied_cases()
exchange_cases()
state_cases()
asked_cases()
refusal_cases()
choice_cases()
