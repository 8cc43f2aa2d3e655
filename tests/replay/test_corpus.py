#!/usr/bin/python3
"""Every file of the corpus of real captures, as its INDEX says.

In: ../shared/corpus (PEARPD_SHARED), its two INDEX tables. Where it is not there, one test is skipped and says so.
The rule: a frame that came in downstream leaves upstream equal to the byte and in order, or is dropped under its name.
"""
import os
import re
import tempfile

import captures
from harness import BRIDGE_MAC, SHARED, Run, Tap, conf

CORPUS = os.path.join(SHARED, "corpus")
MORE = os.path.join(CORPUS, "more")
RULE_DROPS = {"same_port", "truncated", "bad_source", "link_local", "runt"}
tap = Tap()


def rows(index):
    """{file name: what must happen}: the first and the last column of the files' table."""
    found = {}
    for line in open(index):
        cells = [c.strip() for c in line.strip().strip("|").split(" | ")]
        if re.match(r"\d\d-", cells[0]) and len(cells) > 5:
            found[cells[0]] = cells[-1]
    return found


def left(run, side):
    """The frames that left by `side`, without those that the bridge made itself."""
    if not run.bytes[side]:
        return []
    with tempfile.NamedTemporaryFile() as file:
        file.write(run.bytes[side])
        file.flush()
        return [data for _, _, data in captures.read(file.name)[0] if data[6:12] != BRIDGE_MAC]


def is_subsequence(part, whole):
    rest = iter(whole)
    return all(frame in rest for frame in part)


def check_downstream(name, path, expected):
    """The rule, and the drops that the row names."""
    run = Run(conf(), [("downstream", path)])
    if not run.clean():
        return f"status {run.status}: {run.stderr}"
    if "refused" in expected and "bridged, or refused" not in expected and not expected.startswith("all 17"):
        good = run.status == 1 and not run.report and os.path.basename(path) in run.stderr
        return None if good else f"not refused: {run.status} {run.stderr}"
    if run.report is None:
        named = run.status == 1 and os.path.basename(path) in run.stderr
        return None if named and ("suite" in expected or "refused" in expected) else f"no report: {run.stderr}"
    return judge_frames(name, path, expected, run)


def judge_frames(name, path, expected, run):
    try:
        frames = [data for _, _, data in captures.read(path)[0]]
    except captures.Unreadable as fault:
        frames = [data for _, _, data in fault.records]
        if run.status != 1 or os.path.basename(path) not in run.stderr:
            return f"a damaged file is not named: {run.status} {run.stderr}"
    if run.status == 1 and "after 2106" in run.stderr:
        return None if run.balances() else "the equation does not hold"
    out = left(run, "upstream")
    came, drops = run.report["frames"]["downstream"]["in"], run.drops()
    if not run.balances():
        return "the equation does not hold"
    if not is_subsequence(out, frames):
        return "what left is not what came, in order"
    if came != len(out) + sum(drops.values()) or set(drops) - RULE_DROPS:
        return f"in {came}, out {len(out)}, drops {drops}"
    if run.status == 0 and came != len(frames):
        return f"{len(frames)} frames can be read, {came} were"
    if run.status == 1 and os.path.basename(path) not in run.stderr:
        return f"exit 1 without the file's name: {run.stderr}"
    return judge_counts(expected, out, drops, run)


def judge_counts(expected, out, drops, run):
    """The counts that the row gives, where it gives some."""
    if "dropped as truncated" in expected and ("every" in expected or expected == "dropped as truncated"):
        if out or set(drops) - {"truncated"}:
            return f"not all truncated: {len(out)} left, {drops}"
    if expected == "same_port, all three" and drops != {"same_port": 3}:
        return f"drops {drops}"
    counts = re.search(r"As downstream input: (\d+) upstream; drops: ([a-z_0-9, ]+)", expected)
    if counts is None or (run.status == 1 and "refused" in expected):
        return None
    wanted = dict(re.findall(r"([a-z_]+) (\d+)", counts.group(2)))
    wanted = {reason: int(n) for reason, n in wanted.items()}
    if len(out) == int(counts.group(1)) and drops == wanted:
        return None
    named_instead = "or a named drop" in expected or "refused" in expected
    if named_instead and sum(drops.values()) + len(out) == int(counts.group(1)) + sum(wanted.values()):
        return None
    return f"{len(out)} upstream, drops {drops}; expected {counts.group(0)}"


