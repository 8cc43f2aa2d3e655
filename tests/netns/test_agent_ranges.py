#!/usr/bin/python3
# takes: 20 s
"""test_agent_ranges: pearp-agent -c FILE with two addresses, two ranges and a port set. tests/lib/agent_host.py has the host.

Needs root. Prints TAP.
"""

import json
import os
import re
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from agent_host import *  # noqa: E402,F403

OTHER = "192.35.162.3"
FILE, METRICS = "/tmp/%s.conf" % PREFIX, "/tmp/%s.prom" % PREFIX
TEXT = """[agent]
interface = eth0
address   = %s
ports     = 2000-2999
gateway   = %s
watch     = 1
warn      = 80
metrics   = %s

[range %s:5000-5999]
[range %s:psid/4/4/9]
[range %s:7000-7009]

[service http]
port   = 5080
zone   = example.net
target = shared.example.net
""" % (SHARED, GATEWAY, METRICS, SHARED, OTHER, SHARED)


def in_set(port):
    return port >> 12 != 0 and port >> 8 & 15 == 9


def write(text):
    with open(FILE, "w") as file:
        file.write(text)


def test_faults():
    write(TEXT.replace("2000-2999", "2999-2000") + "[range %s:5999-6000]\ncolour = blue\n[thing]\n" % SHARED)
    done = on(HOST, AGENT, "-c", FILE, check=False)
    lines = re.findall(r"^%s:(\d+): " % re.escape(FILE), done.stdout, re.M)
    ok(done.returncode == 1 and lines == ["4", "18", "19", "20"], "a file with faults: each by its line, exit 1",
       done.stdout)


def test_start(wire):
    write(TEXT)
    dry = on(HOST, AGENT, "-c", FILE, "-n").stdout
    ok(all(w in dry for w in ("ip_local_port_range=\"2000 63999\"", "3000-4999,6000-6399,6656-6999,7010-10495", "addr add %s/32" % SHARED,
                              "addr add %s/32" % OTHER, "snat to %s:" % OTHER)), "-n prints it for all ranges", dry)
    wire.clear()
    agent = start("-c", FILE)
    ok(agent.ready == b"READY=1", "it starts", said(agent))
    frames = [f for _, f in wire.frames(1.5, is_pe(CLAIM), 4)]
    claims = sorted((f[28:38], f[68:]) for f in frames)
    psid = bytes.fromhex("010404049000")
    wanted = sorted([(ports(SHARED, 2000, 2999), b""), (ports(SHARED, 5000, 5999), b""),
                     (ports(SHARED, 7000, 7009), b""), (ports(OTHER, 0x1900, 0xf9ff), psid)])
    ok([(a, t[:len(w[1])]) for (a, t), w in zip(claims, wanted)] == wanted, "each range is claimed", claims, wanted)
    reserved = on(HOST, "sysctl", "-n", "net.ipv4.ip_local_reserved_ports").stdout
    ok(reserved.startswith("3000-4999,6000-6399,6656-6999,7010-10495,"), "ports between the ranges are reserved", reserved)
    return agent


def test_ports_of_each(wire):
    """Whatever port the kernel picks, the packet leaves from one that is held of its address."""
    run("ip", "-n", PEER, "addr", "add", FAR + "/32", "dev", "lo", check=False)
    run("ip", "-n", PEER, "neigh", "replace", SHARED, "lladdr", host_mac().hex(":"), "dev", "eth0")
    run("ip", "-n", PEER, "neigh", "replace", OTHER, "lladdr", host_mac().hex(":"), "dev", "eth0")
    with Inside(PEER):
        far = socket.create_server((FAR, 7000))
        far_udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        far_udp.bind((FAR, 7000))
        far_udp.settimeout(2)
    seen, answered, kept = [], 0, []
    with Inside(HOST):
        for source in [None] * 20 + [OTHER] * 20:
            here = socket.create_connection((FAR, 7000), 2, (source, 0) if source else None)
            there, address = far.accept()
            there.send(b"hello")
            answered += here.recv(10) == b"hello"
            datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagram.bind((source or SHARED, 0))
            datagram.settimeout(2)
            datagram.sendto(b"x", (FAR, 7000))
            udp_address = far_udp.recvfrom(10)[1]
            far_udp.sendto(b"back", udp_address)
            answered += datagram.recv(10) == b"back"
            seen += [address, udp_address]
            kept += [here, there, datagram]
    right = [p in range(2000, 3000) or p in range(5000, 6000) or p in range(7000, 7010) if a == SHARED else a == OTHER and in_set(p) for a, p in seen]
    ok(all(right) and len(seen) == 80 and answered == 80, "connections of each address leave from its own ports, and are answered",
       answered, [s for s, r in zip(seen, right) if not r])
    rows = {(r["address"], r["first_port"]): r for r in status()}
    ok(not any(r["outside"] for r in rows.values()) and len(rows) == 4 and rows[(OTHER, 0x1900)]["psid"] == "4/4/9" and rows[(OTHER, 0x1900)]["ports"] == 15 * 256 and
       sum(r["ports_in_use"] for r in rows.values()) >= 40, "status has them all", rows)
    users = [u for r in rows.values() for u in r["users"] if u["pid"] == os.getpid()]
    ok(sum(u["sockets"] for u in users) >= 70, "and who uses them", users)
    services = json.loads(on(HOST, AGENT, "status", "--json").stdout)["services"]
    text = on(HOST, AGENT, "status").stdout
    ok(services == [{"name": "http", "protocol": "tcp", "address": SHARED, "port": 5080, "interface": "eth0",
                     "heard": False, "dns": "none"}] and re.search(r"^http +tcp +%s:5080 +no +none$" % SHARED, text, re.M),
       "and the services on them", services, text)
    for each in kept + [far, far_udp]:
        each.close()


