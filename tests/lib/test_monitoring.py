#!/usr/bin/python3
"""What Prometheus and Grafana are given fits pearpd: the rules are valid and fire, each alert has its section of the guide, and no
metric is named that pearpd does not have. In: etc/, docs/, src/daemon/web. Out: TAP."""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "etc/prometheus/pearpd.rules.yml"
DASHBOARD = ROOT / "etc/grafana/pearpd.json"
TROUBLES = ROOT / "docs/troubleshooting.md"
MONITORING = ROOT / "docs/monitoring.md"
METRIC = re.compile(r"\b(?:pearpd|process)_[a-z_]+\b")
count = failed = 0


def check(name, problems):
    global count, failed
    count += 1
    failed += bool(problems)
    print("%s %d - %s" % ("not ok" if problems else "ok", count, name))
    for problem in problems:
        print("#   " + problem)


def promtool(*arguments):
    run = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    return [] if run.returncode == 0 else (run.stdout + run.stderr).splitlines()


def skip(name):
    global count
    count += 1
    print("ok %d - %s # SKIP needs prometheus" % (count, name))


def metrics():
    """The families that pearpd writes, and what a histogram has."""
    sources = "".join(path.read_text() for path in sorted((ROOT / "src/daemon/web").glob("*.c")))
    names = set(re.findall(r'"((?:pearpd|process)_[a-z_]+)"', sources))
    return names | {name + suffix for name in names for suffix in ("_bucket", "_sum", "_count")}


def unknown(text):
    return sorted(set(METRIC.findall(text)) - known)


rules = RULES.read_text()
alerts = re.findall(r"- alert: (\w+)", rules)
headings = set(re.findall(r"(?m)^### (\w+)$", TROUBLES.read_text()))
expressions = "\n".join(re.findall(r"expr: (.*)", rules))
panels = json.loads(DASHBOARD.read_text())["panels"]
queries = "\n".join(target["expr"] for panel in panels for target in panel["targets"])
known = metrics()
told = set(METRIC.findall(MONITORING.read_text()))
told |= {"pearpd_fast_path" + end for end in re.findall(r"`(_[a-z_]+)`", MONITORING.read_text())}
for what, arguments in (("the rules are valid", ("check", "rules", str(RULES))),
                        ("the alerts fire when they should", ("test", "rules", str(ROOT / "tests/lib/alerts_test.yml")))):
    if shutil.which("promtool"):
        check(what, promtool(*arguments))
    else:
        skip(what)
check("there are alerts", [] if len(alerts) > 10 else ["only %d" % len(alerts)])
check("each alert has its section", ["%s: no section" % name for name in alerts if name not in headings])
check("and names it", ["%s: another runbook" % name for name, runbook in re.findall(
    r'(?s)- alert: (\w+).*?runbook: "(.*?)"', rules) if runbook != "troubleshooting.md#" + name.lower()])
check("the alerts know no other metrics", unknown(expressions))
check("nor does the dashboard", unknown(queries))
check("the guide names every metric", sorted(name for name in known if not re.search("_(bucket|sum|count)$", name) and name not in told))
check("panels do not overlap", ["%s and %s" % (a["title"], b["title"]) for i, a in enumerate(panels) for b in panels[:i]
                                if all(a["gridPos"][p] < b["gridPos"][p] + b["gridPos"][s] and b["gridPos"][p] < a["gridPos"][p] + a["gridPos"][s]
                                       for p, s in (("x", "w"), ("y", "h")))])
print("1..%d" % count)
sys.exit(failed > 0)