def both_ways():
    text = open(os.path.join(MORE, "INDEX.md")).read().split("## The same files both ways")[1].split("\n## ")[0]
    found = re.findall(r"^\| (\S+) \| `([0-9a-f:]+)`: (\d+) up, (\d+) down; drops: ([a-z_0-9, ]+)", text, re.M)
    for name, mac, up, down, drops in found:
        run = Run(conf(bridge=f"router-mac = {mac}\n"), [("both", where(name))])
        wanted = {reason: int(n) for reason, n in re.findall(r"([a-z_]+) (\d+)", drops)}
        got = (len(left(run, "upstream")), len(left(run, "downstream")), run.drops() if run.report else None)
        tap.ok(run.status == 0 and run.balances() and got == (int(up), int(down), wanted), f"both ways: {name}",
               f"{got}, expected {up} up, {down} down, {wanted}; {run.stderr}")
    tap.ok(len(found) >= 40, f"the table of both ways has {len(found)} rows")


def where(name):
    path = os.path.join(CORPUS, name)
    return path if os.path.exists(path) else os.path.join(MORE, name)


def cut_files():
    text = open(os.path.join(MORE, "INDEX.md")).read().split("## Cut files")[1].split("\n## ")[0]
    found = re.findall(r"^\| (\S+) \| (\d+) \| ([^|]+) \|", text, re.M)
    for name, length, expected in found:
        with tempfile.NamedTemporaryFile(suffix="-" + name) as file:
            file.write(open(where(name), "rb").read()[:int(length)])
            file.flush()
            run = Run(conf(), [("downstream", file.name)])
            tap.ok(cut_is_good(run, os.path.basename(file.name), expected), f"cut at {length}: {name}",
                   f"expected {expected}; status {run.status}: {run.stderr}")
    tap.ok(len(found) >= 15, f"the table of cut files has {len(found)} rows")


def cut_is_good(run, name, expected):
    if expected.startswith("refused"):
        return run.status == 1 and name in run.stderr and run.report is None
    came = run.report["frames"]["downstream"]["in"] if run.report else 0
    if expected.startswith("exit 0"):
        return run.status == 0 and came == int(re.search(r"(\d+) frames", expected).group(1))
    count, record = re.match(r"(\d+) frames replayed, file and record (\d+) named, exit 1", expected).groups()
    named = name in run.stderr and (f"record {record}:" in run.stderr or (count == "0" and run.report is None))
    return run.status == 1 and came == int(count) and named


def own_addresses(name, path):
    """With addresses of the capture's own configured as shared: the equation and the sanitizers judge."""
    try:
        frames = captures.read(path)[0]
    except captures.Unreadable as fault:
        frames = fault.records
    addresses = set()
    for _, _, data in frames:
        for at in (12, 16, 20, 24):
            if data[at:at + 2] == b"\x08\x00" and len(data) >= at + 22:
                addresses |= {data[at + 14:at + 18], data[at + 18:at + 22]}
    usable = sorted(a for a in addresses if 0 < a[0] < 224 and a[0] != 127)[:16]
    if not usable:
        return
    text = conf([".".join(map(str, a)) for a in usable])
    for side in ("upstream", "downstream"):
        run = Run(text, [(side, path)], "--linger", "700")
        good = run.clean() and run.report is not None and run.balances()
        tap.ok(good, f"its own addresses shared, {side}: {name}", f"{run.status}: {run.stderr}")
        if not good:
            continue
        tap.ok(run.report["frames"]["held"] == 0, f"nothing is held for ever, {side}: {name}")


