"""Replay cases of several shared addresses, of what may be learned at all, and of answers that count or do not."""
from case import Case
from frames import *  # noqa: F401, F403
from hard_cases import ESP, GRE, arriving, error, owned, ports, quoted
from hostile_cases import cut


def addresses_cases():
    c = Case("two-addresses", "two shared addresses have owners, flows, pings and datagrams of their own; one reaches the other",
             address="learn = none", start=False,
             rest="[address 192.35.162.3]\nlearn = none\n[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n"
                  "[range 192.35.162.3:2000-2999]\nmac = 00:0c:29:39:44:ab\n[protocol 192.35.162.3/esp]\nmac = 00:0c:29:9e:8c:ee\n")
    for address, first, last in ((SHARED, 2000, 9999), (OTHER, 1024, 65535)):
        c.make(0, "upstream", gratuitous(address))
        c.make(0, "downstream", hello(first, last, address))
    for at, host, address in ((1, A, SHARED), (1.1, B, OTHER)):
        c.delivered(at, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, address, 2000), host)
        c.bridged(at, "downstream", packet(ROUTER, host, address, 2000, REMOTE, 53), BRIDGE)
        c.bridged(at, "downstream", ipv4(ROUTER, host, address, REMOTE, GRE, bytes(30)), BRIDGE)
        c.bridged(at, "downstream", echo(ROUTER, host, address, REMOTE, 8, 7, 1), BRIDGE)
        first = ipv4(ROUTER, host, address, REMOTE, UDP, ports(2000, 53), fragment=0x2000, ident=9)
        c.bridged(at, "downstream", first, BRIDGE)
    for at, host, address, other in ((1.2, A, SHARED, OTHER), (1.3, B, OTHER, SHARED)):
        c.delivered(at, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, address, GRE, bytes(30)), host)
        c.delivered(at, "upstream", echo(BRIDGE, ROUTER, REMOTE, address, 0, 7, 1), host)
        first = ipv4(BRIDGE, ROUTER, REMOTE, address, UDP, ports(53, 2000), fragment=0x2000, ident=9)
        own, wrong = (quoted(about, REMOTE, TCP, ports(2000, 53)) for about in (address, other))
        c.delivered(at, "upstream", first, host)
        c.delivered(at, "upstream", error(BRIDGE, ROUTER, REMOTE, address, 3, 4, own), host)
        c.dropped(at, "upstream", error(BRIDGE, ROUTER, REMOTE, address, 3, 4, wrong), "icmp_bad_quote")
        c.dropped(at, "downstream", packet(ROUTER, host, other, 2000, REMOTE, 53), "source_port_violation")
        c.dropped(at, "downstream", ipv4(ROUTER, host, other, REMOTE, GRE, bytes(30)), "flow_conflict")
        c.delivered(at, "downstream", packet(BRIDGE, host, address, 2000, other, 2000), B if host == A else A, BRIDGE)
    for at, host, address in ((1.4, A, SHARED), (1.5, B, OTHER)):
        c.delivered(at, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, address, UDP, bytes(3), fragment=1, ident=9), host)
    c.delivered(1.6, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, OTHER, ESP, bytes(30)), A)
    c.dropped(1.7, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, SHARED, ESP, bytes(30)), "no_owner")
    c.count(violations=2, flow_conflicts=2)
    c.owner(2000, 2999, A, "permanent", "config")
    c.owner(2000, 2999, B, "permanent", "config")


SYN, RST, ACK_FLAG = 0x02, 0x04, 0x10


def tcp(host, port, flags):
    """A host's segment without data."""
    return ipv4(ROUTER, host, SHARED, REMOTE, TCP, struct.pack(">HHIIBBHI", port, 80, 1, 0, 0x50, flags, 65535, 0))


