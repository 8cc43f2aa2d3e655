#!/usr/bin/python3
# takes: 25 s
"""test_agent: pearp-agent with one range on a host, from its start to its end. tests/lib/agent_host.py has the host.

Needs root. Prints TAP.
"""

import errno
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from agent_host import *  # noqa: E402,F403


def test_usage():
    before = snapshot()
    wrong = [[], ["-i", "eth0"], ["-i", "eth0", "-a", SHARED], ["-i", "eth0", "-a", "1.2.3", "-p", "1-2"],
             ["-i", "eth0", "-a", SHARED, "-p", "3-2"], ["-i", "eth0", "-a", SHARED, "-p", "1-65536"],
             ["-i", "a/b", "-a", SHARED, "-p", "1-2"], ["-c", "x", "-i", "eth0"], ["--json"], ["status", "more"], ["-x"],
             ["-i", "eth0", "--undo", "-n"], ["-i", "eth0", "-a", SHARED, "-p", "1-2", "-g", SHARED]]
    results = [(w, on(HOST, AGENT, *w, check=False)) for w in wrong]
    bad = [(w, r.returncode, r.stdout) for w, r in results if r.returncode != 2 or r.stdout.count("\n") != 1]
    ok(not bad, "wrong usage: one line and exit 2", bad)
    none = on(HOST, AGENT, "-i", "none0", "-a", SHARED, "-p", "1-2", "-n", check=False)
    ok(none.returncode == 1 and none.stdout.count("\n") == 1 and "none0" in none.stdout,
       "-n without the interface: one line and exit 1", none.stdout)
    dry = on(HOST, AGENT, "-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY, "-n")
    wanted = ["arp_ignore", "arp_announce", "ip_local_port_range=\"2000 2999\"",
              "ip addr add %s/32 dev lo scope host" % SHARED,
              "ip route add %s/32 dev eth0 scope link src %s" % (GATEWAY, SHARED),
              "ip route add default via %s dev eth0 src %s" % (GATEWAY, SHARED), "hook egress device \"eth0\"",
              "snat to %s:2000-2999" % SHARED]
    ok(all(w in dry.stdout for w in wanted), "-n prints what it would set", dry.stdout)
    ok(snapshot() == before and not os.path.exists(RUN), "-n changes nothing")
    with_shell = subprocess.run(["ip", "netns", "exec", HOST, "sh", "-e"], input=dry.stdout, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    by_hand = snapshot()
    on(HOST, "sh", "-ec", "for f in netdev inet ip; do nft delete table $f pearp_agent_eth0; done; "
       "ip route del default; ip route del %s; ip addr del %s/32 dev lo; "
       "sysctl -qw net.ipv4.conf.eth0.arp_ignore=0 net.ipv4.conf.eth0.arp_announce=0 "
       "net.ipv4.ip_local_port_range='32768 60999'" % (GATEWAY, SHARED))
    ok(with_shell.returncode == 0 and snapshot() == before, "what -n prints can be run", with_shell.stdout)
    return by_hand


def test_start(wire, by_hand):
    wire.clear()
    begun = time.monotonic()
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY)
    ok(agent.ready == b"READY=1", "says READY=1", agent.ready, said(agent))
    now = snapshot()
    ok(now == by_hand, "sets what section 4 of the protocol says", now, by_hand)
    claims = wire.frames(6, is_pe(CLAIM), 3)
    times = [t - claims[0][0] for t, _ in claims]
    ok(len(times) == 3 and all(abs(a - b) < 0.45 * PATIENCE for a, b in zip(times, (0, 1, 3))) and
       claims[0][0] - begun < 3 * PATIENCE, "claims at start, again after 1, 2 s", times)
    agent.next_claim = claims[0][0] + 7
    mac, whole = host_mac(), ports(SHARED, 2000, 2999)
    expected = BROADCAST + mac + pe_arp(CLAIM, mac, whole, whole)[12:]
    ok(claims and claims[0][1].rstrip(b"\0") == expected.rstrip(b"\0"), "the claim is as the protocol has it",
       claims and claims[0][1].hex(), expected.hex())
    return agent


def test_answers(wire, agent):
    mac, asked = host_mac(), ports(SHARED, 2345, 2345, 6)
    wire.clear()
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, asked, nonce=0x1122334455667788))
    got = [f for _, f in wire.frames(1, is_pe(REPLY), 1)]
    expected = pe_arp(REPLY, mac, asked, ports(SHARED, 2000, 2999), to=BRIDGE_MAC, tha=BRIDGE_MAC,
                      nonce=0x1122334455667788)
    ok(got and got[0].rstrip(b"\0") == expected.rstrip(b"\0"), "a request is answered with the whole range",
       got and got[0].hex(), expected.hex())
    for port, text in ((1999, "below"), (3000, "above")):
        wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, port, port)))
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports("192.35.162.3", 2345, 2345)))
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, asked, source=wire.mac))
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, asked)[:60])
    got = wire.frames(0.7, is_pe(REPLY))
    ok(not got, "not for other ports, addresses, forged or cut requests", got)
    ok(status()[0]["heard"] is False, "status: not heard by a bridge yet", status())
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, 2000, 2000), to=mac, tha=mac, nonce=5))
    got = wire.frames(1, is_pe(REPLY), 1)
    ok(len(got) == 1 and status()[0]["heard"] is True, "a challenge is answered, and shows in status", got)
    got = wire.frames(max(agent.next_claim + 0.7 - time.monotonic(), 0.7), is_pe(CLAIM))
    ok(not got, "no claim after the challenge", got)


