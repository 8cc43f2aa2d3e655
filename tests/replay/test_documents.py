#!/usr/bin/python3
"""The documents in docs/ can be relied on: what is cited exists, what they list is complete, and defaults are right.

A citation is `docs/NAME.md` or `docs/NAME.md#SECTION`, where SECTION is an anchor `<a id="SECTION">` of that file.
"""
import os
import re

from harness import ROOT, Tap

DOCS = os.path.join(ROOT, "docs")
PLACES = ("src", "include", "tests", "scripts", "pcaps", "man", "docs", "etc", "README.md", "CONTRIBUTING.md",
          "CHANGELOG.md", "Makefile")
MEBIBYTE = 1 << 20

CITED = re.compile(r"\bdocs/([a-z0-9-]+\.md)(?:#([A-Za-z0-9-]+))?")
LINK = re.compile(r"\]\((?:docs/)?([a-z0-9/-]+\.md)?(?:#([A-Za-z0-9-]+))?\)")
OUTSIDE = re.compile(r"\b(PROTOCOL|CONTRACT|RELIABILITY)( \d|\.md)")
ROW = re.compile(r"# ([LFSH]\d+): |figure\(\"([LFSH]\d+)[\":]")
NAMED = re.compile(r"^ *X\(\w+, \"([\w-]+)\"", re.MULTILINE)  # rows of drop.h and event.h
LIMIT = re.compile(r'X\("([\w-]+)", \w+, \d+, \d+, (\d+),')
SHOWN = re.compile(r'^    \{"([\w-]+)", "([^"]*)", (\d), (\d)', re.MULTILINE)  # rows of pearpctl
SERVED = re.compile(r'\.name = "([\w-]+)",\s*\.usage = "([^"]*)"(?:,\s*\.least = (\d))?')  # rows of the daemon
TEST = re.compile(r"(?:unit|replay|property|netns)/test_\w+\.(?:c|sh|py)")
tap = Tap()


def files_below(places):
    """Text files; a place that is a file is itself."""
    for place in places:
        if os.path.isfile(os.path.join(ROOT, place)):
            yield place
        for folder, _, names in os.walk(os.path.join(ROOT, place)):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                if not name.endswith((".pcap", ".pyc")) and path != os.path.relpath(__file__, ROOT):
                    yield path


def read_all():
    return {path: open(os.path.join(ROOT, path), errors="replace").read() for path in files_below(PLACES)}


