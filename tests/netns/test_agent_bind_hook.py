#!/usr/bin/python3
"""test_agent_bind_hook: bind() to a port outside the ranges fails at once for the programs of a cgroup, and for no others.
tests/lib/agent_host.py has the host.

Needs root, cgroup v2 and BPF. Prints TAP.
"""

import errno
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from agent_host import *  # noqa: E402,F403

FILE = "/tmp/%s.conf" % PREFIX
ENTER = ("nsenter", "--net=/run/netns/" + HOST)  # ip netns exec hides /sys/fs/cgroup
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


def cgroups():
    """Where cgroups of version 2 are."""
    with open("/proc/self/mounts") as mounts:
        return next((m.split()[1] for m in mounts if m.split()[2] == "cgroup2"), None)


def bound(group, place, binds):
    """For each (kind, address, port): the error that bind() gives a process of that cgroup (None: of none) there."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        if group:
            with open(group + "/cgroup.procs", "w") as file:
                file.write(str(os.getpid()))
        said = []
        with Inside(place):
            for kind, address, port in binds:
                with socket.socket(socket.AF_INET, kind) as one:
                    try:
                        one.bind((address, port))
                        said.append("0")
                    except OSError as error:
                        said.append(str(error.errno))
        os.write(writable, " ".join(said).encode())
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as file:
        said = file.read()
    os.waitpid(child, 0)
    return [int(word) for word in said.split()]


def story(_):
    before = snapshot()
    with open(FILE, "w") as file:
        file.write("[agent]\ninterface = eth0\naddress = %s\nports = 2000-2999\ngateway = %s\ncgroup = %s\n"
                   "[range %s:5000-5999]\n" % (SHARED, GATEWAY, GROUP, SHARED))
    agent = start("-c", FILE, enter=ENTER)
    ok(agent.ready == b"READY=1", "it starts", said(agent))
    held = [(TCP, SHARED, 2500), (UDP, SHARED, 5999), (TCP, "", 5000), (TCP, SHARED, 0), (UDP, "", 0), (UDP, "", 68)]
    outside = [(TCP, SHARED, 4000), (UDP, SHARED, 1999), (TCP, "", 6000), (UDP, "", 67)]
    got = bound(GROUP, HOST, held)
    ok(got == [0] * len(held), "ports that are held, port 0 and a DHCP client's can be bound", got)
    got = bound(GROUP, HOST, outside)
    ok(got == [errno.EPERM] * len(outside), "a port outside fails at once, as not permitted", got)
    got = bound(GROUP, HOST, [(TCP, "127.0.0.1", 4000)])
    ok(got == [0], "on another address any port can be bound", got)
    got = bound(None, HOST, outside)
    ok(got == [0] * len(outside), "another cgroup's programs are left alone", got)
    got = bound(GROUP, PEER, [(TCP, "", 6000)])
    ok(got == [0], "so are other network namespaces", got)
    stop(agent)
    got, now = bound(GROUP, HOST, outside[:1] + outside[2:]), snapshot()
    ok(0 not in [len(got)] and errno.EPERM not in got and now == before, "stopped: the hook is gone", got, now, before)
    agent = start("-c", FILE, enter=ENTER)
    stop(agent, signal.SIGKILL)
    got = bound(GROUP, HOST, outside[2:])
    ok(errno.EPERM not in got, "killed: the hook went with it", got)
    on(HOST, AGENT, "-i", "eth0", "--undo")
    os.unlink(FILE)


if __name__ == "__main__":
    if os.geteuid() == 0 and not cgroups():
        print("1..0 # SKIP no cgroup of version 2")
        sys.exit(0)
    GROUP = "%s/%s" % (cgroups(), PREFIX)
    try:
        if os.geteuid() == 0:
            os.mkdir(GROUP)
    except OSError as error:
        print("1..0 # SKIP no cgroup can be made: %s" % error)
        sys.exit(0)
    try:
        status = main(story)
    finally:
        if os.path.isdir(GROUP):
            os.rmdir(GROUP)
    sys.exit(status)
