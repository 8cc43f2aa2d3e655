"""Replay cases of the bridge end to end: ARP, bindings, learning, ping, layer 2."""
import struct

from case import Case
from frames import *  # noqa: F401, F403


def arp_cases():
    c = Case("arp-router", "the router asks for the shared address: broadcast, unicast, probing; the bridge answers")
    for at, spa, to in ((1, GATEWAY, ALL), (3, GATEWAY, BRIDGE), (4, NONE, ALL)):
        c.come(at, "upstream", ask(ROUTER, spa, SHARED, to))
        c.consume("arp_answered")
        c.make(at, "upstream", reply(ROUTER, BRIDGE, SHARED, spa))

    c = Case("arp-capture", "a host's own ARP for the shared address: not one frame reaches the router")
    captures_ = [ask(M, SHARED, SHARED), reply(ALL, M, SHARED, SHARED), reply(ROUTER, M, SHARED, GATEWAY),
                 ask(M, SHARED, GATEWAY, hardware=6), ask(M, SHARED, SHARED, hardware=0),
                 ask(M, SHARED, SHARED, tag=0), ask(M, SHARED, SHARED, tag=0xe000),
                 arp(ALL, M, 9, M, SHARED, ZERO, GATEWAY)]
    snap = ALL + M + struct.pack(">H", 36) + bytes.fromhex("aaaa030000000806") + ask(M, SHARED, SHARED)[14:]
    for number, frame in enumerate(captures_ + [snap]):
        c.dropped(0.1 + number / 20, "downstream", frame, "arp_capture")
        c.count(captures=1)
    c.dropped(1, "downstream", ask(M, NONE, SHARED), "arp_probe")
    c.dropped(1.1, "downstream", ask(M, SHARED, SHARED)[:41], "runt")

    c = Case("arp-relay", "two sharers ask for the gateway: once a second in the bridge's name, one answer to each request of them")
    question, answer = arp(ALL, BRIDGE, 1, BRIDGE, SHARED, ZERO, GATEWAY), reply(BRIDGE, ROUTER, GATEWAY, SHARED)
    c.come(1, "downstream", ask(A, SHARED, GATEWAY))
    c.leave(1, "upstream", question)
    for at, host in ((1.5, B), (1.51, B)):
        c.come(at, "downstream", ask(host, SHARED, GATEWAY))
        c.consume("arp_coalesced")
    c.come(1.6, "upstream", answer)
    c.consume("arp_relayed")
    for host in (A, B):
        c.make(1.6, "downstream", reply(host, ROUTER, GATEWAY, SHARED))
    c.dropped(1.7, "upstream", answer, "arp_unasked")
    # Answered within the second: the answer is still known.
    c.come(1.9, "downstream", ask(B, SHARED, GATEWAY, tag=0xe000))
    c.consume("arp_coalesced")
    c.make(1.9, "downstream", reply(B, ROUTER, GATEWAY, SHARED, tag=0xe000))
    # To one MAC: it waits for another's broadcast, but keeps none back.
    for at, to, host in ((2.1, NEIGHBOUR, M), (2.2, ALL, B)):
        c.come(at, "downstream", ask(host, SHARED, GATEWAY, to))
        c.leave(at, "upstream", moved(question, to))
    for at, to, host in ((2.3, ROUTER, M), (2.4, ALL, A)):
        c.come(at, "downstream", ask(host, SHARED, GATEWAY, to))
        c.consume("arp_coalesced")
    c.come(5.3, "upstream", answer)
    c.consume("arp_relayed")
    for host in (M, A):
        c.make(5.3, "downstream", reply(host, ROUTER, GATEWAY, SHARED))
    c.dropped(5.5, "upstream", answer, "arp_unasked")

    c = Case("arp-neighbours", "who does not share: ARP is bridged, and asking for the shared address is answered",
             rest="[address 192.35.162.3]\n", start=False)
    c.make(0, "upstream", gratuitous())
    c.make(0, "upstream", gratuitous(OTHER))
    c.make(0, "downstream", hello())
    c.make(0, "downstream", hello(1024, 65535, OTHER))
    c.later = [(2, "upstream", gratuitous()), (2, "upstream", gratuitous(OTHER))]
    c.come(1, "downstream", ask(NEIGHBOUR, NEAR, SHARED))
    c.consume("arp_answered")
    c.make(1, "downstream", reply(NEIGHBOUR, BRIDGE, SHARED, NEAR))
    c.come(1.1, "downstream", ask(A, SHARED, OTHER))
    c.consume("arp_answered")
    c.make(1.1, "downstream", reply(A, BRIDGE, OTHER, SHARED))
    c.bridged(1.2, "downstream", ask(NEIGHBOUR, NEAR, GATEWAY))
    c.bridged(1.3, "upstream", reply(NEIGHBOUR, ROUTER, GATEWAY, NEAR))
    c.bridged(1.4, "downstream", ask(A, NONE, GATEWAY))
    c.bridged(1.5, "upstream", reply(A, ROUTER, GATEWAY, NONE))

    c = Case("arp-nameless", "sender 0.0.0.0 of who owns ports: asked in the bridge's name, as its lowest address; no answer of it leaves",
             rest="[address 192.35.162.3]\n[range 192.35.162.3:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n"
             "[range 192.35.162.3:3000-3999]\nmac = 00:0c:29:39:44:ab\n"
             "[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n", start=False)
    for address, first, last in ((SHARED, 2000, 9999), (OTHER, 1024, 65535)):
        c.make(0, "upstream", gratuitous(address))
        c.make(0, "downstream", hello(first, last, address))
    c.later = [(2, "upstream", gratuitous()), (2, "upstream", gratuitous(OTHER))]
    for first, host in ((2000, A), (2000, A), (3000, B)):
        c.owner(first, first + 999, host, "permanent", "config")
    for at, host, address in ((1, A, SHARED), (1.2, B, OTHER)):
        c.come(at, "downstream", ask(host, NONE, GATEWAY))
        c.leave(at, "upstream", arp(ALL, BRIDGE, 1, BRIDGE, address, ZERO, GATEWAY))
        c.come(at + 0.1, "upstream", reply(BRIDGE, ROUTER, GATEWAY, address))
        c.consume("arp_relayed")
        c.make(at + 0.1, "downstream", reply(host, ROUTER, GATEWAY, address))
    c.come(1.4, "downstream", ask(A, SHARED, GATEWAY))
    c.consume("arp_coalesced")
    c.make(1.4, "downstream", reply(A, ROUTER, GATEWAY, SHARED))
    for at, frame in ((1.5, reply(ROUTER, A, NONE, GATEWAY)), (1.6, ask(A, NONE, GATEWAY, hardware=6))):
        c.dropped(at, "downstream", frame, "arp_capture")
        c.count(captures=1)
    c.dropped(1.7, "downstream", ask(A, NONE, SHARED), "arp_probe")
    # Its own address, that of a neighbour, and who owns nothing.
    c.bridged(1.8, "downstream", ask(A, NEAR, GATEWAY))
    c.bridged(1.9, "downstream", ask(M, NONE, GATEWAY))

    c = Case("arp-conflict", "the shared address is used upstream: no further, and defended once in 10 s")
    for at, defended in ((1, True), (5, False), (11, True)):
        c.dropped(at, "upstream", reply(ALL, M, SHARED, GATEWAY), "arp_conflict")
        c.count(conflicts=1)
        if defended:
            c.make(at, "upstream", gratuitous())
    c.dropped(11.5, "upstream", ask(M, SHARED, SHARED), "arp_conflict")
    c.count(conflicts=1)

    c = Case("arp-limit", "15 ARP frames a second of one host go upstream, the rest do not; others' do")
    for number in range(20):
        frame = ask(M, NONE, GATEWAY)
        if number < 15:
            c.bridged(1, "downstream", frame)
        else:
            c.dropped(1, "downstream", frame, "arp_limit")
    c.bridged(1, "downstream", ask(A, NONE, GATEWAY))


