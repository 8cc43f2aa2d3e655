"""figures: of pearpd's statistics in JSON on standard input."""

import json
import sys


def equation(_options):
    report = json.load(sys.stdin)
    frames = report["frames"]
    came = frames["upstream"]["in"] + frames["downstream"]["in"] + frames["made"]
    went = frames["upstream"]["out"] + frames["downstream"]["out"] + frames["held"]
    went += sum(report["consumed"].values()) + sum(report["drops"].values())
    print("in + made = %d, out + consumed + drops + held = %d" % (came, went))
    if came != went or came == 0:
        raise SystemExit(1)


def figure(options):
    value = json.load(sys.stdin)
    for key in options.path.split("/"):
        value = value[key]
    print(value)
