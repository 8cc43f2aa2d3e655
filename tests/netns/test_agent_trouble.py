#!/usr/bin/python3
# takes: 20 s
"""test_agent_trouble: pearp-agent among hosts and programs that mean it harm, or are in its way. Needs root. Prints TAP."""

import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from agent_host import *  # noqa: E402,F403

FILE = "/tmp/%s.conf" % PREFIX
AGENT_FILE = "[agent]\ninterface = eth0\n"


def write(text, mode=0o600):
    with open(FILE, "w") as file:
        os.chmod(FILE, mode)
        file.write(text)


def hello(gateway, epoch):
    return pe_arp(HELLO, BRIDGE_MAC, ports(SHARED, 1024, 65535), nonce=epoch, lifetime=1,
                  tlvs=b"\x02\x0a" + socket.inet_aton(gateway) + BRIDGE_MAC + b"\x04\x06" + BRIDGE_MAC)


def routes():
    return run("ip", "-n", HOST, "route").stdout


def test_gateways(wire):
    """Without -g and keys anybody on the segment may name a gateway."""
    run("ip", "-n", HOST, "addr", "add", "192.35.162.77/24", "dev", "eth0")
    before = snapshot()
    agent = start()
    for epoch, gateway in enumerate((SHARED, "127.0.0.1", "224.0.0.5", "255.255.255.255", "0.1.2.3", "192.35.162.77"), 20):
        wire.send(hello(gateway, epoch))
        wait_until(lambda: agent.poll() is not None, 0.3)
    ok(agent.poll() is None and "default" not in routes() and status()[0]["gateway"] is None,
       "a HELLO that names no router's address: passed over", said(agent))
    wire.send(hello(GATEWAY, 40))
    ok(wait_until(lambda: "default via %s dev eth0 src %s" % (GATEWAY, SHARED) in routes()),
       "the next one that names a good one is taken", said(agent))
    result, now = stop(agent), snapshot()
    ok(result == 0 and now == before, "and all is as it was", result, now, before)
    run("ip", "-n", HOST, "addr", "del", "192.35.162.77/24", "dev", "eth0")


def test_refused_gateway(wire):
    """A gateway that cannot be set is not tried again for each HELLO: in the next epoch it is."""
    run("ip", "-n", HOST, "addr", "add", "192.35.162.77/24", "dev", "eth0")
    agent, broadcast = start(), "192.35.162.255"

    def tries():
        return said(agent).count("names %s as the gateway" % broadcast)
    wire.send(hello(broadcast, 60))
    refused = wait_until(lambda: "cannot be the gateway" in said(agent))
    time.sleep(10.5)  # none is tried before
    for _ in range(3):
        wire.send(hello(broadcast, 60))
    wire.send(hello("192.35.162.77", 60))  # after those
    wait_until(lambda: tries() > 1, 1)
    ok(refused and tries() == 1, "a gateway that cannot be set: not tried again in its epoch", said(agent))
    wire.send(hello(broadcast, 61))
    ok(wait_until(lambda: tries() == 2) and agent.poll() is None, "in the next one it is", said(agent))
    stop(agent)
    run("ip", "-n", HOST, "addr", "del", "192.35.162.77/24", "dev", "eth0")


def test_accusers(wire):
    """Messages that anybody may send as often as he likes are no way to fill the log."""
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY)
    mac, foreign = host_mac(), ports(SHARED, 2000, 2999)
    for _ in range(300):
        wire.send(pe_arp(CONFLICT, wire.mac, foreign, foreign, tha=mac))
    for _ in range(5):
        wire.send(pe_arp(CLAIM, wire.mac, foreign, foreign))
    wire.frames(2, is_pe(CONFLICT))
    lines = [line for line in said(agent).splitlines() if "objects: it holds" in line or "which this host holds" in line]
    ok(2 <= len(lines) <= 6, "hundreds of objections and claims: some lines, not one each", len(lines), lines[:10])
    wire.send(pe_arp(REQUEST, BRIDGE_MAC, ports(SHARED, 2000, 2000), to=mac, tha=mac))
    held = wait_until(lambda: status()[0]["state"] == "held")
    ok(agent.poll() is None and held, "and the range is held, since the bridge asks for it", said(agent))
    wire.send(hello(GATEWAY, 50))
    wait_until(lambda: status()[0]["bridge_mac"])
    written = os.stat(RUN + "/eth0.state").st_ino
    wire.clear()
    wire.send(hello(GATEWAY, 51))
    claims = wire.frames(3, is_pe(CLAIM), 1)
    ok(claims and os.stat(RUN + "/eth0.state").st_ino == written, "a HELLO that says nothing new: no file is written", claims)
    stop(agent)


