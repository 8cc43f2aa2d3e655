"""report: what was measured as a table, against the goals, and as JSON. Used by: scripts/bench."""

import statistics

from machine import FOREIGN_BUSY

BASES = (("bridge", "bridge"), ("range-map", "map"), ("concatenation", "concat"), ("forward", "libpcap"))
FULL = 0.95  # busy share of a processor that has no more to give
LOST = 0.01  # less: the contestant can do more than the generator

# What pearpd is to reach, as (contestant, test, base, at least; a round trip: at most).
GOALS = (
    ("pearpd-fast", "own", "bridge", 1.0), ("pearpd-fast", "own", "range-map", 1.2),
    ("pearpd-fast", "one", "bridge", 1.0), ("pearpd-fast", "one", "range-map", 2.0),
    ("pearpd-fast", "tcp-to", "bridge", 0.95), ("pearpd-fast", "tcp-from", "bridge", 0.95),
    ("pearpd-fast", "round-trip", "bridge", 1.15), ("pearpd-fast", "ipv6", "bridge", 0.95),
    ("pearpd-fast", "tcp6-to", "bridge", 0.95), ("pearpd-fast", "tcp6-from", "bridge", 0.95),
    ("pearpd", "own", "range-map", 1.2), ("pearpd", "own", "concatenation", 2.2), ("pearpd", "own", "forward", 1.8),
    ("pearpd", "one", "concatenation", 1.8), ("pearpd", "tcp-to", "bridge", 0.85), ("pearpd", "tcp-from", "bridge", 0.85),
)
LIVELOCK_GOAL = 0.8  # of the highest lossless rate, at three times that rate


def figures(results, contestant, test, name=None):
    return [seen[name or test.figure] for seen in results[test.key].get(contestant.name, [])
            if seen["ok"] and (name or test.figure) in seen]


def best(results, contestant, test):
    """Of all rounds; None: there is no figure."""
    found = figures(results, contestant, test, "best") or figures(results, contestant, test)
    return test.best(found) if found else None


def middle(results, contestant, test, name=None):
    found = figures(results, contestant, test, name)
    return statistics.median(found) if found else None


def spread(found):
    """(greatest - least) / median, in percent."""
    return "%.0f %%" % (100 * (max(found) - min(found)) / statistics.median(found)) if len(found) > 1 else "-"


def busy(seen):
    return "busy %s %%" % "/".join("%.0f" % (100 * statistics.median(one["busy"][n] for one in seen)) for n in (0, 1))


def saturated(results, contestant, test, seen, machine):
    """What was the limit."""
    offered = "offered %.3f, " % (statistics.median(one["offered"] for one in seen) * test.scale)
    if contestant.in_kernel and not test.alone:
        if statistics.median(one["busy"][0] for one in seen) < FULL:
            return offered + "NOT SATURATED: the rate was the limit"
        return offered + "saturated: processor %d, which sends and forwards" % machine["used"][0]
    if all(one["lost"] < LOST * one["sent"] for one in seen):
        return offered + "NOT SATURATED: the generator was the limit"
    used = middle(results, contestant, test, "process")
    return offered + "saturated" + (": its process used %.2f of a processor" % used if used is not None else "")


def remarks(results, contestant, test, machine):
    rounds = results[test.key][contestant.name]
    seen = [one for one in rounds if one["ok"]]
    said = [busy(seen)] if "busy" in seen[0] else []
    if test.key == "round-trip":
        said.append("p99 %.0f, %.3f of a processor when idle" % (
            middle(results, contestant, test, "p99_us"), middle(results, contestant, test, "idle")))
    elif test.key == "lossless":
        said.append("at three times that (offered %.3f) %.2f of it arrives" % (
            middle(results, contestant, test, "offered") * test.scale, middle(results, contestant, test, "kept")))
    elif "offered" in seen[0]:
        said.append(saturated(results, contestant, test, seen, machine))
    if test.key == "own" and "pss_kib" in seen[0]:
        said.append("memory %.1f MiB, %.1f of it neither ring nor file" % tuple(
            middle(results, contestant, test, name) / 1024 for name in ("pss_kib", "anonymous_kib")))
    if any(one.get("sink_lost") for one in seen):
        said.append("THE SINK LOST %d" % sum(one["sink_lost"] for one in seen))
    if len(seen) < len(rounds):
        said.append("%d OF %d ROUNDS FAILED" % (len(rounds) - len(seen), len(rounds)))
    disturbed = sum(one["disturbed"] > FOREIGN_BUSY for one in rounds)
    if disturbed:
        said.append("%d OF %d ROUNDS DISTURBED" % (disturbed, len(rounds)))
    return "; ".join(said)


