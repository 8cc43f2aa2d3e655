"""lab: the network that one contestant is measured in, and the processes in it. Used by: measure.py, contestants.py.

    gen (the router)  gen0 --- up0  dut (the contestant)  dn0 --- snk0  snk (the hosts)

No switch, and nothing else that frames pass. Namespaces are named by this process and the lab's number; the lab removes what
it made, also on an error and when this process is told to end, and ends only processes that it started, by their ids.
Those of a run that was killed hard are removed by the next one.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import machine

PLACES = ("gen", "dut", "snk")
PREFIX = "pearpd-bench-"
ROUTER_MAC, BRIDGE_MAC = "02:12:7f:c4:38:d3", "02:50:45:00:00:01"
ADDRESS, GATEWAY = "192.35.162.2", "192.35.162.1"
ADDRESS6, GATEWAY6 = "2001:db8::2", "2001:db8::1"
LINKS = (("gen0", "gen", "up0"), ("snk0", "snk", "dn0"))


class Failure(Exception):
    """What could not be done, in words."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, text=None, check=True, seconds=60):
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds, check=False, stdin=subprocess.DEVNULL if text is None else None)
    if check and done.returncode != 0:
        raise Failure("%s: %s" % (" ".join(command[:8]), (done.stderr or done.stdout).strip()[-300:]))
    return done.stdout


def namespaces():
    return [line.split()[0] for line in run(["ip", "netns", "list"], check=False).splitlines() if line]


def remove_stale():
    """What a run left that was killed hard: its process is gone."""
    for name in namespaces():
        owner = re.fullmatch(re.escape(PREFIX) + r"(\d+)-\d*(%s)" % "|".join(PLACES), name)
        if owner and not os.path.exists("/proc/" + owner.group(1)):
            say("bench: removes %s, which an earlier run left" % name)
            run(["ip", "netns", "del", name], check=False)