OWNER = bytes.fromhex("000c299e8cee")
OWNS = "mac = 00:0c:29:9e:8c:ee\n"
# With an address of its own shared: name, address, what is owned, {number of a frame: its drop}, `vlan`.
# All frames come in upstream; those to the address leave to their owner, the others unchanged.
TO_OWNER = (
    ("18-icmp-unreachable-udp.pcap", "192.168.1.1", "[range {}:53-53]", {}, 0),
    ("19-icmp-no-context.pcap", "10.0.0.2", "[range {}:1-65535]", {0: "icmp_bad_quote"}, 0),
    ("21-fragments-1.pcap", "164.1.123.61", "[range {}:137-137]", {}, 0),
    ("22-fragments-2.pcap", "164.1.123.61", "[range {}:137-137]", {}, 0),
    ("23-fragments-of-a-syn.pcap", "10.0.0.5", "[range {}:80-80]", {}, 0),
    ("24-ipv4-bad-header-length.pcap", None, "[range {}:1-65535]", {0: "runt"}, 0),
    ("25-ipv4-bad-total-length.pcap", None, "[range {}:1-65535]", {0: "runt"}, 0),
    ("27-ah-ipip-ping.pcap", "10.1.48.22", "[protocol {}/ah]", {}, 0),
    ("76-esp-plain.pcap", "190.0.0.2", "[protocol {}/esp]", {6: "bad_source", 7: "bad_source"}, 0),
    ("79-fragments-in-vlan-tiny.pcap", "2.2.2.2", "[range {}:8080-8080]", {1: "fragment_bad"}, 6),
)
# With the address of a host in them shared: name, address, `router-mac`, what is owned. Every frame crosses.
BOTH_WAYS = (
    ("12-http-vlan0.pcap", "141.142.228.5", "00:10:db:88:d2:ef", "[range {}:59856-59856]"),
    ("30-sctp.pcap", "192.168.170.8", "00:60:08:45:e4:55", "[range {}:7-7]"),
    ("78-fragments-both-ways.pcap", "10.0.0.1", "00:26:88:df:17:c7", "[range {}:1637-1637]"),
    ("80-icmp-errors-quoting-tcp.pcap", "10.10.1.4", "00:1f:33:d9:81:60",
     "[range {0}:56166-56166]\n" + OWNS + "[range {0}:1470-1470]"),
    ("83-6in4-ping.pcap", "10.0.0.1", "c2:01:42:02:00:00", "[protocol {}/41]"),
)


def is_to(address, frame):
    start = 18 if frame[12:14] == b"\x81\x00" else 14
    destination = bytes(int(part) for part in address.split("."))
    return frame[start - 2:start] == b"\x08\x00" and frame[start + 16:start + 20] == destination


def to_owner(name, address, owned, drops, vlan):
    frames = [data for _, _, data in captures.read(where(name))[0]]
    address = address or ".".join(map(str, frames[0][30:34]))
    text = conf([address], bridge=f"vlan = {vlan or 'none'}\n", address="learn = none\n",
                rest=owned.format(address) + "\n" + OWNS)
    run = Run(text, [("upstream", where(name))], "--linger", "10")
    wanted = [OWNER + frame[6:] if is_to(address, frame) else frame for n, frame in enumerate(frames) if n not in drops]
    counts = {reason: list(drops.values()).count(reason) for reason in drops.values()}
    good = run.status == 0 and left(run, "downstream") == wanted and run.drops() == counts and run.balances()
    what = ", ".join(sorted(counts)) or "to its owner"
    tap.ok(good, f"its destination shared, {what}: {name}",
           f"{run.status} {run.drops() if run.report else ''} {len(left(run, 'downstream'))} of {len(wanted)} {run.stderr}")