def test_hello(wire):
    hello = pe_arp(HELLO, BRIDGE_MAC, ports(SHARED, 1024, 65535), nonce=7, lifetime=1,
                   tlvs=b"\x04\x06" + BRIDGE_MAC)
    wire.clear()
    wire.send(hello)
    wire.send(hello)
    got = wire.frames(1.7, is_pe(CLAIM))
    ok(len(got) == 1, "a HELLO of a new epoch: one claim in its window", got)
    # Unless the bridge asks for it, the range is claimed again for the next HELLO, at any moment of a minute.
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, 2000, 2000), to=host_mac(), tha=host_mac(), nonce=8))
    wire.frames(20, is_pe(REPLY), 1)
    wire.send(hello)
    got = wire.frames(1.3, is_pe(CLAIM))
    ok(not got and status()[0]["bridge_mac"] == "02:50:45:00:00:01",
       "the same epoch: none; status knows the bridge's MAC", got, status())


def test_false_bridge(wire):
    mac, foreign = host_mac(), ports(SHARED, 2000, 2099)
    wire.clear()
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, 2000, 2000), to=mac, tha=mac, nonce=6))
    wire.frames(20, is_pe(REPLY), 1)
    wait_until(lambda: status()[0]["heard"])
    wire.clear()
    for epoch in range(20, 30):
        wire.send(pe_arp(HELLO, wire.mac, ports(SHARED, 1024, 65535), nonce=epoch,
                         tlvs=b"\x02\x0a" + socket.inet_aton("192.35.162.66") + wire.mac + b"\x04\x06" + wire.mac))
    got = wire.frames(1.3, is_pe(CLAIM))
    ok(not got and status()[0]["heard"] is True and status()[0]["bridge_mac"] == "02:50:45:00:00:01",
       "HELLOs of another than the bridge that asked: ignored", got, status())
    wire.send(pe_arp(HELLO, BRIDGE_MAC, ports(SHARED, 1024, 65535), nonce=30, lifetime=65535,
                     tlvs=b"\x04\x06" + BRIDGE_MAC))
    ok(wait_until(lambda: status()[0]["heard"] is False), "the bridge's new epoch: it has not asked since", status())
    wire.clear()
    wire.send(pe_arp(CLAIM, wire.mac, foreign, foreign))
    got = wire.frames(1, is_pe(CLAIM), 1)
    ok(len(got) == 1, "in its window another claims the range: claimed at once", got)
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, 2000, 2000), to=mac, tha=mac, nonce=7))
    ok(wait_until(lambda: status()[0]["heard"] is True), "and heard again when the bridge asks", status())
    wire.frames(1.2, is_pe(CONFLICT))


def test_conflict(wire):
    mac, foreign = host_mac(), ports(SHARED, 2500, 3499)
    wire.clear()
    for _ in range(5):
        wire.send(pe_arp(CLAIM, wire.mac, foreign, foreign))
    got = [f for _, f in wire.frames(0.8, is_pe(CONFLICT))]
    expected = pe_arp(CONFLICT, mac, foreign, ports(SHARED, 2000, 2999), tha=wire.mac)
    ok(len(got) == 1 and got[0].rstrip(b"\0") == expected.rstrip(b"\0"),
       "a foreign claim on the range: one CONFLICT a second", [g.hex() for g in got], expected.hex())