def test_outside(wire):
    with Inside(HOST):
        gap = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        gap.bind((SHARED, 4000))
        dhcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        dhcp.bind((SHARED, 68))
    wire.clear()
    for one in (gap, dhcp):
        try:
            one.sendto(b"x", (FAR, 67))
        except OSError:
            pass
    left = [f[34:36] for _, f in wire.frames(0.7, lambda f: ethertype(f) == 0x0800 and f[23] == 17)]
    ok(left == [b"\0\x44"], "what a program sends from between the ranges is dropped; a DHCP client's renewal is not", left)
    outside = [(o["port"], o["pid"]) for o in status()[0]["outside"]]
    ok((4000, os.getpid()) in outside and 68 not in [p for p, _ in outside], "status names the one alone", outside)
    gap.close()
    dhcp.close()


def samples(text):
    """The text format of Prometheus, read strictly: {name{labels}: value}; a fault is an exception."""
    found, kinds, helped = {}, {}, set()
    if not text.endswith("\n"):
        raise ValueError("the last line is cut")
    for line in text.splitlines():
        if match := re.fullmatch(r"# HELP ([a-z_]+) [A-Z].*\.", line):
            helped.add(match[1])
        elif match := re.fullmatch(r"# TYPE ([a-z_]+) (gauge|counter)", line):
            if match[1] in kinds or match[1] not in helped or match[1].endswith("_total") != (match[2] == "counter"):
                raise ValueError(line)
            kinds[match[1]] = match[2]
        elif match := re.fullmatch(r'([a-z_]+)\{([a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*)\} ([0-9]+(?:\.[0-9]+)?)', line):
            if list(kinds)[-1] != match[1] or match[1] + match[2] in found:
                raise ValueError(line)
            found[match[1] + "{" + match[2] + "}"] = float(match[3])
        else:
            raise ValueError(line)
    return found


def figure(name, **labels):
    with open(METRICS) as file:
        found = samples(file.read())
    wanted = ['%s="%s"' % pair for pair in labels.items()]
    return sum(v for k, v in found.items() if k.startswith("pearp_agent_" + name + "{") and all(w in k for w in wanted))


def test_monitor(agent):
    taken = []
    with Inside(HOST):
        for port in range(7000, 7010):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                one.bind((SHARED, port))
            except OSError:  # the kernel gave it away
                continue
            taken.append(one)
        outside = socket.create_server((SHARED, 8443))
    full = wait_until(lambda: "192.35.162.2:7000-7009 is full" in said(agent))
    ok(full and "%d (" % os.getpid() in said(agent), "a range that is full is told, with who uses it", said(agent))
    told = wait_until(lambda: "tcp port 8443" in said(agent))
    ok(told and "process %d (" % os.getpid() in said(agent), "a server outside is told, with its process", said(agent))
    ok(figure("range_ports_used", range="7000-7009") == 10 and figure("range_ports", address=OTHER) == 3840 and
       figure("outside_sockets") == 1 and figure("requests_total", range="2000-2999") >= 1 and figure("link_up") == 1,
       "the metrics file says so", open(METRICS).read())
    for one in taken + [outside]:
        one.close()
    eased = wait_until(lambda: "ports in use again" in said(agent))
    ok(eased and said(agent).count("is full") == 1 and said(agent).count("tcp port 8443") == 1,
       "that it is over is told, and nothing twice", said(agent))