def binding_cases():
    c = Case("claim-and-deliver", "a claim is challenged and answered; then every protocol with ports finds its owner")
    c.claims(1, A, 2000, 2999, 1)
    c.claims(1.1, B, 3000, 3999, 2)
    at = 1.2
    for protocol in (TCP, UDP, DCCP, SCTP, LITE):
        for options in (b"", b"\x94\x04\x00\x00", b"\x01" * 40):
            at += 0.01
            c.delivered(at, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000, protocol, options), A)
            c.delivered(at, "upstream", packet(M, ROUTER, REMOTE, 53, SHARED, 3999, protocol, options), B)
            c.bridged(at, "downstream", packet(ROUTER, A, SHARED, 2999, REMOTE, 53, protocol, options), BRIDGE)
    c.dropped(1.8, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 1999), "no_owner")
    c.dropped(1.8, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 10000), "no_owner")
    c.owner(2000, 2999, A, "reachable", "pe-arp")
    c.owner(3000, 3999, B, "reachable", "pe-arp")

    c = Case("reply-forged", "answers that do not count: nonce, MAC, asked port, late, unasked; outside ports")
    c.told(1, claim(A, 2000, 2999))
    c.make(1, "downstream", request(1, 2000, A))
    c.count(requests=1)
    for frame, reason in ((holds(A, 2000, 2999, 7, 2000), "pe_arp_forged"), (holds(M, 2000, 2999, 1, 2000), "pe_arp_forged"),
                          (holds(A, 2001, 2999, 1, 2000), "pe_arp_forged"), (holds(A, 2000, 10000, 1, 2000), "pe_arp_bad"),
                          (holds(A, 2000, 2999, 1, 2000, protocol=0)[:-1] + b"\x01", "pe_arp_bad"),
                          (moved(holds(A, 2000, 2999, 1, 2000), source=M), "pe_arp_forged"),
                          (holds(A, 2000, 2999, 1, 2001), "pe_arp_forged")):
        c.dropped(1.5, "downstream", frame, reason)
    c.dropped(1.6, "upstream", holds(ROUTER, 2000, 2999, 1, 2000), "pe_arp_bad")
    for at, nonce in ((2, 2), (3, 3)):
        c.make(at, "downstream", request(nonce, 2000, A))
        c.count(requests=1)
    c.dropped(4.1, "downstream", holds(A, 2000, 2999, 1, 2000), "pe_arp_forged")

    c = Case("hold-and-ask", "a port that nobody owns: asked for, three frames wait, all leave in order once it is known")
    waiting = [packet(BRIDGE, ROUTER, REMOTE, port, SHARED, 2500) for port in (1, 2, 3, 4)]
    for number, frame in enumerate(waiting):
        c.come(1 + number / 10, "upstream", frame)
    c.make(1, "downstream", request(1, 2500, protocol=UDP))
    c.drop("hold_full")
    c.make(2, "downstream", request(2, 2500, protocol=UDP))
    c.told(2.5, holds(A, 2000, 2999, 1, 2500, UDP))
    for frame in waiting[1:]:
        c.leave(2.5, "downstream", moved(frame, A))
    c.count(requests=2, learned=1)
    c.dropped(2.6, "downstream", holds(B, 2400, 2600, 1, 2500, UDP), "pe_arp_forged")
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("hold-in-vain", "three questions unanswered: dropped after 3 s, not asked for again for 20 s")
    c.come(1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 1, SHARED, 2500, TCP))
    for nonce in (1, 2, 3):
        c.make(nonce, "downstream", request(nonce, 2500, protocol=TCP))
    c.drop("unresolved")
    c.dropped(4.5, "upstream", packet(BRIDGE, ROUTER, REMOTE, 1, SHARED, 2500), "unresolved")
    c.dropped(23.9, "upstream", packet(BRIDGE, ROUTER, REMOTE, 1, SHARED, 2500), "unresolved")
    c.come(24.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 1, SHARED, 2500))
    c.make(24.1, "downstream", request(4, 2500, protocol=UDP))
    c.count(requests=4)
    c.held = 1
    c.owner(2500, 2500, None, "incomplete", "pe-arp")

    c = Case("stale-probe-gone", "a lifetime over: still forwards, probes; an answer keeps it, silence ends it", linger=10)
    c.claims(1, A, 2000, 2999, 1)
    first = packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2222)
    c.make(60, "downstream", hello())
    c.make(120, "downstream", hello())
    c.delivered(122, "upstream", first, A)
    c.make(122, "downstream", request(2, 2000, A))
    c.told(122.5, holds(A, 2000, 2999, 2, 2000, lifetime=10))
    c.delivered(140, "upstream", first, A)
    for at, nonce in ((140, 3), (141, 4), (142, 5)):
        c.make(at, "downstream", request(nonce, 2000, A))
    c.delivered(142.9, "upstream", first, A)
    c.come(143.5, "upstream", first)
    for at, nonce in ((143.5, 6), (144.5, 7), (145.5, 8)):
        c.make(at, "downstream", request(nonce, 2222, protocol=UDP))
    c.drop("unresolved")
    c.count(requests=7, expired=1)

    c = Case("owner-lives", "a claim on a live owner's range: the owner is asked first, answers, and keeps it", linger=5)
    c.claims(1, A, 2000, 2999, 1)
    c.told(6, claim(M, 2500, 3500))
    c.make(6, "downstream", request(2, 2000, A))
    c.told(6.1, holds(A, 2000, 2999, 2, 2000))
    c.count(requests=1, conflicts=1)
    c.delivered(6.2, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2600), A)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("owner-silent", "the owner is silent for three questions: all of its range is free, the claimant gets its own")
    c.claims(1, A, 2000, 2999, 1)
    c.told(3, claim(B, 2500, 3500))
    for at, nonce in ((3, 2), (4, 3), (5, 4)):
        c.make(at, "downstream", request(nonce, 2000, A))
    c.make(6, "downstream", request(5, 2500, B))
    c.told(6.1, holds(B, 2500, 3500, 5, 2500))
    c.count(requests=4, moves=1, expired=1)
    c.delivered(6.2, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2600), B)
    c.owner(2500, 3500, B, "reachable", "pe-arp")

    c = Case("release", "a RELEASE is checked: the owner's answer keeps the range, its silence frees it", linger=5)
    c.claims(1, A, 2000, 2999, 1)
    c.dropped(2.5, "downstream", claim(M, 2000, 2999, RELEASE), "pe_arp_forged")
    c.told(3, claim(A, 2000, 2999, RELEASE))
    c.make(3, "downstream", request(2, 2000, A))
    c.told(3.1, holds(A, 2000, 2999, 2, 2000))
    c.told(5, claim(A, 2000, 2999, RELEASE))
    c.make(5, "downstream", request(3, 2000, A))
    c.count(requests=2, released=1)

    c = Case("permanent", "configured ranges never move, default-host gets the rest", address="default-host = 00:0c:29:39:44:ab",
             rest="[range 192.35.162.2:80-80]\nmac = 00:0c:29:9e:8c:ee\n[range 192.35.162.2:2000-2999]\n"
                  "mac = 00:0c:29:9e:8c:ee\nname = hostA\n")
    c.delivered(1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 80, TCP), A)
    c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 22, TCP), B)
    c.told(1.2, claim(M, 2000, 2999))
    c.count(conflicts=1)
    c.dropped(1.3, "downstream", claim(A, 2000, 2999, RELEASE), "pe_arp_forged")
    c.told(1.4, claim(A, 2000, 2999))
    c.make(1.4, "downstream", request(1, 2000, A))
    c.told(1.5, holds(A, 2000, 2999, 1, 2000))
    c.count(requests=1)
    c.dropped(1.6, "downstream", packet(ROUTER, M, SHARED, 2000, REMOTE, 53), "source_port_violation")
    c.count(violations=1)
    c.owner(80, 80, A, "permanent", "config")
    c.owner(2000, 2999, A, "permanent", "config")

    c = Case("port-set", "port sets: a claim by PSID owns every span of its set", address="psid = 6/8",
             first=1024, last=65535)
    c.conf = c.conf.replace("ports = 2000-9999", "ports = 1024-65535")
    psid = b"\x01\x04\x06\x08\x34\x00"
    c.dropped(1, "downstream", claim(A, 1232, 64723), "pe_arp_bad")
    c.told(1.1, claim(A, 1232, 64723, tlvs=psid))
    c.make(1.1, "downstream", request(1, 1232, A))
    c.told(1.2, holds(A, 1232, 64723, 1, 1232, tlvs=psid))
    for port in (1232, 1235, 2256, 64723):
        c.delivered(1.3, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, port), A)
    c.count(requests=1, learned=2)
    c.bridged(1.4, "downstream", packet(ROUTER, B, SHARED, 1236, REMOTE, 53), BRIDGE)
    c.delivered(1.5, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2260), B)
    c.dropped(1.6, "downstream", packet(ROUTER, B, SHARED, 1232, REMOTE, 53), "source_port_violation")
    c.count(violations=1)
    c.owner(1232, 64723, A, "reachable", "pe-arp")
    c.owner(1236, 64727, B, "reachable", "traffic")