class Lab:
    """One contestant with its network: `with Lab(...) as lab`."""

    def __init__(self, options, contestant, alone, number=""):
        self.options, self.contestant = options, contestant
        self.number = number  # where several stand at once
        self.alone = alone  # everything on one processor; else the contestant's process has one of its own
        self.plan = options.plan(contestant)
        self.children, self.pid, self.folder = [], None, None
        self.generator, self.own = machine.processors()
        self.has_addresses = False

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        for child in self.children:  # gently first: pearpd takes what it put into the kernel with it
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(3)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children = []
        left = namespaces()
        for place in PLACES:
            if self.place(place) in left:
                run(["ip", "netns", "del", self.place(place)], check=False)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def place(self, name):
        return "%s%d-%s%s" % (PREFIX, os.getpid(), self.number, name)

    def plan_of(self, kind):
        """Bridged frames go to the hosts of the full plan: there all contestants have the same to do."""
        return self.options.full_plan if kind == "udp6" else self.plan

    def on(self, place, *command, text=None, check=True, seconds=60):
        """Runs a command there to its end; what it printed."""
        return run(["ip", "netns", "exec", self.place(place), *command], text, check, seconds)

    def write(self, place, path, value):
        """A setting of the kernel; one that it does not have is left alone."""
        self.on(place, "sh", "-c", '[ ! -e "$1" ] || echo "$2" >"$1"', "sh", path, str(value))

    def start(self, place, *command, processor=None, text=None, log=None):
        """A command in the background there, pinned to `processor`. It ends with this process at the latest."""
        pinned = ["taskset", "-c", str(processor)] if processor is not None else []
        out = open(log, "wb") if log else subprocess.PIPE
        child = subprocess.Popen(["ip", "netns", "exec", self.place(place), "setpriv", "--pdeathsig", "KILL", *pinned,
                                  *command], stdin=subprocess.PIPE if text else subprocess.DEVNULL, stdout=out,
                                 stderr=out if log else subprocess.PIPE, text=True, start_new_session=True)
        self.children.append(child)
        if log:
            out.close()
        if text:
            child.stdin.write(text)
            child.stdin.close()
            child.stdin = None
        return child

    def end(self, child, seconds=5):
        """Asks it to end, and waits; what it printed."""
        if child.poll() is None:
            child.terminate()
        return self.wait(child, seconds)

    def stop(self, child):
        """The same where it does not matter what it says."""
        try:
            self.end(child)
        except Failure:
            pass

    def wait(self, child, seconds):
        try:
            out, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
        self.children.remove(child)
        if not out and child.returncode not in (0, -15):
            raise Failure("%s: %s" % (child.args[-1], (err or "no output").strip()[-300:]))
        return out

    @staticmethod
    def wait_ready(child):
        """Until it prints its first line on stderr, `ready`."""
        line = child.stderr.readline()
        if "ready" not in line:
            raise Failure("%s: %s" % (child.args[-2], line.strip()))

    def start_contestant(self, *command, text=None):
        """The contestant's process; its log is self.log."""
        self.log = os.path.join(self.folder, "log")
        child = self.start("dut", *command, processor=self.own if self.alone else None, text=text, log=self.log)
        self.pid = child.pid
        return child

    def wait_contestant(self, child, ready):
        end = time.monotonic() + 20
        while not ready():
            if child.poll() is not None or time.monotonic() > end:
                with open(self.log, encoding="utf-8", errors="replace") as file:
                    raise Failure("%s does not start: %s" % (self.contestant.name, file.read().strip()[-300:]))
            time.sleep(0.02)

    def alive(self):
        return self.pid is None or all(c.pid != self.pid or c.poll() is None for c in self.children)

    def _make(self):
        self.folder = tempfile.mkdtemp(prefix=PREFIX)
        for place in PLACES:
            run(["ip", "netns", "add", self.place(place)])
            for which in ("all", "default"):
                self.write(place, "/proc/sys/net/ipv6/conf/%s/disable_ipv6" % which, 1)
        for rule in ("iptables", "ip6tables", "arptables"):  # else a kernel bridge takes each frame through them
            self.write("dut", "/proc/sys/net/bridge/bridge-nf-call-" + rule, 0)
        for outer, place, inner in LINKS:  # one queue: with several, order and processor follow the sender's hash
            run(["ip", "link", "add", "name", outer, "netns", self.place(place), "numtxqueues", "1", "numrxqueues", "1", "type",
                 "veth", "peer", "name", inner, "netns", self.place("dut"), "numtxqueues", "1", "numrxqueues", "1"])
        for place, name, mac in (("gen", "gen0", ROUTER_MAC), ("snk", "snk0", self.plan.tcp_owner), ("dut", "up0", None),
                                 ("dut", "dn0", None)):
            run(["ip", "-n", self.place(place), "link", "set", name, *(["address", mac] if mac else []), "up"])
        self.contestant.up(self)
        if self.alone:  # else frames are received where they were sent
            for name in ("up0", "dn0"):
                self.write("dut", "/sys/class/net/%s/queues/rx-0/rps_cpus" % name, "%x" % (1 << self.own))
        time.sleep(self.options.settle_s)

    def give_addresses(self):
        """What TCP needs. Not before a flood: hosts with addresses would answer it."""
        self.has_addresses = True
        for place, name, own, peer, mac in (("gen", "gen0", (GATEWAY, GATEWAY6), (ADDRESS, ADDRESS6), None),
                                            ("snk", "snk0", (ADDRESS, ADDRESS6), (GATEWAY, GATEWAY6), ROUTER_MAC)):
            ip = ["ip", "-n", self.place(place)]
            self.write(place, "/proc/sys/net/ipv6/conf/%s/disable_ipv6" % name, 0)
            run([*ip, "address", "add", own[0] + "/24", "dev", name])
            run([*ip, "address", "add", own[1] + "/64", "dev", name, "nodad"])
            for address, to in zip(peer, (mac or self.plan.target, mac or self.plan.tcp_owner)):
                run([*ip, "neighbour", "replace", address, "lladdr", to, "dev", name, "nud", "permanent"])