def test_answers(wire):
    wire.clear()
    asked = [(SHARED, 2500), (SHARED, 5999), (OTHER, 0x5912), (SHARED, 4000), (OTHER, 2500), (OTHER, 0x5812)]
    for address, port in asked:
        wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(address, port, port)))
    got = sorted(f[28:38] for _, f in wire.frames(0.9, is_pe(REPLY)))
    wanted = sorted([ports(SHARED, 2000, 2999), ports(SHARED, 5000, 5999), ports(OTHER, 0x1900, 0xf9ff)])
    ok(got == wanted, "each range answers for its own ports", got)


def test_restored(wire, agent):
    """Whatever somebody takes away comes back, and the log says so."""
    before = sorted(snapshot().splitlines())
    told = said(agent).count("setting it again")
    taken = [("addr", "del", OTHER + "/32", "dev", "lo"), ("route", "del", "default"), ("route", "del", GATEWAY)]
    for command in taken:
        run("ip", "-n", HOST, *command)
        wait_until(lambda: sorted(snapshot().splitlines()) == before)
    on(HOST, "sysctl", "-qw", "net.ipv4.conf.eth0.arp_ignore=0")
    wait_until(lambda: sorted(snapshot().splitlines()) == before)
    on(HOST, "sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=8080")
    back = wait_until(lambda: sorted(snapshot().splitlines()) == before)
    ok(back, "an address, routes and a sysctl that somebody takes away come back", snapshot(), before)
    counted = wait_until(lambda: figure("restored_total") >= 5)
    ok(counted and said(agent).count("setting it again") - told >= 5, "it is told and counted", said(agent))
    wire.clear()
    mac = bytes.fromhex("020000000777")
    run("ip", "-n", HOST, "link", "set", "eth0", "address", mac.hex(":"))
    claims = wire.frames(4, lambda f: is_pe(CLAIM)(f) and f[6:12] == mac, 4)
    ok(len(claims) == 4 and "another MAC" in said(agent), "another MAC address: each range is claimed with it", claims,
       said(agent))


def test_confirmed(wire):
    """The bridge asks for three of the four ranges: these are what it may have a binding of."""
    wire.clear()
    for address, port in ((SHARED, 2000), (SHARED, 5000), (SHARED, 7000)):
        wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(address, port, port), to=host_mac(), tha=host_mac()))
    ok(len(wire.frames(4, is_pe(REPLY), 3)) == 3, "three ranges are challenged")
    wire.clear()


def test_unenforced(wire):
    """enforce = none: programs are not held to the ranges; ARP and pings are."""
    write(TEXT.replace("watch     = 1", "enforce = none"))
    agent = start("-c", FILE)
    time.sleep(0.5)
    with Inside(HOST):
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        out.bind((SHARED, 4000))
    wire.clear()
    out.sendto(b"x", (FAR, 7000))
    left = [f[34:36] for _, f in wire.frames(0.7, lambda f: ethertype(f) == 0x0800 and f[23] == 17)]
    ok(left == [struct.pack("!H", 4000)] and "removed" not in said(agent) and figure("restored_total") == 0,
       "enforce = none: what is outside leaves, and the rules are loaded once", left, said(agent))
    out.close()
    stop(agent)


def story(wire):
    on(HOST, "sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=8080,9000-9100")
    before = snapshot()
    test_faults()
    agent = test_start(wire)
    test_answers(wire)
    test_ports_of_each(wire)
    test_outside(wire)
    test_monitor(agent)
    test_restored(wire, agent)
    test_confirmed(wire)
    result = stop(agent)
    released = sorted(f[28:38] for _, f in wire.frames(1, is_pe(RELEASE)))
    now = snapshot()
    ok(result == 0 and released == [ports(SHARED, 2000, 2999), ports(SHARED, 5000, 5999), ports(SHARED, 7000, 7009)] and not os.path.exists(METRICS) and now == before, "stopped: what the bridge may have a binding of is released, and all is as it was", result, released,
       now, before, said(agent))
    stop(start("-c", FILE), signal.SIGKILL)
    on(HOST, AGENT, "-i", "eth0", "--undo")
    now = snapshot()
    ok(now == before and not os.path.exists(METRICS), "and after kill -9 and --undo", now, before)
    test_unenforced(wire)
    os.unlink(FILE)


if __name__ == "__main__":
    sys.exit(main(story))
