"""Replay cases of rivals: hosts that claim the same ports after a loss of the table, as a replay begins with one."""
from frames import *  # noqa: F401, F403
from case import Case

WINDOW = 5  # seconds from the first frame on in which claims are collected
AGAIN = 5  # seconds after which rivals are asked again


def challenged(c, at, host, first, last, nonce, **more):
    """A REQUEST and its answer, 1 ms later."""
    c.make(at, "downstream", request(nonce, first, host))
    c.told(at + 0.001, holds(host, first, last, nonce, first, **more))
    c.count(requests=1)


def to_port(port):
    return packet(BRIDGE, ROUTER, REMOTE, 53, SHARED, port)


def met(c):
    """A owns 2000-2999, B claims 2500-3499 two seconds later, both answer: neither has its ports from 3.002 on."""
    c.claims(1, A, 2000, 2999, 1)
    c.told(3, claim(B, 2500, 3499))
    challenged(c, 3, A, 2000, 2999, 2)
    challenged(c, 3.001, B, 2500, 3499, 3)
    c.count(conflicts=2)


def rival_cases():
    c = Case("rivals", "two hosts claim the same ports in the window and answer: neither gets them, until one is silent")
    met(c)
    for port in (2000, 2600, 3400):
        c.dropped(4, "upstream", to_port(port), "unresolved")
    c.bridged(4.1, "downstream", packet(ROUTER, A, SHARED, 2600, REMOTE, 53), BRIDGE)  # passes, and teaches nothing
    c.bridged(4.2, "downstream", packet(ROUTER, B, SHARED, 2600, REMOTE, 53), BRIDGE)
    again = 3.002 + AGAIN
    challenged(c, again, A, 2000, 2999, 4)
    for turn in range(3):  # 10 ms behind A
        c.make(again + 0.01 + turn, "downstream", request(5 + turn, 2500, B))
    c.count(requests=3)
    c.dropped(again + 3, "upstream", to_port(2600), "unresolved")
    challenged(c, again + 3.01, A, 2000, 2999, 8)
    c.count(learned=1)
    c.delivered(again + 3.1, "upstream", to_port(2600), A)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("rivals-released", "a rival that gives up is asked once more, and the other one has the ports a second later")
    met(c)
    c.told(5, claim(B, 2500, 3499, RELEASE))
    c.make(5, "downstream", request(4, 2500, B))
    c.count(requests=1)
    challenged(c, 6, A, 2000, 2999, 5)
    c.count(learned=1)
    c.delivered(6.1, "upstream", to_port(2600), A)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("rivals-three", "whoever answers for ports that rivals claim is one more rival, also after the window")
    met(c)
    c.told(6, claim(M, 2900, 2999))
    challenged(c, 6, M, 2900, 2999, 4)
    c.count(conflicts=1)
    c.dropped(7, "upstream", to_port(2950), "unresolved")
    c.owner(2000, 2999, None, "incomplete", "pe-arp")
    c.owner(2500, 3499, None, "incomplete", "pe-arp")
    c.owner(2900, 2999, None, "incomplete", "pe-arp")

    c = Case("rivals-silent-owner", "an owner that is silent has no rival: the range moves, in the window as later")
    c.claims(1, A, 2000, 2999, 1)
    c.told(2.5, claim(B, 2000, 2999))
    for turn in range(3):
        c.make(2.5 + turn, "downstream", request(2 + turn, 2000, A))
    challenged(c, 5.5, B, 2000, 2999, 5)
    c.count(requests=3, expired=1, moves=1)
    c.owner(2000, 2999, B, "reachable", "pe-arp")

    c = Case("rivals-not-behind", "in the window no claim waits behind another for an owner that is silent: all are challenged")
    c.claims(1, A, 2000, 2999, 1)
    c.told(2.5, claim(M, 2000, 2999))
    c.make(2.5, "downstream", request(2, 2000, A))
    c.told(2.6, claim(B, 2000, 2999))
    challenged(c, 2.6, B, 2000, 2999, 3)
    c.make(3.5, "downstream", request(4, 2000, A))
    c.make(4.5, "downstream", request(5, 2000, A))
    challenged(c, 5.5, M, 2000, 2999, 6)
    c.make(5.5, "downstream", request(7, 2000, B))  # it is the only one left for the moment
    c.told(5.502, holds(B, 2000, 2999, 7, 2000))
    c.count(requests=4, conflicts=2)
    c.owner(2000, 2999, None, "incomplete", "pe-arp")

    c = Case("rivals-late", "behind the window a live owner has its right, and its rival is not asked")
    c.claims(1, A, 2000, 2999, 1)
    c.told(WINDOW, claim(B, 2000, 2999))
    challenged(c, WINDOW, A, 2000, 2999, 2)
    c.count(conflicts=1)
    c.owner(2000, 2999, A, "reachable", "pe-arp")

    c = Case("rivals-fixed", "a permanent range has no rivals", rest="[range 192.35.162.2:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n")
    c.told(1, claim(B, 2500, 3499))
    c.count(conflicts=1)
    c.owner(2000, 2999, A, "permanent", "config")


rival_cases()
