#!/usr/bin/python3
"""live_is_replay: a recorded live run against the replay of what came in.

  compare FOLDER START END    {upstream,downstream}.{in,out}.pcap and lab.conf there; what is older than START, or younger
                              than END (seconds since 1970), is left out: both are in a silence
  count FOLDER                how many frames that are compared have been recorded so far

What left live and what leaves in the replay must be the same frames on each side, in each flow in the same order, but
for what the bridge says by the clock (gratuitous ARP, HELLO) and nonces. Between flows the order is not defined: two
processors may give two sockets two frames the other way round. Out: how many frames; exit 1 and the first difference.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "replay"))
import captures  # noqa: E402

SIDES = ("upstream", "downstream")
BRIDGE = bytes.fromhex("025045000001")
PEARPD = os.path.join(os.environ.get("PEARPD_BUILD", os.path.join(HERE, "..", "..", "build")), "pearpd")


def comparable(records):
    frames = []
    for _, _, frame in records:
        if frame[6:12] == BRIDGE and frame[:6] == b"\xff" * 6:
            if frame[12:14] == b"\x08\x06" and frame[28:32] == frame[38:42]:
                continue  # gratuitous ARP
            if frame[12:14] == b"\x88\xb5" and frame[14 + 41] == 6:
                continue  # HELLO
        if frame[12:14] == b"\x88\xb5" and frame[6:12] == BRIDGE:
            frame = frame[:14 + 44] + bytes(8) + frame[14 + 52:]
        frames.append(frame)
    return frames


def read(path):
    """The records that are whole: a recorder may be at work."""
    try:
        return captures.read(path)[0]
    except captures.Unreadable as cut:
        return cut.records


def count(folder):
    print(sum(len(comparable(read(f"{folder}/{side}.{way}.pcap"))) for side in SIDES for way in ("in", "out")))
    return 0


def flow(frame):
    """What frames that keep their order have in common: addresses, EtherType, of IPv4 its addresses and ports."""
    return frame[:14] + (frame[26:38] if frame[12:14] == b"\x08\x00" else b"")


def compare(folder, start, end):
    start_ns, end_ns = (int(float(at) * 10**9) for at in (start, end))
    failed = 0

    def between(path):
        return [record for record in captures.read(path)[0] if start_ns <= record[0] < end_ns]

    with tempfile.TemporaryDirectory() as work:
        command = [PEARPD, "-q", "-c", os.path.join(folder, "lab.conf"), "--any-nonce", "--linger", "10"]
        for side in SIDES:
            captures.write(f"{work}/{side}.in", [(time, data) for time, _, data in between(f"{folder}/{side}.in.pcap")])
            command += ["-r", f"{side}={work}/{side}.in", "-w", f"{side}={work}/{side}.out"]
        subprocess.run(command, check=True)
        for side in SIDES:
            live = comparable(between(f"{folder}/{side}.out.pcap"))
            replayed = comparable(between(f"{work}/{side}.out"))
            print(f"{side}: {len(live)} frames live, {len(replayed)} replayed")
            live.sort(key=flow)  # stable: in a flow as they left
            replayed.sort(key=flow)
            for number, (a, b) in enumerate(zip(live, replayed)):
                if a != b:
                    print(f"frame {number}: live     {a[:80].hex()}\n{' ' * 13}replayed {b[:80].hex()}")
                    break
            failed |= live != replayed or len(live) < 100
    return failed


sys.exit({"compare": compare, "count": count}[sys.argv[1]](*sys.argv[2:]))
