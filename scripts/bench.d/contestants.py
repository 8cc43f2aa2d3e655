"""contestants: what is measured: pearpd, and what an operator could put in its place. Used by: scripts/bench.

Each gets the same plan: which host has which ports. A row of CONTESTANTS is all there is to say of one.
"""

import os
import shutil
import socket
import subprocess
import tempfile

from lab import ADDRESS, BRIDGE_MAC, PREFIX, Failure, run

TCP_PORT = 5201


class Plan:
    """tests/lib/bench/plan.h, as its programs say it."""

    def __init__(self, build, ranges, hosts, addresses=1, moving=0):
        self.text = "%s,%d,%d,%d,%d" % (ADDRESS, addresses, ranges, hosts, moving)
        lines = run([os.path.join(build, "bench", "plan"), self.text]).splitlines()
        self.rows = [tuple(line.split()) for line in lines]  # (address, first port, last port, MAC)
        self.table = "".join(line + "\n" for line in lines)
        self.tcp_owner = next(mac for _, first, last, mac in self.rows if int(first) <= TCP_PORT <= int(last))
        self.target = BRIDGE_MAC  # where the router sends frames for the shared address


def kernel_bridge(lab):
    """What a bridge would have learned from the hosts' own frames is there from the start."""
    lab.on("dut", "ip", "link", "add", "br0", "type", "bridge")
    for name in ("up0", "dn0"):
        lab.on("dut", "ip", "link", "set", name, "master", "br0")
    lab.on("dut", "ip", "link", "set", "br0", "up")
    macs = sorted({row[3] for row in lab.options.full_plan.rows})
    lab.on("dut", "bridge", "-batch", "-", text="".join("fdb add %s dev dn0 master static\n" % mac for mac in macs))


def nft_rules(lab, set_type, elements, rules):
    kernel_bridge(lab)
    lab.on("dut", "nft", "-f", "-", text="""
        table bridge ports {
            map owner { type %s : ether_addr; flags interval; elements = { %s } }
            chain prerouting { type filter hook prerouting priority -300; %s }
        }""" % (set_type, ", ".join(elements), " ".join(rule + ";" for rule in rules)))


def range_map(lab):
    nft_rules(lab, "inet_service", ["%s-%s : %s" % row[1:] for row in lab.plan.rows],
              ["ip daddr %s ether daddr set %s dport map @owner" % (ADDRESS, p) for p in ("udp", "tcp")])


def concatenation(lab):
    nft_rules(lab, "ipv4_addr . inet_service", ["%s . %s-%s : %s" % row for row in lab.plan.rows],
              ["ether daddr set ip daddr . %s dport map @owner" % p for p in ("udp", "tcp")])


def forwarder(lab):
    child = lab.start_contestant(os.path.join(lab.options.build, "bench", "forward"), "up0", "dn0", text=lab.plan.table)

    def ready():
        with open(lab.log, encoding="ascii") as file:
            return "ready" in file.read()

    lab.wait_contestant(child, ready)


def configuration(rows, accel, control):
    text = "[bridge]\nupstream = up0\ndownstream = dn0\nmac = %s\n" % BRIDGE_MAC
    text += "accel = %s\n" % accel if accel else ""
    for address in dict.fromkeys(row[0] for row in rows):
        text += "[address %s]\nports = 1024-65535\nlearn = none\n" % address
    text += "".join("[range %s:%s-%s]\nmac = %s\n" % row for row in rows)
    return text + "[control]\nsocket = %s\n[state]\nfile = none\n" % control


def accepts(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def pearpd(accel):
    def up(lab):
        control, file = os.path.join(lab.folder, "control"), os.path.join(lab.folder, "conf")
        with open(file, "w", encoding="ascii") as out:
            out.write(configuration(lab.plan.rows, accel if lab.options.knows_accel else None, control))
        child = lab.start_contestant(os.path.join(lab.options.build, "pearpd"), "-c", file)
        lab.wait_contestant(child, lambda: accepts(control))
        with open(lab.log, encoding="utf-8", errors="replace") as log:
            without = [line for line in log if "no fast path" in line]
        if without:
            raise Failure(without[0].strip())

    return up


class Contestant:
    def __init__(self, name, title, up, by_port=True, in_kernel=True, needs=()):
        self.name, self.title, self.up = name, title, up
        self.by_port = by_port  # knows ports: its frames go to the bridge MAC; the others' go to one host
        self.in_kernel = in_kernel  # where frames are forwarded: on the processor that received them, or in a process
        self.needs = needs

    def missing(self, options):
        """Why it cannot be measured here, or None."""
        for program in self.needs:
            if not shutil.which(program) and not os.path.exists(os.path.join(options.build, program)):
                return "%s is not there" % program
        if self.name == "range-map" and options.addresses > 1:
            return "a map of ranges is of one address"
        if self.name == "pearpd-fast":
            return refused(options.build, "tc")
        return None


def refused(build, accel):
    """What pearpd says against `accel` in a configuration, or None."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        file = os.path.join(folder, "conf")
        with open(file, "w", encoding="ascii") as out:
            out.write(configuration([(ADDRESS, "1024", "2047", "02:62:00:00:00:00")], accel, folder + "/control"))
        done = subprocess.run([os.path.join(build, "pearpd"), "-c", file, "-t"], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode == 0:
        return None
    said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
    return "its configuration is refused: " + said[0].split(": ", 1)[-1]


CONTESTANTS = (
    Contestant("bridge", "kernel bridge", kernel_bridge, by_port=False, needs=("bridge",)),
    Contestant("range-map", "bridge + nftables range map", range_map, needs=("bridge", "nft")),
    Contestant("concatenation", "bridge + nftables concatenation", concatenation, needs=("bridge", "nft")),
    Contestant("forward", "libpcap + libnet", forwarder, in_kernel=False, needs=("bench/forward",)),
    Contestant("pearpd", "pearpd, accel = none", pearpd("none"), in_kernel=False, needs=("pearpd",)),
    Contestant("pearpd-fast", "pearpd, accel = tc", pearpd("tc"), needs=("pearpd",)),
)
