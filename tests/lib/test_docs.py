#!/usr/bin/python3
"""What README, guides and manual pages show is true: configurations are accepted, and what they refer to exists.
In: the text of this folder, pearpd and pearp-agent of PEARPD_BUILD. Out: TAP."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PEARPD_BUILD", ROOT / "build"))
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = sorted((ROOT / "man").glob("*.[1-9]"))
count = failed = 0


def check(name, problems):
    global count, failed
    count += 1
    failed += bool(problems)
    print("%s %d - %s" % ("not ok" if problems else "ok", count, name))
    for problem in problems:
        print("#   " + problem)


def configurations(path, text):
    """(kind, INI) of each one shown; a block without [bridge] or [agent] is an addition to the one before it."""
    if path.suffix == ".md":
        blocks = [re.sub(r"(?m)^ +(?=\S)", "", b) for b in re.findall(r"```ini\n(.*?)```", text, re.S)]
    else:
        blocks = [b for b in re.findall(r"\.Bd -literal.*?\n(.*?)\.Ed", text, re.S) if re.match(r"[;[]", b)]
    before = {}
    for block in blocks:
        sections = re.findall(r"(?m)^\[(\w+)", block)
        kind = "agent" if {"agent", "service", "dns"} & set(sections) else "bridge"
        if kind not in sections:
            block = before.get(kind, "") + block
        elif kind not in before:
            before[kind] = block
        yield kind, block


def faults(kind, ini):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(ini)
        file.flush()
        command = [BUILD / "pearpd", "-t"] if kind == "bridge" else [BUILD / "pearp-agent", "-n"]
        run = subprocess.run([*command, "-c", file.name], capture_output=True, text=True, check=False)
        found = [line for line in run.stderr.splitlines() if line.startswith(file.name)]
        if kind == "bridge" and run.returncode != 0 and not found:
            found = [run.stderr]
        return [line + "   of: " + repr(ini) for line in found]


def anchors(text):
    """As GitHub makes them of headings, and those that are written out."""
    headings = re.findall(r"(?m)^#+ (.*)", text)
    return {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings} | \
        set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def broken_links(path, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        if not to.exists():
            yield target + ": no such file"
        elif anchor and anchor not in anchors(to.read_text()):
            yield target + ": no such heading"


def missing_pages(path, text):
    ours = {page.name for page in PAGES}
    named = re.findall(r"\*\*(pe[\w.-]+)\((\d)\)\*\*", text) + re.findall(r"(?m)^\.Xr (pe[\w.-]+) (\d)", text)
    return ["%s(%s): no such page" % each for each in sorted(set(named)) if "%s.%s" % each not in ours]


def missing_guides(path, text):
    guides = {guide.name for guide in GUIDES}
    return [name + ": no such guide" for name in re.findall(r"\b([a-z][\w-]*\.md)\b", text) if name not in guides]


for path in GUIDES + PAGES:
    text = path.read_text()
    name = str(path.relative_to(ROOT))
    shown = list(configurations(path, text))
    if shown:
        check("%s: its %d configurations are accepted" % (name, len(shown)),
              [fault for kind, ini in shown for fault in faults(kind, ini)])
    check(name + ": the pages that it names exist", missing_pages(path, text))
    if path.suffix == ".md":
        check(name + ": its links lead somewhere", list(broken_links(path, text)))
    else:
        check(name + ": the guides that it names exist", missing_guides(path, text))
print("1..%d" % count)
sys.exit(failed > 0)
