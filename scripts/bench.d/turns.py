"""turns: labs that are up at once take turns within seconds: a machine that is twice as fast at one moment as at another is so for
all of them. Used by: scripts/bench, scripts/scale."""

import statistics


def order(members, number):
    """Whose turn it is in round `number`: in every second one the last is first."""
    return members if number % 2 == 0 else members[::-1]


def ratio(own, other):
    """The median of the rounds' ratios; two lists by round, None: no figure. None: there is no round with both."""
    found = [a / b for a, b in zip(own, other) if a and b]
    return statistics.median(found) if found else None