def learn_cases():
    c = Case("learn-traffic", "learn = traffic: nobody is asked; a host's frame teaches", address="learn = traffic")
    frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2500)
    c.dropped(1, "upstream", frame, "no_owner")
    c.bridged(1.1, "downstream", packet(ROUTER, A, SHARED, 2999, REMOTE, 53), BRIDGE)
    c.delivered(1.2, "upstream", frame, A)
    c.count(learned=1)
    c.owner(2000, 2999, A, "reachable", "traffic")

    c = Case("traffic-proves-nothing", "groups, broadcasts, answers of closed ports and NTP teach nothing: whoever uses a port owns its block",
             address="learn = traffic", first=1)
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 1-9999")
    for turn, host in enumerate((A, M)):
        for at, one in (
                (1.00, packet(mac("01:00:5e:00:00:fb"), host, SHARED, 5353, ip("224.0.0.251"), 5353)),
                (1.01, packet(mac("01:00:5e:7f:ff:fa"), host, SHARED, 5400, ip("239.255.255.250"), 1900)),
                (1.02, packet(ALL, host, SHARED, 5500, b"\xff" * 4, 5500)),
                (1.03, packet(ALL, host, SHARED, 5501, ip("192.35.162.255"), 5501)),
                (1.04, packet(ROUTER, host, SHARED, 123, REMOTE, 123)),
                (1.05, ipv4(mac("01:00:5e:00:00:fb"), host, SHARED, ip("224.0.0.251"), UDP, struct.pack(">HHI", 5353, 5353, 0) + bytes(8),
                            fragment=0x2000, ident=turn)),
                (1.06, tcp(host, 5600, RST)), (1.07, tcp(host, 5600, RST | ACK_FLAG)),
                (1.08, ipv4(ROUTER, host, SHARED, REMOTE, SCTP, struct.pack(">HHII", 5601, 9, 7, 0) + bytes([6, 0, 0, 4]))),
                (1.09, ipv4(ROUTER, host, SHARED, REMOTE, DCCP, struct.pack(">HHII", 5602, 9, 0x07000000, 7 << 25))),
                (1.10, ipv4(ROUTER, host, SHARED, REMOTE, TCP, struct.pack(">HHI", 5603, 9, 0), fragment=0x2000, ident=10 + turn))):
            c.bridged(at + turn / 2, "downstream", one, BRIDGE)
    c.dropped(1.9, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 5400), "no_owner")
    c.bridged(2.1, "downstream", tcp(B, 5400, SYN), BRIDGE)
    c.bridged(2.2, "downstream", packet(ROUTER, B, SHARED, 123, REMOTE, 53), BRIDGE)
    c.bridged(2.3, "downstream", packet(ROUTER, A, SHARED, 7500, REMOTE, 7500), BRIDGE)
    for at, port, owner in ((2.4, 5400, B), (2.5, 5353, B), (2.6, 123, B), (2.7, 7501, A)):
        c.delivered(at, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, port), owner)
    c.count(learned=3)
    c.owner(1, 1000, B, "reachable", "traffic")
    c.owner(5001, 6000, B, "reachable", "traffic")
    c.owner(7001, 8000, A, "reachable", "traffic")

    c = Case("traffic-not-kept", "what proves no use of a port does not keep it either: a scan from outside keeps no binding", address="learn = traffic")
    c.bridged(1, "downstream", tcp(A, 5400, SYN), BRIDGE)
    for turn in range(1, 6):
        c.make(60 * turn, "downstream", hello())
        c.bridged(50 * turn, "downstream", tcp(A, 5000 + turn, RST | ACK_FLAG), BRIDGE)
    c.delivered(300.9, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 5400), A)
    c.dropped(301.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 5400), "no_owner")
    c.count(learned=1, expired=1)

    c = Case("learn-pe-arp", "learn = pe-arp: a host's frame passes and teaches nothing; hosts are asked", address="learn = pe-arp")
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 2500, REMOTE, 53), BRIDGE)
    c.bridged(1.1, "downstream", packet(ROUTER, B, SHARED, 2500, REMOTE, 53), BRIDGE)
    c.come(1.2, "upstream", frame)
    c.make(1.2, "downstream", request(1, 2500, protocol=UDP))
    c.told(1.3, holds(A, 2000, 2999, 1, 2500, UDP))
    c.leave(1.3, "downstream", moved(frame, A))
    c.dropped(1.4, "downstream", packet(ROUTER, B, SHARED, 2500, REMOTE, 53), "source_port_violation")
    c.count(requests=1, learned=1, violations=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = owned("default-host-self", "what default-host itself sends to a port that nobody owns does not come back to it",
              address="default-host = 00:0c:29:00:00:09\n")
    c.dropped(1, "downstream", packet(BRIDGE, NEIGHBOUR, NEAR, 53, SHARED, 9000), "same_port")
    c.delivered(1.1, "downstream", packet(BRIDGE, M, NEAR, 53, SHARED, 9000), NEIGHBOUR, BRIDGE)
    c.dropped(1.2, "downstream", ipv4(BRIDGE, NEIGHBOUR, NEAR, SHARED, GRE, bytes(30)), "same_port")

    c = Case("claims-everything", "a claim of all ports, where one of them is configured: refused, nobody is asked", linger=4,
             rest="[range 192.35.162.2:5000-5000]\nmac = 00:0c:29:39:44:ab\n")
    c.claims(1, A, 2000, 2999, 1)
    c.told(3, claim(M, 2000, 9999))
    c.count(conflicts=1)
    for port, host in ((2000, A), (5000, B)):
        c.delivered(3.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, port), host)
    c.owner(2000, 2999, A, "reachable", "pe-arp")
    c.owner(5000, 5000, B, "permanent", "config")

    c = Case("permanent-outside", "a configured range outside ports: its owner's agent is challenged, any other claim is refused",
             rest="[range 192.35.162.2:80-99]\nmac = 00:0c:29:9e:8c:ee\n")
    c.told(1, claim(A, 80, 99))
    c.make(1, "downstream", request(1, 80, A))
    c.told(1.1, holds(A, 80, 99, 1, 80))
    for number, frame in enumerate((claim(A, 80, 100), claim(A, 79, 99), claim(M, 80, 99), claim(M, 85, 85))):
        c.dropped(1.2 + number / 10, "downstream", frame, "pe_arp_bad")
    c.delivered(1.8, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 99), A)
    c.count(requests=1)
    c.owner(80, 99, A, "permanent", "config")

    c = Case("host-ports", "host-ports bounds what one host owns by claims and traffic; its frames pass, others may have the rest",
             rest="[limits]\nhost-ports = 25\n")
    for number, port in enumerate((2000, 3000, 4000)):
        c.bridged(1 + number / 10, "downstream", packet(ROUTER, M, SHARED, port, REMOTE, 53), BRIDGE)
    c.bridged(1.4, "downstream", packet(ROUTER, A, SHARED, 4000, REMOTE, 53), BRIDGE)
    c.dropped(1.5, "downstream", packet(ROUTER, M, SHARED, 4000, REMOTE, 53), "source_port_violation")
    c.count(learned=3, violations=1, host_ports=1)
    c.owner(2000, 2999, M, "reachable", "traffic")
    c.owner(3000, 3999, M, "reachable", "traffic")
    c.owner(4000, 4999, A, "reachable", "traffic")

    c = Case("host-ports-claim", "a claim of more than host-ports is not challenged: its answer would not count",
             rest="[limits]\nhost-ports = 25\n")
    c.told(1, claim(A, 2000, 4999))
    c.told(2.5, claim(A, 2000, 2999))
    c.make(2.5, "downstream", request(1, 2000, A))
    c.told(2.6, holds(A, 2000, 2999, 1, 2000))
    c.count(host_ports=1, requests=1, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("arp-limit-relayed", "relayed requests count for the rate too; one that did not go up has no answer to wait for")
    c.come(1, "downstream", ask(A, SHARED, GATEWAY))
    c.leave(1, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY))
    for number in range(14):
        c.come(1, "downstream", ask(A, SHARED, GATEWAY))
        c.consume("arp_coalesced")
    for number in range(2):
        c.dropped(1, "downstream", ask(A, SHARED, NEAR), "arp_limit")
    c.dropped(1.01, "upstream", reply(BRIDGE, ROUTER, NEAR, SHARED), "arp_unasked")
    c.come(1.1, "downstream", ask(A, SHARED, NEAR))
    c.leave(1.1, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, NEAR))
    c.dropped(1.1, "downstream", ask(A, SHARED, NEAR), "arp_limit")
    c.come(1.15, "upstream", reply(BRIDGE, ROUTER, NEAR, SHARED))
    c.consume("arp_relayed")
    c.make(1.15, "downstream", reply(A, ROUTER, NEAR, SHARED))


