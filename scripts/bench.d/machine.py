"""machine: what the figures were measured on, and how busy it is. Used by: scripts/bench, scripts/bench-engine."""

import os
import re
import time

FOREIGN_BUSY = 0.2  # share of a processor that others may use, or the round is called disturbed


def describe():
    """Processor, kernel, cores, load: a figure means nothing without them."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = re.search(r"^(?:model name|Processor|cpu)\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return {"processor": model.group(1) if model else os.uname().machine, "cores": os.cpu_count(),
            "kernel": os.uname().release, "load": round(os.getloadavg()[0], 2)}


def processors():
    """(that of the generator and the sink, that of the contestant)."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


def times():
    """{processor: (all, idle)} in ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        found = re.findall(r"^cpu(\d+) (.*)$", file.read(), re.MULTILINE)
    values = {int(n): [int(v) for v in line.split()] for n, line in found}
    return {n: (sum(v[:8]), v[3] + v[4]) for n, v in values.items()}


def busy(before, after):
    """{processor: busy share, 0 to 1} between two times()."""
    share = {}
    for n, (total, idle) in after.items():
        passed = total - before.get(n, (0, 0))[0]
        share[n] = round(1 - (idle - before[n][1]) / passed, 3) if n in before and passed > 0 else 0.0
    return share


def disturbed(seconds):
    """How busy the busier processor is while nothing is measured: 0 to 1."""
    before = times()
    time.sleep(seconds)
    return max(busy(before, times()).values())


def used_s(pid):
    """Processor time of a process, in seconds; None: it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Proportional set size of a process and the part that is no file and no ring, in KiB; {}: it is gone."""
    try:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            found = dict(re.findall(r"^(Pss|Pss_Anon):\s+(\d+)", file.read(), re.MULTILINE))
    except OSError:
        return {}
    return {"pss_kib": int(found.get("Pss", 0)), "anonymous_kib": int(found.get("Pss_Anon", 0))}