def test_arp(wire):
    mac = host_mac()
    wire.clear()
    wire.send(arp(wire.mac, GATEWAY, SHARED))
    wire.send(arp(wire.mac, "0.0.0.0", SHARED))
    wire.send(arp(wire.mac, SHARED, SHARED))
    got = wire.frames(0.7, is_arp)
    ok(not got, "ARP for the shared address is not answered", got)
    own = Wire(HOST)
    own.send(arp(mac, SHARED, SHARED))
    own.send(arp(mac, SHARED, SHARED, 2))
    own.send(arp(mac, SHARED, GATEWAY, 2, wire.mac, wire.mac))
    own.send(arp(mac, SHARED, GATEWAY))
    got = [f for _, f in wire.frames(0.7, is_arp)]
    ok(len(got) == 1 and arp_sender(got[0]) == "0.0.0.0" and got[0][20:22] == b"\0\1",
       "of ARP that says the shared address, requests alone leave, and with sender 0.0.0.0", got)
    run("ip", "-n", HOST, "neigh", "flush", "all")
    run("ip", "-n", PEER, "neigh", "replace", SHARED, "lladdr", mac.hex(":"), "dev", "eth0")
    wire.clear()
    pinged = on(HOST, "ping", "-c", "1", "-W", "2", FAR, check=False)
    got = [arp_sender(f) for _, f in wire.frames(0.5, is_arp)]
    senders = [s for s in got if s not in (GATEWAY,)]
    ok(pinged.returncode == 0 and senders and set(senders) == {"0.0.0.0"},
       "the kernel's own requests have sender 0.0.0.0 and are answered", pinged.stdout, got)


def ping_ids(wire):
    wire.clear()
    for _ in range(5):
        on(HOST, "ping", "-c", "1", "-W", "2", FAR, check=False)
    echoes = [f for _, f in wire.frames(0.5, lambda f: ethertype(f) == 0x0800 and f[23] == 1 and f[34] == 8)]
    return [struct.unpack("!H", f[38:40])[0] for f in echoes]


def test_ports(wire):
    with Inside(PEER):
        far = socket.create_server((FAR, 7000))
        far_udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        far_udp.bind((FAR, 7000))
        far_udp.settimeout(2)
    seen, connections = [], []
    with Inside(HOST):
        for _ in range(20):
            connections.append(socket.create_connection((FAR, 7000), 2))
            there, address = far.accept()
            connections.append(there)
            seen.append(address)
            datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagram.sendto(b"x", (FAR, 7000))
            seen.append(far_udp.recvfrom(10)[1])
            connections.append(datagram)
    good = all(a == SHARED and 2000 <= p <= 2999 for a, p in seen)
    ok(good and len(seen) == 40, "TCP and UDP leave from the shared address and a port of the range", seen)
    in_use = status()[0]
    ok(in_use["ports_in_use"] >= 20 and in_use["ports"] == 1000, "status counts ports in use", in_use)
    ids = ping_ids(wire)
    ok(len(ids) == 5 and all(2000 <= i <= 2999 for i in ids), "ping ids are in the range", ids)
    for connection in connections:
        connection.close()


