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
        c.bridged(at, "downstream", ipv4(ROUTER, host, address, REMOTE, UDP, ports(2000, 53), fragment=0x2000, ident=9), BRIDGE)
    for at, host, address, other in ((1.2, A, SHARED, OTHER), (1.3, B, OTHER, SHARED)):
        c.delivered(at, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, address, GRE, bytes(30)), host)
        c.delivered(at, "upstream", echo(BRIDGE, ROUTER, REMOTE, address, 0, 7, 1), host)
        c.delivered(at, "upstream", ipv4(BRIDGE, ROUTER, REMOTE, address, UDP, ports(53, 2000), fragment=0x2000, ident=9), host)
        c.delivered(at, "upstream", error(BRIDGE, ROUTER, REMOTE, address, 3, 4, quoted(address, REMOTE, TCP, ports(2000, 53))), host)
        c.dropped(at, "upstream", error(BRIDGE, ROUTER, REMOTE, address, 3, 4, quoted(other, REMOTE, TCP, ports(2000, 53))),
                  "icmp_bad_quote")
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


def learn_cases():
    c = Case("learn-traffic", "learn = traffic: nobody is asked; a host's frame teaches", address="learn = traffic")
    frame = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2500)
    c.dropped(1, "upstream", frame, "no_owner")
    c.bridged(1.1, "downstream", packet(ROUTER, A, SHARED, 2999, REMOTE, 53), BRIDGE)
    c.delivered(1.2, "upstream", frame, A)
    c.count(learned=1)
    c.owner(2000, 2999, A, "reachable", "traffic")

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

    c = Case("arp-limit-relayed", "relayed requests count for the rate too; one that did not go up has no answer to wait for")
    for number in range(17):
        frame = ask(A, SHARED, GATEWAY if number < 15 else NEAR)
        if number < 15:
            c.come(1, "downstream", frame)
            c.leave(1, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY))
        else:
            c.dropped(1, "downstream", frame, "arp_limit")
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


addresses_cases()
learn_cases()
reply_cases()
