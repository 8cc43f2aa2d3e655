#!/usr/bin/python3
"""live_is_replay: a recorded live run against the replay of what came in.

In: FOLDER with {upstream,downstream}.{in,out}.pcap and lab.conf, START in seconds since 1970: what is older is left out.
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


def flow(frame):
    """What frames that keep their order have in common: addresses, EtherType, of IPv4 its addresses and ports."""
    return frame[:14] + (frame[26:38] if frame[12:14] == b"\x08\x00" else b"")


def main():
    folder, start_ns = sys.argv[1], int(float(sys.argv[2]) * 10**9)
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        command = [PEARPD, "-q", "-c", os.path.join(folder, "lab.conf"), "--any-nonce", "--linger", "4"]
        for side in ("upstream", "downstream"):
            came = [(time, data) for time, _, data in captures.read(f"{folder}/{side}.in.pcap")[0] if time >= start_ns]
            captures.write(f"{work}/{side}.in", came)
            command += ["-r", f"{side}={work}/{side}.in", "-w", f"{side}={work}/{side}.out"]
        subprocess.run(command, check=True)
        for side in ("upstream", "downstream"):
            left = [record for record in captures.read(f"{folder}/{side}.out.pcap")[0] if record[0] >= start_ns]
            live, replayed = comparable(left), comparable(captures.read(f"{work}/{side}.out")[0])
            print(f"{side}: {len(live)} frames live, {len(replayed)} replayed")
            live.sort(key=flow)  # stable: in a flow as they left
            replayed.sort(key=flow)
            for number, (a, b) in enumerate(zip(live, replayed)):
                if a != b:
                    print(f"frame {number}: live     {a[:80].hex()}\n{' ' * 13}replayed {b[:80].hex()}")
                    break
            failed |= live != replayed or len(live) < 100
    return failed


sys.exit(main())
