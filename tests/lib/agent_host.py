#!/usr/bin/python3
"""agent_host: a host for pearp-agent in network namespaces of its own, and what its tests look with. Needs root.

    host (eth0) ----- switch: a kernel bridge ----- peer (eth0, 192.35.162.1: plays the router and the bridge)

The programs are looked for in $PEARPD_BUILD, or build/. Imported by tests/netns/test_agent*.py.
"""

import ctypes
import errno
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
AGENT = os.path.join(os.environ.get("PEARPD_BUILD", os.path.join(ROOT, "build")), "pearp-agent")
PREFIX = "pearp-agent-test-%d" % os.getpid()
HOST, PEER, SWITCH = PREFIX + "-host", PREFIX + "-peer", PREFIX + "-switch"
RUN = "/run/pearp-agent/" + HOST
PATIENCE = int(os.environ.get("PEARPD_PATIENCE", "1"))  # how many times slower the machine is, at most
SHARED, GATEWAY, FAR = "192.35.162.2", "192.35.162.1", "198.51.100.10"
BRIDGE_MAC = bytes.fromhex("025045000001")
BROADCAST = b"\xff" * 6
REQUEST, REPLY, CLAIM, RELEASE, CONFLICT, HELLO = range(1, 7)
ETH_P_ALL, PE_ARP, ARP = 3, 0x88B5, 0x0806
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
number = 0
failures = 0
processes = []


def ok(good, text, *seen):
    global number, failures
    number += 1
    print("%sok %d - %s" % ("" if good else "not ", number, text), flush=True)
    if not good:
        failures += 1
        for line in "\n".join(str(s) for s in seen).splitlines():
            print("# " + line, flush=True)
    return good


def run(*command, check=True, stderr=subprocess.STDOUT, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=60 * PATIENCE, **more)
    if check and done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(command), done.stdout))
    return done


def on(place, *command, **more):
    return run("ip", "netns", "exec", place, *command, **more)


class Inside:
    """Sockets made in the block belong to that namespace."""

    def __init__(self, place):
        self.place = place

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.place, os.O_RDONLY)
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(there)

    def __exit__(self, *_):
        libc.setns(self.home, CLONE_NEWNET)
        os.close(self.home)


