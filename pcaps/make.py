#!/usr/bin/python3
"""Writes the replay cases: what comes in and, from the rules and not from a run, what must come out.

Each case is NAME.conf, NAME.{upstream,downstream}.in.pcap, NAME.{upstream,downstream}.out.pcap and NAME.json, the
counts and the table. tests/replay/test_cases.py replays them and compares to the byte. Usage: pcaps/make.py [FOLDER]
Here: frames.py builds frames, case.py is a case, the *_cases.py hold them.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from frames import *  # noqa: E402, F401, F403
from case import CASES, CONF, Case  # noqa: E402, F401
import basic_cases  # noqa: E402, F401
import hard_cases  # noqa: E402, F401
import hostile_cases  # noqa: E402, F401
import edge_cases  # noqa: E402, F401
import segment_cases  # noqa: E402, F401
import address_cases  # noqa: E402, F401
import dhcp_cases  # noqa: E402, F401
import lease_cases  # noqa: E402, F401
import rival_cases  # noqa: E402, F401

if __name__ == "__main__":
    for one in CASES:
        one.write(sys.argv[1] if len(sys.argv) > 1 else HERE)
    print(f"{len(CASES)} cases")
