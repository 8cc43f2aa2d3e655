#!/usr/bin/python3
"""The documents in docs/ can be relied on: every section that is cited exists, every row that a test prints is in the matrix.

A citation is `docs/NAME.md` or `docs/NAME.md#SECTION`, where SECTION is an anchor `<a id="SECTION">` of that file.
"""
import os
import re

from harness import ROOT, Tap

DOCS = os.path.join(ROOT, "docs")
CITED = re.compile(r"\bdocs/([a-z0-9-]+\.md)(?:#([A-Za-z0-9-]+))?")
LINK = re.compile(r"\]\((?:docs/)?([a-z0-9/-]+\.md)?(?:#([A-Za-z0-9-]+))?\)")
OUTSIDE = re.compile(r"\b(PROTOCOL|CONTRACT|RELIABILITY)( \d|\.md)")
ROW = re.compile(r"# ([LFSH]\d+): |figure\(\"([LFSH]\d+)[\":]")
NAMED = re.compile(r"^ *X\(\w+, \"([\w-]+)\"", re.MULTILINE)
TEST = re.compile(r"(?:unit|replay|property|netns)/test_\w+\.(?:c|sh|py)")
tap = Tap()


def read(path):
    return open(os.path.join(ROOT, path), errors="replace").read()


def files_below(*places):
    """Text files; a place that is a file is itself."""
    for place in places:
        if os.path.isfile(os.path.join(ROOT, place)):
            yield place
        for folder, _, names in os.walk(os.path.join(ROOT, place)):
            for name in names:
                if not name.endswith((".pcap", ".pyc")):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def heading_anchors(text):
    """As web pages of repositories make them: lower case, spaces as hyphens, no punctuation."""
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        yield re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def anchors(name):
    text = read(os.path.join("docs", name))
    return set(re.findall(r'<a id="([^"]+)"', text)) | set(heading_anchors(text))


def main():
    known = {name: anchors(name) for name in os.listdir(DOCS) if name.endswith(".md")}
    texts = {path: read(path) for path in files_below("src", "include", "tests", "scripts", "pcaps", "man", "docs", "etc",
                                                      "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile")}
    wrong, cited = [], 0
    for path, text in texts.items():
        for name, section in CITED.findall(text):
            cited += 1
            if name not in known or (section and section not in known[name]):
                wrong.append(f"{path}: docs/{name}#{section}")
    tap.ok(cited > 40 and not wrong, "every section that is cited exists", "\n".join(wrong) or f"{cited} citations")

    wrong = []
    for name in known:
        for target, section in LINK.findall(read(os.path.join("docs", name))):
            file = target or name
            if not os.path.exists(os.path.join(DOCS, file)) or (section and section not in known.get(file, ())):
                wrong.append(f"docs/{name}: {target}#{section}")
    tap.ok(not wrong, "every link between the documents leads somewhere", "\n".join(wrong))

    wrong = [f"{path}: {line}" for path, text in texts.items() if not path.endswith("test_documents.py")
             for line in text.splitlines() if OUTSIDE.search(line)]
    tap.ok(not wrong, "no document outside the repository is cited", "\n".join(wrong))

    printed = {row for path, text in texts.items() if path.startswith(("tests/", "scripts/"))
               for found in ROW.findall(text) for row in found if row and not path.endswith("test_documents.py")}
    missing = sorted(printed - known["reliability.md"])
    tap.ok(len(printed) > 20 and not missing, "every row that a test prints is in docs/reliability.md", missing)

    named = set(TEST.findall(texts["docs/reliability.md"]))
    missing = sorted(test for test in named if not os.path.exists(os.path.join(ROOT, "tests", test)))
    tap.ok(len(named) > 20 and not missing, "every test that docs/reliability.md names exists", missing)

    forwarding, contract = texts["docs/forwarding.md"], texts["docs/contract.md"]
    drops = NAMED.findall(texts["include/pearpd/drop.h"].split("CONSUMED_KINDS")[0])
    missing = sorted(name for name in drops if f"`{name}`" not in forwarding.split('<a id="drop-reasons">')[1])
    tap.ok(len(drops) > 20 and not missing, "every drop reason is explained in docs/forwarding.md", missing)
    events = NAMED.findall(texts["include/pearpd/event.h"])
    missing = sorted(name for name in events if name not in re.split(r"[\s,.]+", contract.split("Events of `monitor`:")[1]))
    tap.ok(len(events) > 10 and not missing, "every event is named in docs/contract.md", missing)
    tap.end()


main()
