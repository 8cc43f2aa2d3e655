#!/usr/bin/python3
"""tagger: what a switch's access port does: between PLAIN and TRUNK, frames get a tag with VID on the way to TRUNK and
lose it on the way back; frames there with another tag, or none, are dropped. Until ended. For kernels without VLANs.

  tagger PLAIN TRUNK VID READY [PRIORITY]
"""
import select
import socket
import struct
import sys

from talkers.frames import PACKET_AUXDATA, SOL_PACKET, receive_tagged

PACKET_IGNORE_OUTGOING = 23


def opened(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind((interface, 0))
    return sock


def receive(sock):
    """The frame, and its tag's TCI or None."""
    frame, tag, _ = receive_tagged(sock)
    if tag is None and frame[12:14] == b"\x81\x00":
        return frame[:12] + frame[16:], struct.unpack(">H", frame[14:16])[0]
    return frame, tag and tag[1]


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