def reply_cases():
    frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2500)
    c = Case("reply-protocol", "an answer for the asked protocol, or for all, owns its ports in each; one for another is refused")
    c.come(1, "upstream", frame)
    c.make(1, "downstream", request(1, 2500, protocol=UDP))
    c.dropped(1.1, "downstream", cut(holds(A, 2000, 2999, 1, 2500, UDP), 18, bytes([TCP])), "pe_arp_bad")
    c.told(1.2, cut(holds(A, 2000, 2999, 1, 2500, UDP), 18, bytes([UDP])))
    c.leave(1.2, "downstream", moved(frame, A))
    c.delivered(1.3, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2500, TCP), A)
    c.count(requests=1, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("reply-overlap", "an answer over another owner's ports is forged; a smaller one counts",
             rest="[range 192.35.162.2:2600-2699]\nmac = 00:0c:29:39:44:ab\n")
    c.come(1, "upstream", frame)
    c.make(1, "downstream", request(1, 2500, protocol=UDP))
    c.dropped(1.1, "downstream", holds(M, 2000, 2999, 1, 2500, UDP), "pe_arp_forged")
    c.dropped(1.2, "downstream", holds(M, 2500, 2600, 1, 2500, UDP), "pe_arp_forged")
    c.told(1.3, holds(A, 2500, 2599, 1, 2500, UDP))
    c.leave(1.3, "downstream", moved(frame, A))
    c.count(requests=1, learned=1)
    c.owner(2500, 2599, A, "reachable", "pe-arp")
    c.owner(2600, 2699, B, "permanent", "config")

    c = Case("nonces-open", "every nonce of a question counts until it ends, and none after")
    c.come(1, "upstream", frame)
    c.make(1, "downstream", request(1, 2500, protocol=UDP))
    c.make(2, "downstream", request(2, 2500, protocol=UDP))
    c.told(2.5, holds(A, 2000, 2999, 1, 2500, UDP))
    c.leave(2.5, "downstream", moved(frame, A))
    c.dropped(2.6, "downstream", holds(A, 2000, 2999, 2, 2500, UDP), "pe_arp_forged")
    c.dropped(2.7, "downstream", holds(M, 3000, 3999, 2, 3000, UDP), "pe_arp_forged")
    c.count(requests=2, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("probe-answered", "a probe is answered by the MAC that was asked, or not at all", linger=20)
    c.told(1, claim(A, 2000, 2999))
    c.make(1, "downstream", request(1, 2000, A))
    c.told(1.1, holds(A, 2000, 2999, 1, 2000, lifetime=10))
    c.delivered(12, "upstream", frame, A)
    c.make(12, "downstream", request(2, 2000, A))
    c.dropped(12.1, "downstream", holds(M, 2000, 2999, 2, 2000), "pe_arp_forged")
    c.told(12.2, holds(A, 2000, 2999, 2, 2000))
    c.delivered(25, "upstream", frame, A)
    c.count(requests=2, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")


def life_cases():
    frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2500)
    c = Case("release-partial", "a RELEASE of a part frees all of the binding, once its owner is silent", linger=0)
    c.claims(1, A, 2000, 2999, 1)
    c.told(3, claim(A, 2100, 2200, RELEASE))
    c.make(3, "downstream", request(2, 2000, A))
    c.delivered(3.9, "upstream", frame, A)
    c.come(4.1, "upstream", frame)
    c.make(4.1, "downstream", request(3, 2500, protocol=UDP))
    c.count(requests=2, released=1)
    c.held = 1
    c.owner(2500, 2500, None, "incomplete", "pe-arp")

    c = Case("traffic-kept", "only frames of the owner keep what traffic taught: not the remote's, nor those of another host")
    for turn in range(1, 10):
        c.make(60 * turn, "downstream", hello())
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 2500, REMOTE, 53), BRIDGE)
    c.bridged(250, "downstream", packet(ROUTER, A, SHARED, 2501, REMOTE, 53), BRIDGE)
    c.dropped(400, "downstream", packet(ROUTER, M, SHARED, 2502, REMOTE, 53), "source_port_violation")
    c.delivered(549, "upstream", frame, A)
    c.come(551, "upstream", frame)
    c.make(551, "downstream", request(1, 2500, protocol=UDP))
    c.held = 1
    c.count(learned=1, violations=1, expired=1, requests=1)
    c.owner(2500, 2500, None, "incomplete", "pe-arp")

    c = Case("bindings-full", "the table is full: one that is stale makes room, one that is reachable does not",
             rest="[limits]\nbindings = 2\n")
    for at, nonce, host, first, lifetime in ((1, 1, A, 2000, 10), (1.1, 2, B, 3000, 100), (1.2, 3, M, 4000, 100),
                                             (12, 4, M, 5000, 100)):
        c.told(at, claim(host, first, first + 999))
        c.make(at, "downstream", request(nonce, first, host))
        c.told(at + 0.01, holds(host, first, first + 999, nonce, first, lifetime=lifetime))
    c.count(requests=4, learned=3, table_full=1, evicted=1)
    c.owner(3000, 3999, B, "reachable", "pe-arp")
    c.owner(5000, 5999, M, "reachable", "pe-arp")

    c = Case("bindings-largest", "the table is full and none is stale: the host with the most loses what is unconfirmed for longest",
             rest="[limits]\nbindings = 4\nhost-ports = 100\n")
    for number, (host, first) in enumerate(((M, 2000), (M, 3000), (A, 4000), (M, 5000)), 1):
        c.claims(number, host, first, first + 999, number)
    c.told(5.2, claim(M, 2000, 2999))
    c.make(5.2, "downstream", request(5, 2000, M))
    c.told(5.3, holds(M, 2000, 2999, 5, 2000))
    c.claims(6, B, 6000, 6999, 6)
    c.told(7, claim(M, 7000, 7999))
    c.make(7, "downstream", request(7, 7000, M))
    c.told(7.1, holds(M, 7000, 7999, 7, 7000))
    c.count(requests=2, evicted=1, table_full=1)
    c.owner(2000, 2999, M, "reachable", "pe-arp")
    c.owner(4000, 4999, A, "reachable", "pe-arp")
    c.owner(5000, 5999, M, "reachable", "pe-arp")
    c.owner(6000, 6999, B, "reachable", "pe-arp")

    c = Case("bindings-of-one", "host-bindings and address-bindings: one more of a host is not challenged, of an address not learned",
             rest="[limits]\nhost-bindings = 2\naddress-bindings = 3\n")
    for number, (host, first) in enumerate(((M, 2000), (M, 3000), (A, 4000)), 1):
        c.claims(number, host, first, first + 499, number)
    c.told(4, claim(M, 5000, 5499))
    c.told(5.2, claim(M, 2000, 2999))
    c.make(5.2, "downstream", request(4, 2000, M))
    c.told(5.3, holds(M, 2000, 2999, 4, 2000))
    c.told(6, claim(B, 6000, 6999))
    c.make(6, "downstream", request(5, 6000, B))
    c.told(6.1, holds(B, 6000, 6999, 5, 6000))
    c.count(requests=2, learned=1, host_ports=1, table_full=1)
    c.owner(2000, 2999, M, "reachable", "pe-arp")
    c.owner(3000, 3499, M, "reachable", "pe-arp")
    c.owner(4000, 4499, A, "reachable", "pe-arp")

    c = Case("denied", "[deny]: claims, answers and frames of a host teach nothing and ask nobody, its frames pass; another gets the ports",
             address="learn = pe-arp, traffic", rest=f"[deny]\nmac = {M.hex(':')}\n")
    c.told(1, claim(M, 2000, 2999))
    c.bridged(1.1, "downstream", packet(ROUTER, M, SHARED, 3456, REMOTE, 53), BRIDGE)
    c.claims(2.1, A, 2000, 2999, 1)
    c.told(3, claim(M, 2000, 2999))
    frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 4500)
    c.come(4, "upstream", frame)
    c.make(4, "downstream", request(2, 4500, protocol=UDP))
    c.told(4.1, holds(M, 4000, 4999, 2, 4500, protocol=UDP))
    c.told(4.2, holds(B, 4000, 4999, 2, 4500, protocol=UDP))
    c.leave(4.2, "downstream", moved(frame, B))
    c.bridged(5, "downstream", packet(ROUTER, M, SHARED, 5000, REMOTE, 53), BRIDGE)
    c.count(denied=5, requests=1, learned=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")
    c.owner(4000, 4999, B, "reachable", "pe-arp")

    c = Case("questions-retry", "retries spend the budget of new questions; new ports go first")
    frames = [packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 5000 + n) for n in range(12)]
    for frame in frames[:11]:
        c.come(1, "upstream", frame)
    c.come(2.1, "upstream", frames[11])
    asked = [(1, n) for n in range(10)] + [(1.2, 10)] + [(2, n) for n in range(4)] + [(2.2, 11)]
    asked += [(2.4 + 0.2 * turn, n) for turn, n in enumerate((4, 5, 6, 7, 8, 9))]
    for nonce, (at, n) in enumerate(asked, 1):
        c.make(at, "downstream", request(nonce, 5000 + n, protocol=UDP))
    c.bridged(3.5, "upstream", eth(ALL, ROUTER, 0x9000, b"end"))
    c.held = 12
    c.count(requests=len(asked))
    for n in range(12):
        c.owner(5000 + n, 5000 + n, None, "incomplete", "pe-arp")


