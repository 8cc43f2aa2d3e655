"""Replay cases: DHCP. Leases with ports that pass by (learn = dhcp)."""
from case import Case
from frames import *  # noqa: F403

LEASED = lease_time(600) + port_params(0, 6, 3)  # 3072-4095
RELAY = ip("192.35.162.8")


def learning(name, about, **more):
    more.setdefault("address", "learn = dhcp, pe-arp")
    return Case(name, about, **more)


def to_client(c, at, client, options=LEASED, kind=ACK, yiaddr=SHARED, **more):
    """The server's answer to a client that asked and has no address yet: a broadcast that passes as it is."""
    c.dhcp_asked(at - 0.01, client, tag=more.get("tag"))
    c.bridged(at, "upstream", from_server(kind, client, options, yiaddr=yiaddr, **more))


def unasked(c, at, client, options=LEASED, kind=ACK, yiaddr=SHARED, **more):
    """An answer that no client is waiting for."""
    c.dropped(at, "upstream", from_server(kind, client, options, yiaddr=yiaddr, **more), "dhcp_unasked")


def ack_cases():
    c = learning("dhcp-ack", "a DHCPACK from upstream with ports gives them to its client for as long as the lease lasts", linger=599)
    to_client(c, 1, A)
    c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 3072), A)
    c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 4095), A)
    c.bridged(1.2, "downstream", packet(ROUTER, A, SHARED, 4000, REMOTE, 53), BRIDGE)
    c.dropped(1.3, "downstream", packet(ROUTER, M, SHARED, 4000, REMOTE, 53), "source_port_violation")
    c.count(learned=1, violations=1)
    c.owner(3072, 4095, A, "reachable", "dhcp")
    for turn in range(1, 11):
        c.make(60 * turn, "downstream", hello())

    c = learning("dhcp-expiry", "its lease's end frees the range", linger=600)
    to_client(c, 1, A)
    c.count(learned=1, expired=1)
    for turn in range(1, 11):
        c.make(60 * turn, "downstream", hello())

    c = learning("dhcp-renewed", "a later DHCPACK extends it; unicast to the shared address, it still goes to its client", linger=599)
    to_client(c, 1, A)
    c.bridged(299.4, "downstream", from_client(DREQUEST, A, to=ROUTER, sip=SHARED, dip=GATEWAY, ciaddr=SHARED, xid=7), BRIDGE)
    c.delivered(299.5, "upstream", from_server(ACK, A, LEASED, to=BRIDGE, dip=SHARED, ciaddr=SHARED, yiaddr=SHARED, xid=7), A)
    c.count(learned=1)
    c.owner(3072, 4095, A, "reachable", "dhcp")
    for turn in range(1, 15):
        c.make(60 * turn, "downstream", hello())

    c = learning("dhcp-relayed", "a relayed one, from server to relay, teaches too; one for ever has no end", linger=300)
    for n, (sender, giaddr) in enumerate(((NEIGHBOUR, RELAY), (NEIGHBOUR, NONE))):
        client = (A, M)[n]
        c.bridged(0.5 + n, "downstream", udp(ROUTER, sender, RELAY, GATEWAY, 67, 67, boot(1, client, option(53, b"\3"), giaddr=giaddr)))
        c.bridged(0.6 + n, "upstream", udp(NEIGHBOUR, ROUTER, GATEWAY, RELAY, 67, 67,
                                           boot(2, client, option(53, b"\5") + lease_time(600) + port_params(0, 6, 3 + 2 * n), yiaddr=SHARED, giaddr=RELAY)))
    c.count(dhcp_refused=1)
    to_client(c, 2, B, lease_time(0xffffffff) + port_params(0, 6, 4))
    c.count(learned=2)
    c.owner(3072, 4095, A, "reachable", "dhcp")
    c.owner(4096, 5119, B, "reachable", "dhcp")
    for turn in range(1, 6):
        c.make(60 * turn, "downstream", hello())

    c = learning("dhcp-port-set", "offset over 0 gives a port set, also where none is configured", linger=1)
    to_client(c, 1, A, lease_time(600) + port_params(4, 12, 0x123))
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 4096-65535")
    c.left["downstream"][0] = (0, padded(hello(4096, 65535)))
    for high in (1, 2, 15):
        c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, high << 12 | 0x123), A)
    c.count(learned=1)
    c.owner(0x1123, 0xf123, A, "reachable", "dhcp")

    c = learning("dhcp-vlan", "in the subnet's VLAN alone; a tag with VID 0 is no VLAN", bridge="vlan = 7", tag=7)
    to_client(c, 1, A)
    to_client(c, 1.1, B, lease_time(600) + port_params(0, 6, 4), tag=8)
    to_client(c, 1.2, M, lease_time(600) + port_params(0, 6, 5), tag=7)
    c.count(learned=1)
    c.owner(5120, 6143, M, "reachable", "dhcp")
    c = learning("dhcp-priority-tag", "a tag with VID 0 is no VLAN")
    to_client(c, 1, A, tag=0x6000)
    c.count(learned=1)
    c.owner(3072, 4095, A, "reachable", "dhcp")