def test_failed_start():
    """What was set before the fault is put back."""
    run("ip", "-n", HOST, "addr", "add", "192.35.162.77/24", "dev", "eth0")
    before = snapshot()
    write(AGENT_FILE + "address = %s\nports = 2000-2999\ngateway = %s\ncgroup = /sys/none\n" % (SHARED, GATEWAY))
    tries = [on(HOST, AGENT, *arguments, check=False) for arguments in
             (("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", "192.35.162.255"), ("-c", FILE))]
    now = snapshot()
    ok(all(t.returncode == 1 and "cannot" in t.stdout for t in tries) and now == before and not os.path.exists(RUN),
       "a start that fails half way leaves nothing", [t.stdout for t in tries], now, before)
    run("ip", "-n", HOST, "addr", "del", "192.35.162.77/24", "dev", "eth0")


def instead_of_nft(script):
    """What starts an agent for which nft is this shell script, where %s is the real one."""
    nft, place = "/tmp/%s.nft" % PREFIX, "/tmp/%s.script" % PREFIX
    shutil.copy(shutil.which("nft"), nft)
    with open(place, "w") as file:
        file.write("#!/bin/sh\n" + script % nft)
    os.chmod(place, 0o755)
    mount = "mount --bind %s %s && exec \"$@\"" % (place, shutil.which("nft"))
    return "ip", "netns", "exec", HOST, "sh", "-c", mount, "sh"


def test_slow_start():
    """Who waits for "held" may use the range from then on: not while the rules are being loaded."""
    enter = instead_of_nft("sleep 1\nexec %s \"$@\"\n")
    agent = start(wait=False, enter=enter)
    first = wait_until(status)
    settled = wait_until(lambda: [r["state"] for r in status()] == ["held"])
    rules = on(HOST, "nft", "list", "tables").stdout
    ok(first and first[0]["state"] == "setting" and settled and "pearp_agent_eth0" in rules,
       "a range is held once all is set, not before", first, rules, said(agent))
    stop(agent)


def test_flushed_again_and_again():
    """Beside a program that flushes all rules in a loop, ours come back, later and later."""
    before = snapshot()
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY)
    whole = sorted(snapshot().splitlines())
    for _ in range(60):
        on(HOST, "nft", "delete table inet pearp_agent_eth0", check=False)
        time.sleep(0.02)
    told = said(agent).count("loading them again") + said(agent).count("setting it again")
    back = wait_until(lambda: sorted(snapshot().splitlines()) == whole)
    ok(back and 5 <= told <= 9 * PATIENCE, "rules removed 60 times: loaded a few times, and there in the end", told, snapshot(), said(agent))
    stop(agent)
    ok(snapshot() == before, "and gone with the agent", snapshot(), before)


def test_large_port_set():
    """The rules of 1,023 spans make more news than the socket holds: what is lost is no rule that somebody removed."""
    before = snapshot()
    write(AGENT_FILE + "gateway = %s\n[range %s:psid/10/4/3]\n" % (GATEWAY, SHARED))
    agent = start("-c", FILE)
    wait_until(lambda: "loading them again" in said(agent) or "setting it again" in said(agent), 3)
    held = [r["state"] for r in status()] == ["held"]
    ok(held and "again" not in said(agent), "a port set of 1,023 spans: its rules are loaded once", status(), said(agent))
    on(HOST, "nft", "delete table netdev pearp_agent_eth0")
    back = wait_until(lambda: "netdev pearp_agent_eth0" in on(HOST, "nft", "list", "tables").stdout)
    ok(back and said(agent).count("loading them again") == 1, "removed, they come back once", said(agent))
    stop(agent)
    ok(snapshot() == before, "and go with the agent", snapshot(), before)