def traffic_cases():
    c = Case("traffic", "a host's first frame teaches its block; another's frame from there is dropped; 300 s of silence end it",
             linger=310)
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 3456, REMOTE, 53), BRIDGE)
    c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 3000), A)
    c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 3999), A)
    c.dropped(1.2, "downstream", packet(ROUTER, M, SHARED, 3000, REMOTE, 53), "source_port_violation")
    c.bridged(1.3, "downstream", packet(ROUTER, M, SHARED, 1024, REMOTE, 53), BRIDGE)
    c.bridged(1.4, "downstream", packet(ROUTER, M, SHARED, 68, REMOTE, 67), BRIDGE)
    c.dropped(1.5, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 1024), "no_owner")
    c.count(learned=1, violations=1, expired=1)
    for turn in range(1, 6):
        c.make(60 * turn, "downstream", hello())

    c = Case("traffic-yields", "the idle part of a block yields to a challenged claim, the live part does not")
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 3100, REMOTE, 53), BRIDGE)
    c.bridged(1.1, "downstream", packet(ROUTER, A, SHARED, 3200, REMOTE, 53), BRIDGE)
    c.told(1.2, claim(B, 3150, 3999))
    c.count(learned=1, conflicts=1)
    c.claims(1.3, B, 3201, 4100, 1)
    c.owner(3000, 3200, A, "reachable", "traffic")
    c.owner(3201, 4100, B, "reachable", "pe-arp")

    c = Case("traffic-releases", "frames that wait leave when traffic teaches the owner")
    frame = packet(BRIDGE, ROUTER, REMOTE, 9, SHARED, 3500)
    c.come(1, "upstream", frame)
    c.make(1, "downstream", request(1, 3500, protocol=UDP))
    c.leave(1.2, "downstream", moved(frame, A))
    c.bridged(1.2, "downstream", packet(ROUTER, A, SHARED, 3456, REMOTE, 53), BRIDGE)
    c.count(requests=1, learned=1)
    c.owner(3000, 3999, A, "reachable", "traffic")

    c = Case("hairpin", "a sharer sends to the shared address: back out of the port it came by, in the bridge's name")
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 2500, REMOTE, 53), BRIDGE)
    c.bridged(1, "downstream", packet(ROUTER, B, SHARED, 3500, REMOTE, 53), BRIDGE)
    c.delivered(1.1, "downstream", packet(BRIDGE, B, SHARED, 3500, SHARED, 2500), A, BRIDGE)
    c.delivered(1.2, "downstream", packet(BRIDGE, NEIGHBOUR, NEAR, 9, SHARED, 2500), A, BRIDGE)
    c.dropped(1.3, "downstream", packet(A, B, SHARED, 3500, SHARED, 2500), "same_port")
    c.dropped(1.4, "downstream", packet(BRIDGE, A, SHARED, 2501, SHARED, 2500), "same_port")
    c.dropped(1.5, "downstream", packet(BRIDGE, B, SHARED, 2500, SHARED, 2500), "source_port_violation")
    c.count(learned=2, violations=1)
    c.owner(2000, 2999, A, "reachable", "traffic")
    c.owner(3000, 3999, B, "reachable", "traffic")

    c = Case("policy-log", "source-ports = log: told, and passed; source-mac = host: the host's own MAC goes upstream",
             bridge="source-mac = host\n[policy]\nsource-ports = log")
    c.bridged(1, "downstream", packet(ROUTER, A, SHARED, 2500, REMOTE, 53))
    c.bridged(1.1, "downstream", packet(ROUTER, B, SHARED, 2500, REMOTE, 53))
    c.blame(B, violations=1)
    c.count(learned=1, violations=1)
    c.owner(2000, 2999, A, "reachable", "traffic")

    c = Case("dhcp-client", "a datagram to port 68 goes to the client whose address is in it, if it asked; what is no answer goes to nobody",
             rest="[range 192.35.162.2:0-1023]\nmac = 00:0c:29:9e:8c:ee\n")
    c.dhcp_asked(0.9, B, xid=0)
    boot = struct.pack(">BBBB", 2, 1, 6, 0) + bytes(24) + B + bytes(10)
    body = struct.pack(">HHHH", 67, 68, 8 + len(boot), 0) + boot
    c.delivered(1, "upstream", ipv4(BRIDGE, ROUTER, GATEWAY, SHARED, UDP, body), B)
    c.dropped(1.1, "upstream", packet(BRIDGE, ROUTER, GATEWAY, 67, SHARED, 68), "dhcp_unasked")
    c.dropped(1.2, "upstream", packet(BRIDGE, ROUTER, REMOTE, 5000, SHARED, 68), "dhcp_unasked")
    c.owner(0, 1023, A, "permanent", "config")