def server_inside():
    """A server on a port of the range that the kernel has not given away already."""
    for port in range(2500, 3000):
        try:
            return socket.create_server((SHARED, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise RuntimeError("no port is free")


def test_policy():
    with Inside(HOST):
        inside, outside = server_inside(), socket.create_server(("", 8080))
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind((SHARED, 4000))
        with socket.create_connection((SHARED, 8080), 2):
            pass
        ok(True, "the host itself reaches its own server outside the range")
    with Inside(PEER):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((FAR, 7001))
        udp.settimeout(0.7)
        with socket.create_connection((SHARED, inside.getsockname()[1]), 2):
            reached = True
        try:
            socket.create_connection((SHARED, 8080), 1.5).close()
            leaked = True
        except OSError:
            leaked = False
    ok(reached and not leaked, "servers inside the range are reached, outside are not")
    try:
        bound.sendto(b"x", (FAR, 7001))
    except OSError:
        pass  # EPERM: the rule says so to the sender
    try:
        udp.recv(10)
        leaked = True
    except socket.timeout:
        leaked = False
    ok(not leaked, "datagrams from a port outside the range do not leave")
    rows = {(o["protocol"], o["port"], o["state"], o["pid"]) for o in status()[0]["outside"]}
    wanted = {("tcp", 8080, "listening", os.getpid()), ("udp", 4000, "bound", os.getpid())}
    ok(wanted <= rows, "status names the processes outside the range", rows)
    text = on(HOST, AGENT, "status").stdout
    ok("192.35.162.2:2000-2999" in text and "8080" in text, "status as text", text)
    for s in (inside, outside, bound, udp):
        s.close()


def test_links(wire):
    before = snapshot()
    wire.clear()
    run("ip", "-n", SWITCH, "link", "set", "host", "down")
    got = wire.frames(0.5, is_pe(CLAIM))
    run("ip", "-n", SWITCH, "link", "set", "host", "up")
    claims = wire.frames(3, is_pe(CLAIM), 2)
    ok(not got and len(claims) == 2, "carrier gone and back: claims again", claims)
    run("ip", "-n", HOST, "link", "set", "eth0", "down")
    run("ip", "-n", HOST, "link", "set", "eth0", "up")
    claims = wire.frames(3, is_pe(CLAIM), 1)
    now = snapshot()
    ok(now == before and len(claims) == 1, "down and up: the routes that went are there again", now, before)


def test_flush(agent):
    before = snapshot()
    ruleset = on(HOST, "nft", "list", "ruleset").stdout
    mine = "".join(re.findall(r"^table inet mine.*?^}\n|^table netdev mine.*?^}\n", ruleset, re.S | re.M))
    run("ip", "netns", "exec", HOST, "nft", "-f", "-", input="flush ruleset\n" + mine)
    good = wait_until(lambda: sorted(snapshot().splitlines()) == sorted(before.splitlines()))
    time.sleep(0.5)
    now, told = snapshot(), said(agent).count("loading them again")
    ok(good and told == 1, "a reload that flushes all rules: ours come back, once", now, told)


def test_arp_encap(wire):
    mac, whole = host_mac(), ports(SHARED, 2000, 2999)

    def encap(frame):
        return frame[:12] + struct.pack("!H", ARP) + frame[14:]

    def answer(frame):
        return is_arp(frame) and frame[16:18] == struct.pack("!H", PE_ARP)

    wire.clear()
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-e", "arp")
    got = [f for _, f in wire.frames(0.5, answer, 1)]
    asked = ports(SHARED, 2001, 2001)
    wire.send(encap(pe_arp(REQUEST, BRIDGE_MAC, asked, nonce=9)))
    got += [f for _, f in wire.frames(0.9, lambda f: answer(f) and f[55] == REPLY, 1)]
    expected = [encap(pe_arp(CLAIM, mac, whole, whole)),
                encap(pe_arp(REPLY, mac, asked, whole, to=BRIDGE_MAC, tha=BRIDGE_MAC, nonce=9))]
    ok([g.rstrip(b"\0") for g in got] == [e.rstrip(b"\0") for e in expected], "-e arp: the same under 0x0806",
       [g.hex() for g in got], [e.hex() for e in expected])
    stop(agent)


def test_one_agent(agent):
    second = on(HOST, AGENT, "-i", "eth0", "-a", SHARED, "-p", "3000-3999", check=False)
    ok(second.returncode == 1 and second.stdout.count("\n") == 1 and "stop it" in second.stdout,
       "a second agent on the interface is refused", second.stdout)
    undo = on(HOST, AGENT, "-i", "eth0", "--undo", check=False)
    ok(undo.returncode == 1 and agent.poll() is None, "so is --undo while an agent lives", undo.stdout)


def test_stop(wire, agent, before):
    wire.clear()
    begun = time.monotonic()
    result = stop(agent)
    released = wire.frames(1, is_pe(RELEASE), 1)
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, 2000, 2000), to=host_mac()))
    answers = wire.frames(0.5, is_pe(REPLY))
    mac, whole = host_mac(), ports(SHARED, 2000, 2999)
    expected = pe_arp(RELEASE, mac, whole, whole)
    ok(result == 0 and time.monotonic() - begun < 5, "SIGTERM: exit 0", result, said(agent))
    ok(released and released[0][1].rstrip(b"\0") == expected.rstrip(b"\0") and not answers,
       "a RELEASE, and no answer any more", released, answers)
    now = snapshot()
    ok(now == before, "everything is as it was", now, before)
    ok(not os.path.exists(RUN), "no file is left", os.path.exists(RUN) and os.listdir(RUN))