def end_cases():
    c = learning("dhcp-release", "a DHCPRELEASE of the owner's own frees it, another's does not")
    for n, client in enumerate((A, B)):
        to_client(c, 1, client, lease_time(600) + port_params(0, 6, 3 + n))
    gone = dict(to=ROUTER, sip=SHARED, dip=GATEWAY, ciaddr=SHARED)
    c.bridged(1.1, "downstream", from_client(DRELEASE, A, source=M, **gone), BRIDGE)
    c.bridged(1.2, "downstream", from_client(DRELEASE, M, **gone), BRIDGE)
    c.bridged(1.3, "downstream", from_client(DRELEASE, A, **{**gone, "ciaddr": NEAR}), BRIDGE)
    c.bridged(1.4, "upstream", udp(BRIDGE, ROUTER, REMOTE, NEAR, 68, 67, boot(1, A, option(53, b"\7"), ciaddr=SHARED)))
    c.bridged(1.5, "downstream", from_client(DRELEASE, A, **gone), BRIDGE)
    c.count(learned=2, released=1)
    c.owner(4096, 5119, B, "reachable", "dhcp")

    c = learning("dhcp-decline", "so does a DHCPDECLINE; the server's DHCPNAK ends it too, a host's does not")
    for n, client in enumerate((A, B)):
        to_client(c, 1, client, lease_time(600) + port_params(0, 6, 3 + n))
    c.bridged(1.1, "downstream", from_client(DECLINE, A, option(50, SHARED)))
    c.bridged(1.2, "downstream", from_server(NAK, B, source=M, sip=NEAR))
    c.bridged(1.25, "upstream", from_server(NAK, B, xid=9))
    c.dropped(1.26, "upstream", from_server(NAK, B, to=BRIDGE, dip=SHARED, xid=9), "dhcp_unasked")
    c.count(dhcp_refused=2)
    c.delivered(1.3, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 4096), B)
    to_client(c, 1.4, B, kind=NAK, yiaddr=NONE, options=b"")
    to_client(c, 1.5, M, kind=NAK, yiaddr=NONE, options=b"")
    c.count(learned=2, released=1)


