#!/usr/bin/python3
"""Captures that are damaged, at every byte; and that a replay depends on nothing but its input: each case twice."""
import glob
import os
import tempfile

import captures
from harness import ROOT, Run, Tap

PCAPS = os.path.join(ROOT, "pcaps")
tap = Tap()


def check_damage():
    """One capture cut at every byte, and with every byte changed: what can be read is replayed, or it is named."""
    source = os.path.join(PCAPS, "hold-and-ask.upstream.in.pcap")
    data = open(source, "rb").read()
    text = open(os.path.join(PCAPS, "hold-and-ask.conf")).read()
    records = captures.read(source)[0]
    ends = [24 + sum(16 + len(r[2]) for r in records[:n]) for n in range(len(records) + 1)]
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "damaged.pcap")
        for length in range(len(data)):
            open(path, "wb").write(data[:length])
            run = Run(text, [("upstream", path)])
            whole = sum(end <= length for end in ends) - 1
            good = run.clean() and run.status == (0 if length in ends else 1)
            if whole >= 0:
                good = good and run.report and run.report["frames"]["upstream"]["in"] == whole
            if run.status == 1:
                good = good and "damaged.pcap" in run.stderr and (whole < 0 or f"record {whole + 1}:" in run.stderr)
            bad += [] if good else [f"cut at {length}: {run.status} {run.stderr}"]
        tap.ok(not bad, f"a capture cut at each of {len(data)} bytes", "\n".join(bad))
        bad = []
        for at in range(0, len(data), 3):
            open(path, "wb").write(data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:])
            run = Run(text, [("upstream", path)])
            if not run.clean() or (run.report and not run.balances()) or (run.status == 1 and not run.stderr):
                bad.append(f"byte {at}: {run.status} {run.stderr}")
        tap.ok(not bad, "a capture with one byte changed", "\n".join(bad))


def check_again(name):
    text = open(os.path.join(PCAPS, name + ".conf")).read()
    sides = [(side, os.path.join(PCAPS, f"{name}.{side}.in.pcap")) for side in ("upstream", "downstream")]
    first, second = (Run(text, sides, "--linger", "100") for _ in range(2))
    tap.ok(first.report is not None and (first.bytes, first.report_bytes) == (second.bytes, second.report_bytes),
           f"{name}: the same again", first.stderr)


check_damage()
names = sorted(os.path.basename(path)[:-5] for path in glob.glob(os.path.join(PCAPS, "*.json")))
tap.ok(len(names) >= 25, f"there are {len(names)} cases")
for case in names:
    check_again(case)
tap.figure("S5", f"{len(names)} cases: the same twice")
tap.end()