def test_killed(before):
    agent = start()
    stop(agent, signal.SIGKILL)
    left = status()
    ok(snapshot() != before and left and left[0]["state"] == "left", "kill -9 leaves the settings, status says so", left)
    done = on(HOST, AGENT, "-i", "eth0", "--undo")
    now = snapshot()
    ok(now == before and not os.path.exists(RUN), "--undo puts everything back", now, before, done.stdout)
    done = on(HOST, AGENT, "-i", "eth0", "--undo")
    ok(done.returncode == 0 and snapshot() == before, "--undo with nothing to undo is fine", done.stdout)
    stop(start(), signal.SIGKILL)
    agent = start("-i", "eth0", "-a", SHARED, "-p", "5000-5999")
    result = stop(agent, signal.SIGINT)
    now = snapshot()
    ok(result == 0 and now == before, "the next start after kill -9 restores too", now, before, said(agent))
    different = []
    for delay_ms in range(0, 60, 4):  # wherever the kill falls
        agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY, wait=False)
        time.sleep(delay_ms / 1000)
        stop(agent, signal.SIGKILL)
        on(HOST, AGENT, "-i", "eth0", "--undo")
        now = snapshot()
        if now != before:
            different += ["after %d ms:" % delay_ms, now]
    ok(not different, "killed anywhere in its start: --undo puts everything back", *different)
    os.makedirs(RUN, exist_ok=True)
    with open(RUN + "/eth0.undo", "w") as file:
        file.write("pearp-agent-undo 2\ninterface eth0\nrules\n")
    done = on(HOST, AGENT, "-i", "eth0", "--undo", check=False)
    ok(done.returncode == 1 and "eth0.undo:" in done.stdout and snapshot() == before,
       "a damaged record is refused by file and line", done.stdout)
    told = on(HOST, AGENT, "status", check=False)
    ok(told.returncode == 1, "and fails status", told.stdout)
    os.unlink(RUN + "/eth0.undo")


def test_present_routes(wire):
    run("ip", "-n", HOST, "route", "add", GATEWAY, "dev", "eth0")
    run("ip", "-n", HOST, "route", "add", "default", "via", GATEWAY, "dev", "eth0", "proto", "static", "mtu", "1400",
        "advmss", "1300")
    on(HOST, "sysctl", "-qw", "net.ipv4.conf.eth0.arp_notify=1", "net.ipv4.conf.eth0.arp_ignore=2")
    before = snapshot()
    agent = start()
    route = run("ip", "-n", HOST, "route", "get", FAR).stdout
    ok("src " + SHARED in route and GATEWAY in route, "the gateway is that of the present default route", route)
    ok(status()[0]["gateway"] == GATEWAY, "status names it")
    stop(agent)
    now = snapshot()
    ok(now == before, "the earlier default route is put back with all it had", now, before)
    stop(start(), signal.SIGKILL)
    on(HOST, AGENT, "-i", "eth0", "--undo")
    now = snapshot()
    ok(now == before, "and after kill -9", now, before)
    agent = start()
    run("ip", "-n", HOST, "link", "set", "eth0", "down")
    result, down = stop(agent), snapshot()
    run("ip", "-n", HOST, "link", "set", "eth0", "up")
    ok(result == 0 and "went with it" in said(agent) and SHARED not in down and not os.path.exists(RUN),
       "stopped while the interface is down: said, no fault", result, said(agent), down)
    run("ip", "-n", HOST, "route", "add", GATEWAY, "dev", "eth0")
    run("ip", "-n", HOST, "route", "add", "default", "via", GATEWAY, "dev", "eth0", "metric", "100")
    before = snapshot()
    agent = start()
    routes = run("ip", "-n", HOST, "route").stdout
    ok("metric 100" in routes and "default via %s dev eth0 src %s" % (GATEWAY, SHARED) in routes,
       "a default route with a metric stays behind ours", routes)
    stop(agent)
    ok(snapshot() == before, "and is there alone again", snapshot(), before)
    run("ip", "-n", HOST, "route", "del", "default")
    run("ip", "-n", HOST, "route", "del", GATEWAY)
    on(HOST, "sysctl", "-qw", "net.ipv4.conf.eth0.arp_notify=0", "net.ipv4.conf.eth0.arp_ignore=0")