def authority_cases():
    c = learning("dhcp-moves", "a DHCPACK takes its part of what was learned otherwise; of another host's lease nothing",
                 address="learn = dhcp, pe-arp, traffic\nblock = 1000")
    c.claims(1, B, 3000, 3999, 1)
    c.bridged(1.1, "downstream", packet(ROUTER, M, SHARED, 4500, REMOTE, 53), BRIDGE)
    to_client(c, 1.2, A)
    to_client(c, 1.3, A, lease_time(600) + port_params(0, 6, 3))
    to_client(c, 1.4, M, lease_time(600) + port_params(0, 7, 7))
    to_client(c, 1.5, B, lease_time(600) + port_params(0, 5, 1))
    to_client(c, 1.6, A, lease_time(600) + port_params(0, 7, 6))
    to_client(c, 1.7, M, lease_time(600) + port_params(0, 7, 7))
    c.count(learned=3, moves=1, conflicts=2)
    c.owner(3072, 3583, A, "reachable", "dhcp")
    c.owner(3584, 4095, M, "reachable", "dhcp")
    c.owner(4096, 4999, M, "reachable", "traffic")

    c = learning("dhcp-unasked", "what no host asked for within a minute teaches, ends and reaches nobody; its own xid and client count",
                 linger=1)
    to_client(c, 1, A, lease_time(600) + port_params(0, 6, 3))
    for n in range(2, 9):
        c.dropped(1.1 + n / 100, "upstream",
                  from_server(ACK, M, lease_time(0xffffffff) + port_params(0, 6, n), to=BRIDGE, sip=REMOTE, dip=SHARED, yiaddr=SHARED), "dhcp_unasked")
    c.count(dhcp_refused=7)
    c.dhcp_asked(2.05, B, xid=5)
    for n, (client, xid) in enumerate(((B, 6), (M, 5), (A, 5))):
        unasked(c, 2.1 + n / 10, client, lease_time(600) + port_params(0, 6, 4), xid=xid)
        c.count(dhcp_refused=1)
    c.dropped(2.5, "upstream", from_server(OFFER, M, LEASED, to=BRIDGE, sip=REMOTE, dip=SHARED, yiaddr=SHARED), "dhcp_unasked")
    c.bridged(2.6, "upstream", from_server(OFFER, M, LEASED, to=M, dip=NEAR, yiaddr=NEAR))
    c.make(60, "downstream", hello())
    unasked(c, 62.1, B, lease_time(600) + port_params(0, 6, 4), xid=5)
    c.count(dhcp_refused=1, learned=1)
    c.owner(3072, 4095, A, "reachable", "dhcp")

    c = learning("dhcp-servers", "[dhcp] servers: the leases and DHCPNAKs of those alone, by option 54", rest="[dhcp]\nservers = 192.35.162.1, 192.35.162.3\n")
    to_client(c, 1, A, sip=ip("192.35.162.3"))
    to_client(c, 1.1, B, lease_time(600) + port_params(0, 6, 4), sip=ip("192.35.162.4"))
    to_client(c, 1.2, A, b"", NAK, NONE, sip=ip("192.35.162.4"))
    to_client(c, 1.3, B, lease_time(600) + port_params(0, 6, 5))
    c.dhcp_asked(1.4, M)
    c.bridged(1.5, "upstream", udp(ALL, ROUTER, GATEWAY, b"\xff" * 4, 67, 68, boot(2, M, option(53, b"\5") + lease_time(600) + port_params(0, 6, 6), yiaddr=SHARED)))
    c.count(learned=2, dhcp_refused=3)
    c.owner(3072, 4095, A, "reachable", "dhcp")
    c.owner(5120, 6143, B, "reachable", "dhcp")

    c = learning("dhcp-permanent", "a permanent range is never leased away", rest="[range 192.35.162.2:4000-4000]\nmac = 00:0c:29:39:44:ab\n")
    to_client(c, 1, A)
    to_client(c, 1.1, B, lease_time(600) + port_params(0, 6, 3))
    c.count(conflicts=1)
    c.owner(4000, 4000, B, "permanent", "config")

    c = learning("dhcp-claims", "another's claim of a leased range is refused unasked; the lessee's own answer counts, and its release does not end the lease",
                 linger=5)
    to_client(c, 1, A)
    c.told(1.1, claim(B, 3072, 4095))
    c.told(1.2, claim(B, 4000, 4200))
    c.told(1.3, claim(A, 3072, 4095))
    c.make(1.3, "downstream", request(1, 3072, A))
    c.told(1.4, holds(A, 3072, 4095, 1, 3072))
    c.told(2, claim(A, 3072, 4095, RELEASE))
    c.dropped(2.1, "downstream", claim(B, 3072, 4095, RELEASE), "pe_arp_forged")
    c.told(2.5, claim(A, 3500, 5000))
    c.make(2.5, "downstream", request(2, 3500, A))
    c.told(2.6, holds(A, 3500, 5000, 2, 3500))
    c.count(learned=1, conflicts=2, requests=2)
    c.owner(3072, 4095, A, "reachable", "dhcp")

    c = learning("dhcp-claims-port-set", "a lessee's agent names its port set where none is configured")
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 4096-65535")
    c.left["downstream"][0] = (0, padded(hello(4096, 65535)))
    to_client(c, 1, A, lease_time(600) + port_params(4, 12, 0x123))
    psid = b"\x01\x04\x04\x0c\x12\x30"
    c.told(1.1, claim(A, 0x1123, 0xf123, tlvs=psid))
    c.make(1.1, "downstream", request(1, 0x1123, A))
    c.told(1.2, holds(A, 0x1123, 0xf123, 1, 0x1123, tlvs=psid))
    c.dropped(1.3, "downstream", claim(B, 0x1123, 0xf123, tlvs=psid), "pe_arp_bad")
    c.dropped(1.4, "downstream", claim(A, 0x1124, 0xf124, tlvs=b"\x01\x04\x04\x0c\x12\x40"), "pe_arp_bad")
    c.count(learned=1, requests=1)
    c.owner(0x1123, 0xf123, A, "reachable", "dhcp")