def test_locked_directory():
    """Another user's lock on the agents' directory keeps no agent from its start; root's is named."""
    for path in (os.path.dirname(RUN), RUN):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o755)  # as an earlier version made it
    agent = start()
    modes = [stat.S_IMODE(os.stat(path).st_mode) for path in (os.path.dirname(RUN), RUN)]
    other = subprocess.run(["ls", RUN], user=65534, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(modes == [0o700, 0o700] and other.returncode != 0, "the agents' directory is for root alone", modes, other)
    stop(agent)
    os.makedirs(RUN, 0o755)
    lock = os.open(RUN, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    tried = on(HOST, "timeout", "30", AGENT, "-i", "eth0", "-a", SHARED, "-p", "2000-2999", check=False)
    ok(tried.returncode == 1 and "process %d has it locked" % os.getpid() in tried.stdout,
       "a lock on it: the start fails and says whose it is", tried)
    os.close(lock)
    os.rmdir(RUN)


def resize_says(text):
    done = on(HOST, AGENT, "resize", "-i", "eth0", "10.9.8.7:1-2", check=False)
    return text in done.stdout or print("# " + done.stdout)


def renew_interface():
    run("ip", "-n", SWITCH, "link", "del", "host", check=False)
    run("ip", "-n", SWITCH, "link", "add", "host", "type", "veth", "peer", "name", "eth0", "netns", HOST)
    run("ip", "-n", SWITCH, "link", "set", "host", "master", "br0", "up")
    on(HOST, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")


def test_made_anew(wire):
    """After its settings were put back and set again, an agent is what it was."""
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY)
    ok(resize_says("no range of that address"), "resize is answered")
    renew_interface()
    wait_until(lambda: "created again" in said(agent))
    known = wait_until(lambda: [(r["state"], r["gateway"], r["link_up"]) for r in status()] == [("held", GATEWAY, False)])
    ok(known, "interface made anew: status knows the agent", status())
    run("ip", "-n", HOST, "link", "set", "eth0", "up")
    up = wait_until(lambda: [r["link_up"] for r in status()] == [True])
    ok(up and resize_says("no range of that address"), "and resize is answered still", said(agent))
    stop(agent)


def test_late_interface():
    """At boot others wait for the agent, and the card may come later, or never."""
    run("ip", "-n", SWITCH, "link", "del", "host")
    agent = start()
    waits = agent.ready == b"READY=1" and wait_until(lambda: "waiting for eth0: No such device" in said(agent))
    ok(waits and not status(), "an interface that is not there: ready, says so, and holds nothing", agent.ready, said(agent))
    ok(stop(agent) == 0, "a stop ends the waiting", said(agent))
    agent = start()
    renew_interface()
    run("ip", "-n", HOST, "link", "set", "eth0", "up")
    held = wait_until(lambda: [(r["state"], r["link_up"]) for r in status()] == [("held", True)])
    ok(held and stop(agent) == 0, "it comes: the range is held", status(), said(agent))


def test_renamed():
    """An interface that got another name meanwhile gets back what it had."""
    before = snapshot()
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "-g", GATEWAY)

    def rename(old, new):
        for change in (("down",), ("name", new)):
            run("ip", "-n", HOST, "link", "set", old, *change)
        run("ip", "-n", HOST, "link", "set", new, "up")

    rename("eth0", "lan0")
    result = stop(agent)
    rename("lan0", "eth0")
    ok(result == 0 and snapshot() == before, "an interface renamed meanwhile gets back what it had", result, snapshot(), before, said(agent))


def lease(*words):
    return on(HOST, AGENT, "lease", "eth0", *words, check=False)


def test_lease_usage():
    wrong = [(), ("nonsense",), ("bound",), ("bound", SHARED), ("released", "more"), ("expired", "more")]
    results = [lease(*words) for words in wrong]
    bad = [(w, r.returncode, r.stdout) for w, r in zip(wrong, results) if r.returncode != 2 or "usage: pearp-agent lease" not in r.stdout]
    ok(not bad, "lease with words that are not of its form: usage and exit 2", bad)
    refused = lease("bound", SHARED, "nonsense")
    ok(refused.returncode == 1 and "nonsense" in refused.stdout and "usage" not in refused.stdout,
       "with ports that are none: refused, exit 1", refused.stdout)


def test_lease_ends_without_interface():
    write(AGENT_FILE + "dhcp = none\naddress = %s\nports = 2000-2999\n" % SHARED)
    agent = start("-c", FILE)
    lease("bound", SHARED, "0/6/5", "lifetime=600")
    both = wait_until(lambda: len(status()) == 2)
    run("ip", "-n", SWITCH, "link", "del", "host")
    wait_until(lambda: not any(r["link_up"] for r in status()))
    lease("released")
    wait_until(lambda: "is over" in said(agent))
    gone = wait_until(lambda: agent.poll() is not None, 0.5)
    ok(both and not gone, "a lease ends while the interface is gone: the agent waits for both", status(), said(agent))
    renew_interface()
    run("ip", "-n", HOST, "link", "set", "eth0", "up")
    left = wait_until(lambda: [(r["state"], r["link_up"]) for r in status()] == [("held", True)])
    ok(left, "and holds what is left of it", status(), said(agent))
    ok(stop(agent) == 0 and not os.path.exists(RUN), "and ends well", said(agent))


def test_interface_goes_meanwhile():
    """An interface that goes at any point of a change of the settings: the agent waits for the next of its name."""
    before, flag = snapshot(), "/tmp/%s.flag" % PREFIX
    write(AGENT_FILE + "dhcp = none\naddress = %s\nports = 2000-2999\ngateway = %s\n" % (SHARED, GATEWAY))
    script = ("read -r call 2>/dev/null <" + flag + " && if [ $call = 1 ]; then rm " + flag + "; else echo $((call - 1)) >" + flag +
              "; fi\n[ \"$call\" = 1 ] && [ %s = before ] && ip -n " + SWITCH + " link del host\n%%s \"$@\"\nresult=$?\n"
              "[ \"$call\" = 1 ] && [ %s = after ] && ip -n " + SWITCH + " link del host\nexit $result\n")
    for call, when, what in ((1, "before", "undone"), (1, "after", "undone"), (2, "before", "made"), (2, "after", "made")):
        agent = start("-c", FILE, enter=instead_of_nft(script % (when, when)))
        with open(flag, "w") as file:
            file.write("%d\n" % call)
        lease("bound", SHARED, "0/6/5", "lifetime=600")
        left = wait_until(lambda: not os.path.exists(flag) and "eth0 is down" in said(agent))
        ok(left and agent.poll() is None, "an interface that goes %s its rules are %s: the agent waits" % (when, what), status(), said(agent))
        renew_interface()
        run("ip", "-n", HOST, "link", "set", "eth0", "up")
        back = wait_until(lambda: [(r["state"], r["link_up"]) for r in status()] == [("held", True)] * 2 and "default via" in routes())
        ok(back, "and holds both ranges when it is back", status(), routes(), said(agent))
        lease("released")
        wait_until(lambda: len(status()) == 1)
        result, now = stop(agent), snapshot()
        ok(result == 0 and now == before, "and puts back what it found", result, now, before, said(agent))


def test_print_leased():
    write(AGENT_FILE + "dhcp = auto\n")
    dry = on(HOST, AGENT, "-c", FILE, "-n", check=False)
    commands = [line for line in dry.stdout.splitlines() if line and line[0] != "#"]
    ok(dry.returncode == 0 and not commands and "lease" in dry.stdout, "-n with a lease to come: says so, and no command",
       dry.returncode, dry.stdout)


def test_secrets():
    key = AGENT_FILE + "address = %s\nports = 2000-2999\n[keys]\n1 = %s\n" % (SHARED, "ab" * 32)
    told = []
    for mode in (0o644, 0o640, 0o600):
        write(key, mode)
        told.append("may read" in on(HOST, AGENT, "-c", FILE, "-n").stdout)
    ok(told == [True, True, False], "keys that others may read: a warning", told)


def test_names():
    """The names of programs are their own choice."""
    code = ("import ctypes, socket, sys, time\n"
            "ctypes.CDLL(None).prctl(15, b'\\x1b[31m\\x07\"\\\\x\\xff')\n"
            "s = socket.create_server(('', 8088))\nprint('up', flush=True)\ntime.sleep(60)\n")
    agent = start()
    program = subprocess.Popen(["ip", "netns", "exec", HOST, "/usr/bin/python3", "-c", code], stdout=subprocess.PIPE)
    processes.append(program)
    program.stdout.readline()
    text = subprocess.run(["ip", "netns", "exec", HOST, AGENT, "status"], stdout=subprocess.PIPE).stdout
    rows = [o for o in status()[0]["outside"] if o["port"] == 8088]
    ok(b"8088" in text and not any(c < 32 and c != 10 for c in text), "no control characters in status", text)
    ok(len(rows) == 1 and rows[0]["pid"] == program.pid, "and what JSON says can be read", rows)
    program.kill()
    program.wait()
    stop(agent)


def test_metrics_place():
    """Where another user owns the directory, his links are not followed."""
    place, victim = "/tmp/%s.d" % PREFIX, "/tmp/%s.victim" % PREFIX
    os.makedirs(place, exist_ok=True)
    with open(victim, "w") as file:
        file.write("whole")
    os.symlink(victim, place + "/a.prom.new")
    agent = start("-i", "eth0", "-a", SHARED, "-p", "2000-2999", "--metrics", place + "/a.prom")
    there = wait_until(lambda: os.path.exists(place + "/a.prom") and not os.path.islink(place + "/a.prom"))
    with open(victim) as file:
        ok(there and file.read() == "whole", "metrics: a link in the way of the new file is not followed", said(agent))
    stop(agent)
    ok(os.listdir(place) == [], "and nothing is left", os.listdir(place))
    os.rmdir(place)
    os.unlink(victim)


def test_descriptors():
    """An agent that a DHCP client's hook starts keeps nothing of the client's open."""
    inherited = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    subprocess.run(["ip", "netns", "exec", HOST, AGENT, "lease", "eth0", "bound", SHARED, "0/6/5", "lifetime=600"],
                   close_fds=False, stderr=subprocess.DEVNULL, check=True)
    os.close(inherited)
    pid = wait_until(lambda: status() and status()[0]["pid"])
    links = [os.readlink("/proc/%d/fd/%s" % (pid, n)) for n in os.listdir("/proc/%d/fd" % pid)]
    ok("/dev/zero" not in links, "a hook's agent has no descriptor of the hook's", links)
    lease("released")
    ok(wait_until(lambda: not os.path.exists(RUN)), "and ends with the lease", os.path.exists(RUN) and os.listdir(RUN))


def test_together():
    """Many come and go at the same time, below one directory."""
    loop = "for i in $(seq 60); do %s -q -q -i %s --undo || exit 1; done"
    begun = [subprocess.Popen(["ip", "netns", "exec", place, "sh", "-c", loop % (AGENT, interface)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
             for place in (HOST, PEER) for interface in ("x0", "x1")]
    results = [(p.wait(), p.stdout.read()) for p in begun]
    ok(all(r == (0, "") for r in results), "agents that end do not take the directory from those that start", results)
    before = snapshot()
    run("ip", "-n", HOST, "link", "add", "eth9", "type", "veth", "peer", "name", "eth8")
    for _ in range(4):
        both = [subprocess.Popen(["ip", "netns", "exec", HOST, AGENT, "-i", interface, "-a", SHARED, "-p", span],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for interface, span in (("eth0", "2000-2999"), ("eth9", "3000-3999"))]
        processes.extend(both)
        one = wait_until(lambda: sum(p.poll() is None for p in both) == 1 and len(status()) == 1)
        for p in both:
            if p.poll() is None:
                stop(p)
        now = snapshot()
        if not one or now != before:
            break
    run("ip", "-n", HOST, "link", "del", "eth9")
    ok(one and now == before, "two agents of one host at the same moment: one of them holds", one, now, before)


def story(wire):
    test_gateways(wire)
    test_refused_gateway(wire)
    test_accusers(wire)
    test_failed_start()
    test_slow_start()
    test_flushed_again_and_again()
    test_large_port_set()
    test_locked_directory()
    test_made_anew(wire)
    test_late_interface()
    test_renamed()
    test_lease_usage()
    test_lease_ends_without_interface()
    test_interface_goes_meanwhile()
    test_print_leased()
    test_secrets()
    test_names()
    test_metrics_place()
    test_descriptors()
    test_together()
    for name in (FILE, "/tmp/%s.nft" % PREFIX, "/tmp/%s.script" % PREFIX):
        os.unlink(name)


if __name__ == "__main__":
    sys.exit(main(story))