def anchors(text):
    """Those in the text, and those of headings as web pages of repositories make them: lower case, hyphens."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    made = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)"', text))


def paragraphs(text):
    """In one line each; a row of a table is one by itself."""
    for block in re.split(r"\n\s*\n", text):
        for part in block.split("\n") if "\n|" in block else [block]:
            yield " ".join(part.split())


def without_default(text, limits):
    """(key, paragraph) where a key of [limits] is named and its default is not."""
    for paragraph in paragraphs(text):
        for key in set(re.findall(r"`([\w-]+)`", paragraph)) & limits.keys():
            default = limits[key]
            said = [f"{default:,}"] + ["quarter"] * (default == 25)
            said += [f"{default // MEBIBYTE} MiB"] * (default >= MEBIBYTE)
            if not any(re.search(rf"(?<![\d,]){number}(?!,?\d)", paragraph) for number in said):
                yield key, paragraph


def check_citations(texts, known):
    wrong, cited = [], 0
    for path, text in texts.items():
        for name, section in CITED.findall(text):
            cited += 1
            if name not in known or (section and section not in known[name]):
                wrong.append(f"{path}: docs/{name}#{section}")
    tap.ok(cited > 40 and not wrong, "every section that is cited exists", "\n".join(wrong) or f"{cited} citations")

    wrong = []
    for name in known:
        for target, section in LINK.findall(texts["docs/" + name]):
            file = target or name
            if not os.path.exists(os.path.join(DOCS, file)) or (section and section not in known.get(file, ())):
                wrong.append(f"docs/{name}: {target}#{section}")
    tap.ok(not wrong, "every link between the documents leads somewhere", "\n".join(wrong))

    wrong = [f"{path}: {line}" for path, text in texts.items() for line in text.splitlines() if OUTSIDE.search(line)]
    tap.ok(not wrong, "no document outside the repository is cited", "\n".join(wrong))


def check_matrix(texts, known):
    printed = {row for path, text in texts.items() if path.startswith(("tests/", "scripts/"))
               for found in ROW.findall(text) for row in found if row}
    missing = sorted(printed - known["reliability.md"])
    tap.ok(len(printed) > 20 and not missing, "every row that a test prints is in docs/reliability.md", missing)

    named = set(TEST.findall(texts["docs/reliability.md"]))
    missing = sorted(test for test in named if not os.path.exists(os.path.join(ROOT, "tests", test)))
    tap.ok(len(named) > 20 and not missing, "every test that docs/reliability.md names exists", missing)


def check_lists(texts):
    drops = NAMED.findall(texts["include/pearpd/drop.h"].split("CONSUMED_KINDS")[0])
    explained = texts["docs/forwarding.md"].split('<a id="drop-reasons">')[1]
    missing = sorted(name for name in drops if f"`{name}`" not in explained)
    tap.ok(len(drops) > 20 and not missing, "every drop reason is explained in docs/forwarding.md", missing)

    events = NAMED.findall(texts["include/pearpd/event.h"])
    listed = re.split(r"[\s,.]+", texts["docs/contract.md"].split("Events of `monitor`:")[1])
    missing = sorted(name for name in events if name not in listed)
    tap.ok(len(events) > 10 and not missing, "every event is named in docs/contract.md", missing)


def between(text, first, last):
    return text.split(first, 1)[1].split(last, 1)[0]


def check_commands(texts):
    """A command is a row of the daemon and one of pearpctl; four documents name it."""
    shown = {name: (arguments, int(least)) for name, arguments, least, _ in SHOWN.findall(texts["src/ctl/main.c"])}
    # What pearpctl takes as an option is an argument on the socket.
    served = {name: (re.sub(r" ?\[(--\w+|YEAR-MONTH)\]", "", usage), int(least or 0))
              for name, usage, least in SERVED.findall(texts["src/daemon/control_rows.c"])}
    # Of a guest pearpctl writes the file itself, and asks for free ports alone. It searches the history itself, in files that the
    # daemon hands to it.
    own = ("guest", "whois", "history", "history-files")
    same = {name: row for name, row in shown.items() if name not in own} == {
        name: row for name, row in served.items() if name not in own}
    same = same and set(shown) - {"whois", "history"} == set(served) - {"history-files"} and "history-files" in served
    tap.ok(len(shown) > 10 and same, "pearpctl has the commands of the daemon, with their arguments",
           f"{shown}\n{served}")

    words = between(texts["etc/bash-completion"], "_pearpctl_words()", "esac")
    contract = between(texts["docs/contract.md"], '<a id="pearpctl">', "With `--json`")
    named = {
        "man/pearpctl.8": re.findall(r"^\.Ss ([\w-]+)", between(texts["man/pearpctl.8"], ".Sh COMMANDS", ".Sh FILES"), re.M),
        "docs/contract.md": re.findall(r"`([\w-]+)[^`]*`(?=[^|]*\|)", "\n".join(
            re.sub(r"\\\|", "", row).split(" | ")[0] + " |" for row in contract.splitlines() if row.startswith("| `"))),
        "etc/bash-completion, options": [word for case in re.findall(r"^    ([\w |-]+)\)", words, re.M) for word in case.split(" | ")],
        "etc/bash-completion, commands": re.search(r"\*\) echo ([\w -]+) -s --socket", words)[1].split(),
    }
    wrong = {place: sorted(set(names) ^ set(shown)) for place, names in named.items() if sorted(names) != sorted(shown)}
    tap.ok(not wrong, "each command is in pearpctl(8), docs/contract.md and etc/bash-completion once", wrong)


def check_tlvs(texts):
    """The TLVs of pe_arp.h, docs/pe-arp.md, the dissector and the Python host are the same."""
    code = {name.replace("_", "-"): int(number, 16)
            for name, number in re.findall(r"PE_ARP_TLV_(\w+) = (0x\w\w)", texts["include/pearpd/pe_arp.h"])
            if name != "SKIPPED_FROM"}
    rows = re.findall(r"^\| (0x\w\w) \| \[([\w-]+)\]\(#tlv-[\w-]+\) \| (\d+) ", texts["docs/pe-arp.md"], re.M)
    lua = texts["etc/wireshark/pearp.lua"]
    shown = {name: number for number, name in re.findall(r"\[(\w+)\] = \"([\w-]+)\"", between(lua, "TLV_TYPES = {", "}"))}
    dissected = set(re.findall(r"^    \[(\w+)\] = ", between(lua, "local TLVS = {", "\n}"), re.M))
    host = dict(re.findall(r"(\w+): (\d+)", between(texts["tests/lib/pe_arp_host.py"], "TLV_LENGTHS = {", "}")))
    fixed = {name: length for _, name, length in rows if name != "SERVICE"}
    tap.ok(len(code) > 4 and {name: int(number, 16) for number, name, _ in rows} == code, "docs/pe-arp.md has every TLV",
           f"{rows}\n{code}")
    tap.ok(set(shown) == set(code) and dissected == set(shown.values()) - {"SERVICE"}, "so has the dissector", f"{shown}\n{dissected}")
    tap.ok({name.replace("_", "-"): length for name, length in host.items()} == fixed,
           "and the host written from the document, with their lengths", f"{host}\n{fixed}")


def check_keys(texts):
    """The sections and keys of pearpd.conf(5), which is made from the schema, are those of docs/contract.md."""
    manual, section = {}, None
    for line in between(texts["man/pearpd.conf.5"], ".Ss Types of values", ".Sh FILES").splitlines():
        if line.startswith(".Ss ["):
            section = manual.setdefault(re.match(r"\.Ss \[(\S+)", line)[1].rstrip("]"), [])
        elif line.startswith(".It Ic "):
            section.append(line.split()[2])
    table = between(texts["docs/contract.md"], '<a id="configuration">', "- Unknown sections")
    named, wrong = set(), []
    for line in table.splitlines():
        sections = re.findall(r"\[(\w+)[^\]]*\]", line) if line.startswith("    [") else ()
        named.update(sections)
        said = line.split("]", 1)[-1].split(";")[0].split()
        if len(sections) == 1 and said != "every bound".split() and manual.get(sections[0]) != [] and \
                sorted(said) != sorted(manual.get(sections[0], ())):
            wrong.append(f"[{sections[0]}]: {said} instead of {manual.get(sections[0])}")
    wrong += [f"[{name}] is missing, or too much" for name in sorted(named ^ set(manual))]
    tap.ok(len(manual) > 10 and not wrong, "each section and key is in docs/contract.md", "\n".join(wrong))


def check_defaults(texts):
    sources = "\n".join(text for path, text in texts.items() if path.startswith(("include/", "src/")))
    limits = {key: int(default) for key, default in LIMIT.findall(sources)}
    wrong = [f"docs/{name}: {key} is {limits[key]}: {paragraph}" for name in ("pe-arp.md", "forwarding.md")
             for key, paragraph in without_default(texts["docs/" + name], limits)]
    tap.ok(len(limits) > 40 and not wrong, "a key of [limits] is named with its default", "\n".join(wrong))


def main():
    texts = read_all()
    known = {name: anchors(texts["docs/" + name]) for name in os.listdir(DOCS) if name.endswith(".md")}
    check_citations(texts, known)
    check_matrix(texts, known)
    check_lists(texts)
    check_commands(texts)
    check_tlvs(texts)
    check_keys(texts)
    check_defaults(texts)
    tap.end()


main()
