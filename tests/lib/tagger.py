#!/usr/bin/python3
"""tagger: what a switch's access port does: between PLAIN and TRUNK, frames get a tag with VID on the way to TRUNK and
lose it on the way back; frames there with another tag, or none, are dropped. Until ended. For kernels without VLANs.

  tagger PLAIN TRUNK VID READY [PRIORITY]
"""
import select
import socket
import struct
import sys

SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
TP_STATUS_VLAN_VALID = 1 << 4


def opened(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind((interface, 0))
    return sock


def receive(sock):
    """The frame, and its tag's TCI or None."""
    frame, control, _, _ = sock.recvmsg(65536, 256)
    for level, kind, data in control:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, _ = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return frame, tci
    if frame[12:14] == b"\x81\x00":
        return frame[:12] + frame[16:], struct.unpack(">H", frame[14:16])[0]
    return frame, None


def main():
    plain, trunk = opened(sys.argv[1]), opened(sys.argv[2])
    vid, priority = int(sys.argv[3]), int(sys.argv[5]) if len(sys.argv) > 5 else 0
    tag = struct.pack(">HH", 0x8100, priority << 13 | vid)
    open(sys.argv[4], "w").close()
    while True:
        for sock in select.select([plain, trunk], [], [])[0]:
            frame, tci = receive(sock)
            try:
                if sock is plain:
                    trunk.send(frame[:12] + tag + frame[12:])
                elif tci is not None and tci & 0xfff == vid:
                    plain.send(frame)
            except OSError:
                pass  # longer than the interface takes


main()