def refusal_cases():
    c = learning("dhcp-teaches-nothing", "what is no lease with ports: no option 159, every port, no time, an answer to DHCPINFORM, an offer, another address")
    for n, (kind, options, more) in enumerate((
            (ACK, lease_time(600), {}), (ACK, port_params(0, 6, 3), {}), (ACK, lease_time(0) + port_params(0, 6, 3), {}),
            (ACK, LEASED, {"yiaddr": NONE}), (ACK, LEASED, {"yiaddr": NEAR}), (OFFER, LEASED, {}))):
        to_client(c, 1 + n / 10, A, options, kind, **more)
    to_client(c, 1.6, A, lease_time(600) + port_params(0, 0, 0))
    c.bridged(1.7, "upstream", udp(ALL, ROUTER, GATEWAY, b"\xff" * 4, 66, 68, boot(2, A, option(53, b"\5") + LEASED, yiaddr=SHARED)))
    c.count(dhcp_unfit=1)

    c = learning("dhcp-unfit", "a lease outside of ports, of another psid, or of no host downstream is refused", address="learn = dhcp\npsid = 6/8")
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 1024-32767")
    c.left["downstream"][0] = (0, padded(hello(1024, 32767)))
    for n, (params, client) in enumerate(((port_params(6, 8, 3), A), (port_params(0, 8, 30), A), (port_params(6, 7, 30), A))):
        to_client(c, 1 + n / 10, client, lease_time(600) + params)
    c.conf = c.conf.replace("ports = 1024-32767", "ports = 1024-65535")
    c.left["downstream"][0] = (0, padded(hello(1024, 65535)))
    for n, client in enumerate((ROUTER, BRIDGE, ALL, ZERO)):
        c.bridged(2 + n / 10 - 0.01, "downstream", udp(ROUTER, NEIGHBOUR, RELAY, GATEWAY, 67, 67, boot(1, client, option(53, b"\3"), giaddr=RELAY)))
        c.bridged(2 + n / 10, "upstream", from_server(ACK, client, lease_time(600) + port_params(6, 8, 10 + n), yiaddr=SHARED))
    c.count(learned=1, dhcp_unfit=6)
    c.owner(0x40c, 0xfc0f, A, "reachable", "dhcp")

    c = learning("dhcp-malformed", "ports that contradict themselves, an identifier of two parts: bridged, counted, nothing learned; what is no DHCPACK: bridged")
    kind = option(53, b"\5")
    whole = kind + LEASED
    c.dhcp_asked(0.9, A)
    unread = (kind + lease_time(600) + option(159, b"\0\6\x0c\1"), kind + lease_time(600) + option(159, b"\x0c\6\0\0"), whole + option(61, bytes(255)))
    nothing = (kind + option(51, b"abc") + port_params(0, 6, 3), kind + lease_time(600) + option(159, b"\0\6\x0c"), kind + lease_time(600) + option(159, b""),
               option(53, b"\5\5") + LEASED, option(53, b"\x09") + LEASED, option(53, b"") + LEASED, LEASED, kind + lease_time(600) + b"\x9f\x04\0\6\x0c")
    for n, options in enumerate(unread + nothing):
        c.bridged(1 + n / 100, "upstream", udp(ALL, ROUTER, GATEWAY, b"\xff" * 4, 67, 68, boot(2, A, options, yiaddr=SHARED)[:1000 if n + 1 < len(unread + nothing) else 240 + len(options)]))
    c.bridged(1.4, "upstream", udp(ALL, ROUTER, GATEWAY, b"\xff" * 4, 67, 68, boot(2, A, whole, yiaddr=SHARED)[:239]))
    c.bridged(1.5, "upstream", udp(ALL, ROUTER, GATEWAY, b"\xff" * 4, 67, 68, bytes(3)))
    c.count(dhcp_malformed=3)

    c = learning("dhcp-liberal", "what clients take is taken: options twice, of no length, of a wrong one, without an end, cut at the end, overloaded by more bits")
    for n, options in enumerate((
            option(54, GATEWAY) + option(53, b"\5") + option(54, GATEWAY) + lease_time(600) + port_params(0, 6, 2),
            kind + kind + lease_time(600) + lease_time(9) + port_params(0, 6, 3) + port_params(0, 6, 2),
            kind + lease_time(600) + port_params(0, 6, 4) + option(50, b"") + option(61, b"\1") + option(54, b"abc"),
            kind + lease_time(600) + port_params(0, 6, 5) + option(52, b"\x84") + option(12, b"name"),
            kind + lease_time(600) + port_params(0, 6, 6) + b"\x36\x09abc", kind + lease_time(600) + option(51, b"") + port_params(0, 6, 7) + b"\0\0")):
        client = mac(f"00:0c:29:00:00:0{n + 2}")
        c.dhcp_asked(1 + n / 10 - 0.01, client)
        end = b"" if n >= 4 else b"\xff"
        c.bridged(1 + n / 10, "upstream", udp(ALL, ROUTER, GATEWAY, b"\xff" * 4, 67, 68, boot(2, client, options, yiaddr=SHARED, end=end)[:240 + len(options + end)]))
        c.owner((2 + n) * 1024, (2 + n) * 1024 + 1023, client, "reachable", "dhcp")
    c.count(learned=6)

    c = learning("dhcp-overload", "options over file and sname, and in parts (RFC 3396)")
    overload = lease_time(600) + option(52, b"\3") + option(159, b"\0")
    c.dhcp_asked(0.9, A)
    c.bridged(1, "upstream", udp(ALL, ROUTER, GATEWAY, b"\xff" * 4, 67, 68,
                                 boot(2, A, overload, yiaddr=SHARED, file=option(53, b"\5") + option(159, b"\6\x0c") + b"\xff",
                                      sname=b"\0" + option(159, b"\0") + b"\xff")))
    c.count(learned=1)
    c.owner(3072, 4095, A, "reachable", "dhcp")

    c = learning("dhcp-forged", "a DHCPACK from a host teaches nothing, to whomever it goes: counted and told")
    c.bridged(1, "downstream", from_server(ACK, M, LEASED, source=M, sip=NEAR, yiaddr=SHARED))
    c.dropped(1.1, "downstream", from_server(ACK, M, LEASED, to=BRIDGE, source=M, sip=NEAR, dip=SHARED, yiaddr=SHARED), "same_port")
    c.bridged(1.2, "downstream", from_server(ACK, A, LEASED, source=M, sip=NEAR, yiaddr=SHARED))
    c.dropped(1.3, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 100), "no_owner")
    c.count(dhcp_forged=3)

    c = Case("dhcp-not-asked", "without learn = dhcp nothing is learned; what a host did not ask for does not reach it there either")
    to_client(c, 1, A)
    unasked(c, 1.05, B)
    c.bridged(1.1, "downstream", from_server(ACK, M, LEASED, source=M, sip=NEAR, yiaddr=SHARED))


ack_cases()
end_cases()
authority_cases()
refusal_cases()