def echo_cases():
    c = Case("echo", "the bridge answers pings, keeps a priority tag; replies go to the host that asked",
             rest="[address 192.35.162.3]\necho = drop\n", start=False)
    c.make(0, "upstream", gratuitous())
    c.make(0, "upstream", gratuitous(OTHER))
    c.make(0, "downstream", hello())
    c.make(0, "downstream", hello(1024, 65535, OTHER))
    for tag in (None, 0x6000):
        c.come(1, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 77, 1, tag=tag))
        c.consume("echo_answered")
        c.make(1, "upstream", echo(ROUTER, BRIDGE, SHARED, REMOTE, 0, 77, 1, tag=tag, flags=0x4000))
    bad = echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 77, 2)
    c.dropped(1.1, "upstream", bad[:-1] + b"\xff", "icmp_bad_checksum")
    c.dropped(1.2, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 77, 1, flags=0x2000), "echo_fragment")
    c.dropped(1.3, "upstream", echo(BRIDGE, ROUTER, REMOTE, OTHER, 8, 77, 1), "echo_drop")
    c.bridged(1.4, "downstream", echo(ROUTER, A, SHARED, REMOTE, 8, 500, 1), BRIDGE)
    c.bridged(1.5, "downstream", echo(ROUTER, B, SHARED, REMOTE, 8, 500, 2), BRIDGE)
    c.delivered(1.6, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 500, 1), A)
    c.delivered(1.7, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 500, 2), B)
    c.dropped(1.8, "upstream", echo(BRIDGE, ROUTER, REMOTE, SHARED, 0, 501, 1), "no_owner")

    c = Case("echo-limit", "100 replies at once and 100 a second, no more")
    for number in range(103):
        frame = echo(BRIDGE, ROUTER, REMOTE, SHARED, 8, 77, number)
        if number < 100:
            c.come(1, "upstream", frame)
            c.consume("echo_answered")
            c.make(1, "upstream", echo(ROUTER, BRIDGE, SHARED, REMOTE, 0, 77, number, flags=0x4000))
        else:
            c.dropped(1, "upstream", frame, "echo_limit")