def why(rounds):
    return next((one.get("error") or one.get("example") for one in rounds if one.get("error") or one.get("example")),
                "nothing arrived")


def ratio(results, contestant, test, base):
    own, other = best(results, contestant, test), base and best(results, base, test)
    return own / other if own and other else None


def table(results, contestants, tests, machine):
    """Lines of text."""
    by_name = {c.name: c for c in contestants}
    bases = [(by_name[name], title) for name, title in BASES if name in by_name]
    for test in tests:
        if not results.get(test.key):
            continue
        yield ""
        yield "%-44s %7s %7s %7s %s" % (test.title, test.unit, "spread", "best", " ".join("%8s" % ("/" + title) for _, title in bases))
        for contestant in contestants:
            rounds = results[test.key].get(contestant.name)
            if not rounds:
                continue
            found = figures(results, contestant, test)
            if not found:
                yield "  %-42s %7s  %s" % (contestant.title, "fails", why(rounds))
                continue
            ratios = [ratio(results, contestant, test, base) for base, _ in bases]
            yield "  %-42s %7.3f %7s %7.3f %s  %s" % (
                contestant.title, statistics.median(found) * test.scale, spread(found), best(results, contestant, test) * test.scale,
                " ".join("%8s" % ("-" if r is None else "%.2f" % r) for r in ratios), remarks(results, contestant, test, machine))


def goals(results, contestants, tests):
    """[(text, seen, wanted, met)] of what was measured."""
    by_name, by_key, found = {c.name: c for c in contestants}, {t.key: t for t in tests}, []
    for name, key, base, wanted in GOALS:
        if not results.get(key) or name not in by_name or base not in by_name:
            continue
        seen = ratio(results, by_name[name], by_key[key], by_name[base])
        if seen is not None:
            met = seen <= wanted if key == "round-trip" else seen >= wanted
            found.append(("%s: %s, x %s" % (by_name[name].title, by_key[key].title, by_name[base].title), seen, wanted, met))
    for contestant in contestants:
        if contestant.name.startswith("pearpd") and results.get("lossless"):
            seen = middle(results, contestant, by_key["lossless"], "kept")
            if seen is not None:
                found.append(("%s: at three times its highest lossless rate, x that rate" % contestant.title, seen, LIVELOCK_GOAL,
                              seen >= LIVELOCK_GOAL))
    return found


def is_quiet(results):
    """Most rounds were not disturbed."""
    rounds = [one["disturbed"] > FOREIGN_BUSY for test in results.values() for found in test.values() for one in found]
    return sum(rounds) * 4 <= len(rounds)


def wrong_frames(results):
    return sum(one.get("wrong", 0) + one.get("doubled", 0) for test in results.values() for rounds in test.values() for one in rounds)


def as_json(results, contestants, tests, machine, command, options):
    by_name = {c.name: c for c in contestants}
    return {
        "command": command, "machine": machine, "options": options,
        "contestants": {c.name: c.title for c in contestants},
        "tests": [{"name": t.key, "title": t.title, "unit": t.unit, "scale": t.scale, "figure": t.figure,
                   "median": {c.name: middle(results, c, t) for c in contestants},
                   "best": {c.name: best(results, c, t) for c in contestants},
                   "ratio": {c.name: {base: ratio(results, c, t, by_name[base]) for base, _ in BASES if base in by_name}
                             for c in contestants},
                   "rounds": results[t.key]} for t in tests if results.get(t.key)],
        "goals": [{"goal": text, "seen": round(seen, 3), "wanted": wanted, "met": met}
                  for text, seen, wanted, met in goals(results, contestants, tests)],
    }
