"""chart: the ratios to the kernel bridge as an SVG, by hand. Used by: scripts/bench."""

from xml.sax.saxutils import escape

import report

COLOURS = {"range-map": "#d9b44a", "concatenation": "#d98c5f", "forward": "#b56576", "pearpd": "#5b8fb9", "pearpd-fast": "#2a6f4e"}
ORDER = ("own", "one", "ipv6", "tcp-to", "tcp-from", "tcp6-to", "tcp6-from", "round-trip")
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 860, 260, 50, 104, 26
BAR, GAP, SPACE = 11, 2, 16  # heights: a bar, between two bars, between two measurements
MOST = 2.0  # of the scale: what is longer is cut
COLUMN = 270  # of the legend, three in a row


def text(x, y, said, size=12, colour="#333", anchor="start", weight="normal"):
    return '<text x="%.1f" y="%.1f" font-size="%d" fill="%s" text-anchor="%s" font-weight="%s">%s</text>' % (
        x, y, size, colour, anchor, weight, escape(said))


def rows(results, contestants, tests):
    """[(title, [(contestant, ratio)])] of what was measured with the kernel bridge beside it."""
    bridge = next((c for c in contestants if c.name == "bridge"), None)
    by_key = {t.key: t for t in tests if results.get(t.key)}
    for test in (by_key[key] for key in ORDER if key in by_key and bridge):
        bars = [(c, report.ratio(results, c, test, bridge)) for c in contestants if c is not bridge]
        bars = [(c, ratio) for c, ratio in bars if ratio is not None]
        if bars:
            yield test.title + (" (less is better)" if test.unit == "us" else ""), bars


def heading(contestants, machine):
    yield "<title>pearpd and its alternatives, as multiples of a kernel bridge</title>"
    yield text(16, 26, "As multiples of a plain kernel bridge, measured in the same run", 16, "#111", weight="600")
    yield text(16, 44, "%s, %d processors, Linux %s" % (machine["processor"], machine["cores"], machine["kernel"]), 11, "#666")
    for n, contestant in enumerate(c for c in contestants if c.name in COLOURS):
        x, y = 16 + n % 3 * COLUMN, 66 + n // 3 * 18
        yield '<rect x="%d" y="%d" width="11" height="11" rx="2" fill="%s"/>' % (x, y - 10, COLOURS[contestant.name])
        yield text(x + 17, y, contestant.title, 12, "#444")


def scale_lines(most, unit, height):
    """A line each half, that of the bridge darker."""
    for tick in range(int(most / 0.5) + 1):
        x = LEFT + tick * 0.5 * unit
        yield '<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>' % (x, TOP - 4, x, height - BOTTOM, "#777" if tick == 2 else "#e4e4e4")
        yield text(x, height - BOTTOM + 15, "1.0: the bridge" if tick == 2 else "%.1f" % (tick * 0.5), 11, "#666", "middle")


def bar(y, contestant, ratio, unit):
    width = min(ratio, MOST) * unit
    yield '<rect x="%d" y="%.1f" width="%.1f" height="%d" rx="2" fill="%s"><title>%s: %.2f</title></rect>' % (
        LEFT, y, width, BAR, COLOURS[contestant.name], escape(contestant.title), ratio)
    yield text(LEFT + width + 4, y + BAR - 2, "%.2f%s" % (ratio, " \u2192" if ratio > MOST else ""), 10, "#555")


def draw(results, contestants, tests, machine):
    groups = list(rows(results, contestants, tests))
    most = min(MOST, max([1.2] + [ratio for _, bars in groups for _, ratio in bars]))
    unit = (WIDTH - LEFT - RIGHT) / most
    height = TOP + sum(SPACE + len(bars) * (BAR + GAP) for _, bars in groups) + BOTTOM
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" '
             'role="img">' % (WIDTH, height, WIDTH, height), '<rect width="%d" height="%d" fill="#fff"/>' % (WIDTH, height),
             *heading(contestants, machine), *scale_lines(most, unit, height)]
    y = TOP
    for title, bars in groups:
        lines.append(text(LEFT - 10, y + len(bars) * (BAR + GAP) / 2 + 4, title, 12, "#222", "end"))
        for contestant, ratio in bars:
            lines += bar(y, contestant, ratio, unit)
            y += BAR + GAP
        y += SPACE
    return "\n".join([*lines, "</svg>", ""])