def bridge_cases():
    c = Case("bridge", "what is none of ours passes untouched: IPv6, tags, spanning tree; what must not pass does not")
    for number, frame in enumerate((eth(ALL, A, 0x86dd, bytes(range(40))), eth(B, M, 0x1234, b"x"),
                                    eth(ALL, A, 0x88a8, b"\x00\x05\x81\x00\x00\x06\x08\x00" + bytes(30)),
                                    ask(A, SHARED, SHARED, tag=7), eth(ALL, A, 0x8100, b"\x00"),
                                    mac("01:80:c2:00:00:00") + A + struct.pack(">H", 38) + bytes(38))):
        c.bridged(1 + number / 10, "downstream", frame)
    c.dropped(2, "downstream", eth(mac("01:80:c2:00:00:01"), A, 0x8808, bytes(46)), "link_local")
    c.dropped(2.1, "downstream", eth(A, M, 0x1234, b"x"), "same_port")
    c.bridged(2.2, "upstream", eth(A, ROUTER, 0x1234, b"x"))
    c.dropped(2.3, "downstream", eth(ALL, ROUTER, 0x1234, b"x"), "bad_source")
    c.dropped(2.4, "downstream", eth(ALL, BRIDGE, 0x1234, b"x"), "bad_source")
    c.dropped(2.5, "downstream", eth(ALL, mac("01:00:00:00:00:01"), 0x1234, b"x"), "bad_source")
    c.dropped(2.6, "downstream", eth(ALL, ZERO, 0x1234, b"x"), "bad_source")
    c.count(bad_sources=4)
    c.dropped(2.7, "downstream", (ALL + A + b"\x08")[:13], "runt")
    c.dropped(2.8, "upstream", packet(BRIDGE, ROUTER, REMOTE, 1, SHARED, 2000)[:-1], "runt")
    c.dropped(2.9, "downstream", ipv4(ROUTER, A, SHARED, REMOTE, TCP, bytes(19)), "runt")
    c.bridged(3, "downstream", ipv4(ROUTER, A, NEAR, REMOTE, TCP, bytes(19)))

    c = Case("vlan", "the subnet in VLAN 5: all of it there and nothing elsewhere", bridge="vlan = 5", tag=5)
    c.come(1, "upstream", ask(ROUTER, GATEWAY, SHARED, tag=0xa005))
    c.consume("arp_answered")
    c.make(1, "upstream", reply(ROUTER, BRIDGE, SHARED, GATEWAY, tag=0xa005))
    c.bridged(1.1, "upstream", ask(ROUTER, GATEWAY, SHARED))
    c.bridged(1.2, "upstream", ask(ROUTER, GATEWAY, SHARED, tag=6))
    c.claims(1.3, A, 2000, 2999, 1, tag=5)
    c.delivered(1.4, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000, tag=0x2005), A)
    c.bridged(1.5, "downstream", packet(ROUTER, A, SHARED, 2000, REMOTE, 53, tag=5), BRIDGE)
    c.bridged(1.6, "downstream", claim(A, 2000, 2999, tag=6))
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("encap-arp", "encap = arp: the same bytes under 0x0806", bridge="encap = arp", ethertype=0x806)
    c.claims(1, A, 2000, 2999, 1, ethertype=0x806)
    c.delivered(1.1, "upstream", packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, 2000), A)
    c.bridged(1.2, "downstream", claim(A, 2000, 2999))
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("nothing", "no frame: nothing is sent, all counts are zero", start=False)


arp_cases()
binding_cases()
traffic_cases()
echo_cases()
bridge_cases()