def across(name, address, router, owned):
    """Hosts keep their MAC upstream here, so that what leaves is what came in but for the owner's MAC."""
    frames = [data for _, _, data in captures.read(where(name))[0]]
    text = conf([address], bridge=f"router-mac = {router}\nsource-mac = host\n[policy]\nsource-ports = off\n",
                address="learn = none\n", rest=owned.format(address) + "\n" + OWNS)
    run = Run(text, [("both", where(name))])
    from_router = [frame for frame in frames if frame[6:12].hex(":") == router]
    good = (left(run, "upstream") == [frame for frame in frames if frame not in from_router]
            and left(run, "downstream") == [OWNER + frame[6:] for frame in from_router])
    good = good and run.status == 0 and run.balances() and not run.drops()
    tap.ok(good, f"a host's address shared, all of it crosses: {name}",
           f"{run.status} {run.drops() if run.report else ''} {run.stderr}")


def other_cases():
    """ARP and ping in VLAN 123, ARP in SNAP, DHCP: with an address of the capture shared."""
    text = conf(["192.168.123.1"], bridge="vlan = 123\nrouter-mac = 00:18:73:de:57:c1\n")
    run = Run(text, [("both", where("70-vlan-arp-echo.pcap"))])
    consumed = {kind: n for kind, n in run.report["consumed"].items() if n}
    wanted = {"arp_answered": 1, "arp_relayed": 1, "echo_answered": 5}
    tap.ok(run.drops() == {"arp_capture": 2} and consumed == wanted and run.balances(),
           "a host's address shared, vlan = 123: 70-vlan-arp-echo.pcap", f"{run.drops()} {consumed}")
    name, address = where("81-icmp-errors-quoting-udp.pcap"), "192.150.186.15"
    frames = [data for _, _, data in captures.read(name)[0] if is_to(address, data)]
    run = Run(conf([address], address="learn = none\n", rest=f"[range {address}:61415-61416]\n{OWNS}"), [("upstream", name)])
    good = [frame for frame in left(run, "downstream") if is_to(address, frame)] == [OWNER + frame[6:] for frame in frames]
    tap.ok(good and len(frames) == 2 and run.balances() and set(run.drops()) == {"same_port"},
           "a quoted source shared, errors to its owner: 81-icmp-errors-quoting-udp.pcap", run.drops())
    name = where("03-arp-in-snap.pcapng")
    frames = [data for _, _, data in captures.read(name)[0]]
    run = Run(conf(["10.0.0.2"]), [("downstream", name)])
    tap.ok(run.drops() == {"arp_capture": 2} and left(run, "upstream") == frames[:2],
           "a host's address shared, captured in SNAP: 03-arp-in-snap.pcapng", run.drops())
    name = where("32-dhcp.pcap")
    frames = [data for _, _, data in captures.read(name)[0]]
    run = Run(conf(["128.2.6.97"], bridge="router-mac = 00:0c:29:40:0e:ef\n"), [("both", name)])
    client = frames[1][14 + 20 + 8 + 28:][:6]
    wanted = [client + frames[1][6:]] + [frame for frame in frames[2:] if frame[6:12] == frames[1][6:12]]
    tap.ok(left(run, "downstream") == wanted and not run.drops(), "a client's address shared: 32-dhcp.pcap", run.drops())


def quoted_cases():
    """Rows that say what happens with an address of the capture shared, and what follows for others from the rules."""
    for case in TO_OWNER:
        to_owner(*case)
    for case in BOTH_WAYS:
        across(*case)
    other_cases()


if not os.path.isdir(CORPUS):
    tap.skip("the corpus of real captures", "shared/corpus is not there")
    tap.end()
files = {**rows(os.path.join(CORPUS, "INDEX.md")), **rows(os.path.join(MORE, "INDEX.md"))}
for name, expected in sorted(files.items()):
    fault = check_downstream(name, where(name), expected)
    tap.ok(fault is None, f"{expected.split('.')[0][:60]}: {name}", fault)
    if "refused" not in expected and "suite" not in expected:
        own_addresses(name, where(name))
tap.ok(len(files) == 97, f"the INDEX names {len(files)} files")
quoted_cases()
tap.figure("S3", f"{len(files)} files of the corpus through this build, also with their own addresses shared")
both_ways()
cut_files()
tap.end()
