"""chart: the ratios to the kernel bridge as an SVG, by hand. Used by: scripts/bench. Called by it: report.py."""

from xml.sax.saxutils import escape

import report

COLOURS = {"bridge": "#8a8f98", "range-map": "#c9a227", "concatenation": "#d98c5f", "forward": "#b56576", "pearpd": "#5b8fb9",
           "pearpd-fast": "#2a6f4e"}
WIDTH, LEFT, RIGHT, TOP = 900, 250, 60, 78
BAR, GAP, GROUP = 13, 3, 20  # heights: a bar, the space between two, the space between two groups
TEXT = 'font-family="system-ui, sans-serif"'


def text(x, y, said, size=12, colour="#333", anchor="start", more=""):
    return '<text x="%.1f" y="%.1f" font-size="%d" fill="%s" text-anchor="%s"%s>%s</text>' % (
        x, y, size, colour, anchor, more, escape(said))


def rows(results, contestants, tests):
    """[(title, [(contestant, ratio)])]: how many times the kernel bridge; of a round trip, more is worse."""
    base = next((c for c in contestants if c.name == "bridge"), None)
    for test in tests:
        if base is None or not results.get(test.key) or test.key == "lossless":
            continue
        bars = [(c, report.ratio(results, c, test, base)) for c in contestants]
        bars = [(c, r) for c, r in bars if r is not None]
        if bars:
            yield test.title + (" (less is better)" if test.unit == "us" else ""), bars


def draw(results, contestants, tests, machine):
    groups = list(rows(results, contestants, tests))
    most = max([1.2] + [r for _, bars in groups for _, r in bars])
    scale = (WIDTH - LEFT - RIGHT) / most
    height = TOP + sum(GROUP + len(bars) * (BAR + GAP) for _, bars in groups) + 30
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" %s role="img">' % (
        WIDTH, height, WIDTH, height, TEXT), "<title>pearpd and its alternatives, as multiples of a kernel bridge</title>",
        '<rect width="%d" height="%d" fill="#fff"/>' % (WIDTH, height),
        text(16, 26, "As multiples of a kernel bridge in the same run", 16, "#111", more=' font-weight="600"'),
        text(16, 44, "%s, %d processors, Linux %s" % (machine["processor"], machine["cores"], machine["kernel"]), 11, "#666")]
    x = 16
    for c in contestants:
        lines.append('<rect x="%d" y="54" width="11" height="11" rx="2" fill="%s"/>' % (x, COLOURS.get(c.name, "#999")))
        lines.append(text(x + 15, 64, c.title, 11, "#444"))
        x += 30 + int(6.1 * len(c.title))
    for tick in range(int(most / 0.5) + 1):
        at = LEFT + tick * 0.5 * scale
        lines.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>' % (
            at, TOP, at, height - 22, "#999" if tick == 2 else "#e6e6e6"))
        lines.append(text(at, height - 8, "%.1f" % (tick * 0.5), 11, "#666", "middle"))
    y = TOP
    for title, bars in groups:
        y += GROUP / 2
        lines.append(text(LEFT - 10, y + len(bars) * (BAR + GAP) / 2 + 4, title, 12, "#222", "end"))
        for c, r in bars:
            lines.append('<rect x="%d" y="%.1f" width="%.1f" height="%d" rx="2" fill="%s"><title>%s</title></rect>' % (
                LEFT, y, r * scale, BAR, COLOURS.get(c.name, "#999"), escape("%s: %.2f" % (c.title, r))))
            lines.append(text(LEFT + r * scale + 4, y + BAR - 3, "%.2f" % r, 10, "#555"))
            y += BAR + GAP
        y += GROUP / 2
    return "\n".join([*lines, "</svg>", ""])