def test_hello_gateway(wire):
    before = snapshot()
    agent = start()
    routes = run("ip", "-n", HOST, "route").stdout
    ok("default" not in routes, "no gateway known: no route yet", routes)
    bridge_mac = b"\x04\x06" + BRIDGE_MAC
    for tlvs in (bridge_mac, b"\x02\x0a" + socket.inet_aton(GATEWAY) + bytes(6) + bridge_mac):
        wire.send(pe_arp(HELLO, BRIDGE_MAC, ports(SHARED, 1024, 65535), nonce=8, lifetime=1, tlvs=tlvs))
        wait_until(lambda: status()[0]["bridge_mac"])
    wait_until(lambda: "default" in run("ip", "-n", HOST, "route").stdout)
    routes = run("ip", "-n", HOST, "route").stdout
    ok("default via %s dev eth0 src %s" % (GATEWAY, SHARED) in routes, "the bridge's second HELLO names it", routes)
    ok(status()[0]["gateway"] == GATEWAY, "status names it", status())
    pinged = on(HOST, "ping", "-c", "1", "-W", "2", FAR, check=False)
    ok(pinged.returncode == 0, "its MAC, which the bridge does not know, is asked for", pinged.stdout)
    stop(agent)
    now = snapshot()
    ok(now == before, "and it is taken away again", now, before)


def test_usual_address(wire):
    """The usual host: the shared address on the interface itself, the default route without a source."""
    run("ip", "-n", HOST, "addr", "add", SHARED + "/24", "dev", "eth0")
    run("ip", "-n", HOST, "route", "add", "default", "via", GATEWAY, "dev", "eth0")
    before = snapshot()
    wire.clear()
    agent = start()
    wire.send(arp(wire.mac, GATEWAY, SHARED))
    got = [f for _, f in wire.frames(0.7, is_arp) if arp_sender(f) == SHARED]
    ok(not got and "stays there" in said(agent), "an address on the interface stays and is silent", got, said(agent))
    with Inside(PEER):
        far = socket.create_server((FAR, 7002))
    with Inside(HOST):
        here = socket.create_connection((FAR, 7002), 3)
    there, address = far.accept()
    ok(address[0] == SHARED and 2000 <= address[1] <= 2999, "connections come from it and the range", address)
    for s in (here, there, far):
        s.close()
    stop(agent)
    now = snapshot()
    ok(now == before, "everything is as it was", now, before)
    run("ip", "-n", HOST, "route", "del", "default")
    run("ip", "-n", HOST, "addr", "del", SHARED + "/24", "dev", "eth0")


def test_interface_gone(wire):
    before = snapshot()
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY)
    run("ip", "-n", SWITCH, "link", "del", "host")
    time.sleep(0.5)
    ok(agent.poll() is None, "the interface goes: the agent waits", said(agent))
    run("ip", "-n", SWITCH, "link", "add", "host", "type", "veth", "peer", "name", "eth0", "netns", HOST)
    run("ip", "-n", SWITCH, "link", "set", "host", "master", "br0", "up")
    on(HOST, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    wire.clear()
    run("ip", "-n", HOST, "link", "set", "eth0", "up")
    claims = wire.frames(4, is_pe(CLAIM), 1)
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, 2000, 2000)))
    replies = wire.frames(1, is_pe(REPLY), 1)
    ok(claims and replies and "default via" in run("ip", "-n", HOST, "route").stdout,
       "it comes back under its name: settings, claim and answers too", claims, replies, said(agent))
    stop(agent, signal.SIGKILL)
    run("ip", "-n", SWITCH, "link", "del", "host")
    done = on(HOST, AGENT, "-i", "eth0", "--undo", check=False)
    left = snapshot()
    ok(done.returncode == 0 and "gone" in done.stdout and SHARED not in left and "pearp_agent" not in left and
       "32768\t60999" in left, "--undo when the interface is gone: the rest is put back, and it says so",
       done.stdout, left, before)


def test_low_range():
    agent = start("-i", "eth0", "-a", SHARED, "-p", "0-1023", "-g", GATEWAY)
    good = ok(agent.ready == b"READY=1" and "ip_unprivileged_port_start" in said(agent),
              "a range the kernel picks no ports from: held, and said", said(agent))
    stop(agent)
    return good


def story(wire):
    before = snapshot()
    by_hand = test_usage()
    agent = test_start(wire, by_hand)
    test_answers(wire, agent)
    test_hello(wire)
    test_false_bridge(wire)
    test_conflict(wire)
    test_arp(wire)
    test_ports(wire)
    test_policy()
    test_links(wire)
    test_flush(agent)
    test_one_agent(agent)
    test_stop(wire, agent, before)
    test_killed(before)
    test_present_routes(wire)
    test_hello_gateway(wire)
    test_usual_address(wire)
    test_low_range()
    test_arp_encap(wire)
    test_interface_gone(wire)


if __name__ == "__main__":
    sys.exit(main(story))