def bounds_cases():
    c = owned("shortest", "the shortest packet of each protocol reaches its owner; one byte less is a runt, from either side")
    at = 1.0
    for protocol, size in ((TCP, 20), (UDP, 8), (LITE, 8), (SCTP, 12), (DCCP, 12)):
        for side, source, destination, body in (("upstream", REMOTE, SHARED, ports(53, 2000)),
                                                ("downstream", SHARED, REMOTE, ports(2000, 53))):
            at += 0.01
            body = (body + b"\x00" * 4 + b"\x50" * 8)[:size]
            to, sender = (BRIDGE, ROUTER) if side == "upstream" else (ROUTER, A)
            c.dropped(at, side, ipv4(to, sender, source, destination, protocol, body[:-1]), "runt")
            whole = ipv4(to, sender, source, destination, protocol, body)
            if side == "upstream":
                c.delivered(at, side, whole, A)
            else:
                c.bridged(at, side, whole, BRIDGE)
            # The same with a total length that ends before its header does.
            c.dropped(at, side, whole[:16] + b"\x00\x13" + whole[18:], "runt")

    c = owned("spoofed-upstream", "a shared address as source from upstream is no host's: bridged, or to the owner of its port")
    c.bridged(1, "upstream", packet(NEIGHBOUR, ROUTER, SHARED, 2000, NEAR, 53))
    c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, SHARED, 3000, SHARED, 2000), A)
    c.bridged(1.2, "upstream", ipv4(NEIGHBOUR, ROUTER, SHARED, NEAR, GRE, bytes(30)))
    c.dropped(1.3, "upstream", ipv4(BRIDGE, ROUTER, NEAR, SHARED, GRE, bytes(30)), "no_owner")
    c.bridged(1.4, "upstream", echo(NEIGHBOUR, ROUTER, SHARED, NEAR, 8, 9000, 1))
    c.dropped(1.5, "upstream", echo(BRIDGE, ROUTER, NEAR, SHARED, 0, 9000, 1), "no_owner")

    c = owned("to-groups", "a sharer's frames to a broadcast or a group go upstream in the bridge's name, if its port is its own")
    for number, (to, address) in enumerate(((ALL, b"\xff" * 4), (ALL, ip("192.35.162.255")),
                                            (mac("01:00:5e:00:00:fb"), ip("224.0.0.251")))):
        c.bridged(1 + number / 10, "downstream", packet(to, A, SHARED, 2000, address, 5353), BRIDGE)
        c.dropped(2 + number / 10, "downstream", packet(to, M, SHARED, 2000, address, 5353), "source_port_violation")
        c.count(violations=1)


addresses_cases()
learn_cases()
reply_cases()
life_cases()
bounds_cases()