class Wire:
    """What the peer hears of others on its segment, and a way to speak there."""

    def __init__(self, place, interface="eth0"):
        with Inside(place):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.bind((interface, ETH_P_ALL))
        self.mac = self.socket.getsockname()[4]

    def clear(self):
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(65536)

    def frames(self, seconds, wanted, count=None):
        """(time, frame) of each frame that `wanted` is true for, until the time is over; or until there are `count` of them,
        for which a busy machine gets more time."""
        found, end = [], time.monotonic() + (seconds if count is None else max(seconds, 10 * PATIENCE))
        while len(found) != count and (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                break
            frame, address = self.socket.recvfrom(65536)
            if address[2] != socket.PACKET_OUTGOING and wanted(frame):
                found.append((time.monotonic(), frame))
        return found

    def send(self, frame):
        try:
            self.socket.send(frame.ljust(60, b"\0"))
        except OSError as error:
            if error.errno != errno.ENOBUFS:  # what a rule dropped on its way out
                raise


def ethertype(frame):
    return struct.unpack("!H", frame[12:14])[0]


def ports(address, first, last, protocol=0):
    return socket.inet_aton(address) + struct.pack("!BBHH", protocol, 0, first, last)


def pe_arp(kind, sha, tpa, spa=ports("0.0.0.0", 0, 0), to=BROADCAST, tha=bytes(6), nonce=0, lifetime=0, tlvs=b"",
           source=None):
    return (to + (source or sha) + struct.pack("!HHHBBH", PE_ARP, 1, PE_ARP, 6, 10, 24 if kind in (1, 6) else 25) +
            sha + spa + tha + tpa + struct.pack("!BBHQH", 1, kind, lifetime, nonce, len(tlvs)) + tlvs)


def is_pe(*kinds):
    return lambda frame: ethertype(frame) == PE_ARP and frame[14 + 41] in kinds


def arp(sha, spa, tpa, operation=1, to=BROADCAST, tha=bytes(6)):
    return (to + sha + struct.pack("!HHHBBH", ARP, 1, 0x0800, 6, 4, operation) + sha + socket.inet_aton(spa) + tha +
            socket.inet_aton(tpa))


def is_arp(frame):
    return ethertype(frame) == ARP


def arp_sender(frame):
    return socket.inet_ntoa(frame[28:32])


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds * PATIENCE
    while not (good := condition()) and time.monotonic() < end:
        time.sleep(0.05 * PATIENCE)
    return good


def snapshot():
    """All that an agent changes, and what is beside it, as text. Without what ip(8) says of namespaces that other stories just make."""
    names = ["net.ipv4.conf.eth0." + n for n in ("arp_ignore", "arp_announce", "arp_notify")]
    names += ["net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"]
    parts = [on(HOST, *command, check=False, stderr=subprocess.DEVNULL).stdout for command in (
        ("sysctl", *names), ("ip", "-4", "addr"), ("ip", "-4", "route", "show", "table", "all"), ("ip", "rule"),
        ("nft", "list", "ruleset"))]
    return re.sub(r"packets \d+ bytes \d+|valid_lft.*", "", "\n".join(parts))


def start(*arguments, wait=True, enter=("ip", "netns", "exec", HOST)):
    """An agent; with `wait`, until it says READY=1."""
    name = "/tmp/%s.notify" % PREFIX
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(name)
    ready.settimeout(30 * PATIENCE)
    arguments = arguments or ("-i", "eth0", "-a", SHARED, "-p", "2000-2999")
    log = open("/tmp/%s.log" % PREFIX, "w+")
    agent = subprocess.Popen([*enter, AGENT, "-v", *arguments], stdout=log, stderr=log,
                             stdin=subprocess.DEVNULL, env=dict(os.environ, NOTIFY_SOCKET=name))
    agent.log = log
    processes.append(agent)
    agent.ready = None
    try:
        if wait:
            agent.ready = ready.recv(100)
    except socket.timeout:
        pass
    ready.close()
    os.unlink(name)
    return agent


def stop(agent, how=signal.SIGTERM):
    agent.send_signal(how)
    try:
        return agent.wait(40)
    except subprocess.TimeoutExpired:
        agent.kill()
        return "no end"


def said(agent):
    agent.log.seek(0)
    return agent.log.read()


def status():
    return json.loads(on(HOST, AGENT, "status", "--json").stdout)["ranges"]


def build():
    for place in (HOST, PEER, SWITCH):
        run("ip", "netns", "add", place)
        run("ip", "-n", place, "link", "set", "lo", "up")
    run("ip", "-n", SWITCH, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
    run("ip", "-n", SWITCH, "link", "set", "br0", "up")
    for place, leg in ((HOST, "host"), (PEER, "peer")):
        run("ip", "-n", SWITCH, "link", "add", leg, "type", "veth", "peer", "name", "eth0", "netns", place)
        run("ip", "-n", SWITCH, "link", "set", leg, "master", "br0", "up")
        on(place, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
        run("ip", "-n", place, "link", "set", "eth0", "up")
    run("ip", "-n", PEER, "addr", "add", GATEWAY + "/24", "dev", "eth0")
    run("ip", "-n", PEER, "addr", "add", FAR + "/32", "dev", "lo")
    on(HOST, "nft", "add table inet mine; add chain inet mine out { type filter hook output priority 0; }; "
       "add rule inet mine out ip daddr 203.0.113.1 drop; add table netdev mine; "
       "add chain netdev mine e { type filter hook egress device eth0 priority 5; }; "
       "add rule netdev mine e ip daddr 203.0.113.2 drop")
    time.sleep(0.5)


def remove():
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    for place in (HOST, PEER, SWITCH):
        run("ip", "netns", "del", place, check=False)
    run("rm", "-rf", RUN, "/tmp/%s.log" % PREFIX, "/tmp/%s.notify" % PREFIX, check=False)


def host_mac():
    return bytes.fromhex(json.loads(run("ip", "-n", HOST, "-j", "link", "show", "eth0").stdout)[0]["address"]
                         .replace(":", ""))



def main(*tests):
    """Raises the host, runs each test, takes it down. The exit status. A test takes the wire, where it wants it."""
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        return 0
    if not os.access(AGENT, os.X_OK):
        print("1..0 # SKIP no " + AGENT)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        build()
        wire = Wire(PEER)
        for test in tests:
            test(wire)
    finally:
        remove()
    print("1..%d" % number)
    return 1 if failures else 0
