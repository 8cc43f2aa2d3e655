#!/usr/bin/python3
"""The replay cases of pcaps/, compared to the byte. (test_damage.py: captures that are damaged, and cases run again.)

Each case says by itself what must leave (pcaps/make.py writes it from the rules), so nothing here was recorded from a run.
"""
import glob
import json
import os
import subprocess
import tempfile

import captures
from harness import ROOT, Run, Tap, conf

PCAPS = os.path.join(ROOT, "pcaps")
SIDES = ("upstream", "downstream")
tap = Tap()
reports = {}


def inputs(name):
    return [(side, os.path.join(PCAPS, f"{name}.{side}.in.pcap")) for side in SIDES]


def show(data):
    """A capture's bytes as lines, for people."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            return [f"{time / 1e9:.3f} {frame.hex()}" for time, _, frame in captures.read(file.name)[0]]
        except captures.Unreadable:
            return ["no capture"]


def difference(expected, got):
    expected, got = show(expected), show(got)
    for number, (a, b) in enumerate(zip(expected + ["(end)"], got + ["(end)"])):
        if a != b:
            return f"frame {number + 1}: expected {a}\n{' ' * 13}got {b}"
    return "the headers differ"


def rows(report):
    return [[e["first_port"], e["last_port"], e["mac"], e["state"], e["origin"]]
            for e in report["table"] if e["state"] != "published"]


def blamed(report):
    """What is counted for each host's MAC. Zero is nobody's."""
    found = {h["mac"]: {k: n for k, n in h.items() if k != "mac" and n} for h in report["hosts"]}
    return {mac: counts for mac, counts in found.items() if counts and mac != "00:00:00:00:00:00"}


def check_case(name):
    expected = json.load(open(os.path.join(PCAPS, name + ".json")))
    text = open(os.path.join(PCAPS, name + ".conf")).read()
    run = Run(text, inputs(name), "--linger", str(expected["linger"]))
    tap.ok(run.status == 0 and run.report is not None, f"{name}: {expected['about']}", run.stderr)
    if run.report is None:
        return
    reports[name] = run.report
    for side in SIDES:
        wanted = open(os.path.join(PCAPS, f"{name}.{side}.out.pcap"), "rb").read()
        tap.ok(run.bytes[side] == wanted, f"{name}: what leaves {side}", difference(wanted, run.bytes[side]))
    nonzero = {part: {k: n for k, n in run.report[part].items() if n} for part in ("consumed", "drops", "counters")}
    got = {"frames": run.report["frames"], **nonzero, "hosts": blamed(run.report),
           "table": rows(run.report)}
    wanted = {key: expected[key] for key in got}
    tap.ok(got == wanted, f"{name}: counts, for each host too, and table", f"expected {wanted}\n     got {got}")
    tap.ok(run.balances(), f"{name}: the equation")


def check_splits():
    """The same frames in other files: standard input, two files, one file of both directions."""
    name = "claim-and-deliver"
    text = open(os.path.join(PCAPS, name + ".conf")).read()
    whole = Run(text, inputs(name))
    up, down = (path for _, path in inputs(name))
    with open(down, "rb") as stream:
        run = Run(text, [("upstream", up), ("downstream", "-")], stdin=stream)
    tap.ok(run.bytes == whole.bytes and run.report == whole.report, "from standard input", run.stderr)
    with tempfile.TemporaryDirectory() as folder:
        records = captures.read(up)[0]
        halves = [os.path.join(folder, half) for half in ("first", "second")]
        for number, half in enumerate(halves):
            captures.write(half, [(time, data) for time, _, data in records[number::2]])
        run = Run(text, [("upstream", halves[0]), ("upstream", halves[1]), ("downstream", down)])
        tap.ok(run.report["frames"] == whole.report["frames"] and run.drops() == whole.drops(), "in two files")
        both = [(t, 0, d) for t, _, d in records] + [(t, 1, d) for t, _, d in captures.read(down)[0]]
        both.sort(key=lambda record: record[:2])
        path = os.path.join(folder, "both")
        captures.write(path, [(time, data) for time, _, data in both])
        text = text.replace("[bridge]\n", "[bridge]\nrouter-mac = 00:12:7f:c4:38:d3\n")
        run = Run(text, [("both", path)])
        tap.ok(run.bytes == whole.bytes and run.report == whole.report, "both directions in one file", run.stderr)


def check_options():
    up = os.path.join(PCAPS, "arp-router.upstream.in.pcap")
    run = Run(conf(mac="auto"), [("upstream", up)])
    tap.ok(run.status == 1 and "mac" in run.stderr and run.report is None, "mac = auto is refused in a replay", run.stderr)
    run = Run(conf(), [("both", up)])
    tap.ok(run.status == 1 and "router-mac" in run.stderr, "both= without router-mac is refused", run.stderr)
    run = Run(conf(), [("sideways", up)])
    tap.ok(run.status == 2, "a side that is none is wrong usage", run.stderr)
    run = Run(conf(), [("upstream", "/nowhere.pcap")])
    tap.ok(run.status == 1 and "/nowhere.pcap" in run.stderr, "a file that is not there is named", run.stderr)
    nonces = os.path.join(PCAPS, "hold-and-ask")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "other-nonce.pcap")
        records = captures.read(nonces + ".downstream.in.pcap")[0]
        at = 14 + 44
        captures.write(path, [(t, d[:at] + b"\xaa" * 8 + d[at + 8:]) for t, _, d in records])
        text = open(nonces + ".conf").read()
        sides = [("upstream", nonces + ".upstream.in.pcap"), ("downstream", path)]
        forged = Run(text, sides)
        tap.ok(forged.report["counters"]["learned"] == 0, "a reply with another nonce does not count")
        tap.ok(Run(text, sides, "--any-nonce").report["counters"]["learned"] == 1, "with --any-nonce it does")


def check_long_gap():
    """Two frames a day apart: HELLO for an hour, what is due once at its time, then HELLO again."""
    frame = captures.read(os.path.join(PCAPS, "arp-router.upstream.in.pcap"))[0][0][2]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "gap.pcap")
        captures.write(path, [(0, frame), (86400 * 10**9 + 1, frame)])
        run = Run(conf(("192.35.162.2",)), [("upstream", path)], "--linger", "120")
        out = os.path.join(folder, "down")
        open(out, "wb").write(run.bytes["downstream"])
        times = [time // 10**9 for time, _, frame in captures.read(out)[0] if frame[12:14] == b"\x88\xb5"]
        tap.ok(times[:61] == [60 * n for n in range(61)], "HELLO each minute for the first hour of a gap", times[:63])
        tap.ok(times[61:] == [86460, 86520], "and again from its end on", times[61:])


names = sorted(os.path.basename(path)[:-5] for path in glob.glob(os.path.join(PCAPS, "*.json")))
tap.ok(len(names) >= 25, f"there are {len(names)} cases")
with tempfile.TemporaryDirectory() as made:
    subprocess.run(["/usr/bin/python3", os.path.join(PCAPS, "make.py"), made], check=True, stdout=subprocess.DEVNULL)
    files = sorted(os.listdir(made))
    same = all(open(os.path.join(made, f), "rb").read() == Run.read(os.path.join(PCAPS, f)) for f in files)
    tap.ok(same and len(files) == 6 * len(names), "pcaps/ is what pcaps/make.py writes")
for case in names:
    check_case(case)
tap.figure("S5", f"{len(names)} cases: equal to the byte to what every build must give")
tap.figure("S18", f"{sum(reports['pe-arp-fields']['drops'].values())} frames of PE-ARP wrong in one field: each its drop, "
           f"{reports['pe-arp-fields']['counters']['learned'] - 1} learned by them")
learned = sum(reports[case]["counters"][name] for case in ("hosts-that-lie", "dhcp-forged") for name in ("learned", "moves"))
tap.figure("S15", f"PE-ARP from upstream and {reports['dhcp-forged']['counters']['dhcp_forged']} DHCPACKs from hosts: {learned} learned")
check_splits()
check_options()
check_long_gap()
tap.end()
