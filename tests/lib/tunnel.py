#!/usr/bin/python3
"""tunnel: packets of a protocol without ports, where the kernel has none, and SCTP by raw frames.

  tunnel gre|ipip|esp DEVICE ADDRESS/BITS LOCAL REMOTE READY
                                    a tun device whose packets go to REMOTE inside that protocol, and back, until ended
                                    (esp: with SPI and sequence number alone, nothing is encrypted)
  sctp-serve LOCAL PORT COUNT READY answers INIT with INIT ACK, and DATA with SACK, COUNT packets in all
  sctp-ask LOCAL PORT REMOTE PORT COUNT
                                    an association's INIT, then DATA; prints how many were answered; exit 1 unless all
"""
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
PROTOCOLS = {"gre": 47, "ipip": 4, "esp": 50}
INIT, INIT_ACK, DATA, SACK, SCTP = 1, 2, 0, 3, 132


def made(path):
    open(path, "w").close()


def header(kind, number):
    if kind == "gre":
        return struct.pack(">HH", 0, 0x0800)
    return struct.pack(">II", 0x1234, number) if kind == "esp" else b""


def tunnel(kind, device, address, local, remote, ready):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH14x", device.encode(), IFF_TUN | IFF_NO_PI))
    for words in (["address", "add", address, "dev", device], ["link", "set", device, "mtu", "1400", "up"]):
        subprocess.run(["ip"] + words, check=True)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOLS[kind])
    raw.bind((local, 0))
    made(ready)
    number = 0
    while True:
        for source in select.select([tun, raw], [], [])[0]:
            if source is tun:
                number += 1
                raw.sendto(header(kind, number) + os.read(tun, 2000), (remote, 0))
                continue
            packet, (sender, _) = raw.recvfrom(2000)
            inner = packet[(packet[0] & 15) * 4 + len(header(kind, 0)):]
            if sender == remote and inner:
                os.write(tun, inner)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def sctp_packet(source, destination, tag, kind, body):
    head = struct.pack(">HHI", source, destination, tag)
    chunk = struct.pack(">BBH", kind, 3 if kind == DATA else 0, 4 + len(body)) + body + bytes(-len(body) % 4)
    return head + struct.pack("<I", crc32c(head + bytes(4) + chunk)) + chunk


def sctp_read(raw):
    packet, (sender, _) = raw.recvfrom(2000)
    body = packet[(packet[0] & 15) * 4:]
    source, destination, tag = struct.unpack(">HHI", body[:8])
    return sender, source, destination, tag, body[12]


def sctp_socket(local):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, SCTP)
    raw.bind((local, 0))
    return raw


def sctp_serve(local, port, count, ready):
    raw = sctp_socket(local)
    made(ready)
    while count > 0:
        sender, source, destination, tag, kind = sctp_read(raw)
        if destination != port or kind not in (INIT, DATA):
            continue
        answer = INIT_ACK if kind == INIT else SACK
        raw.sendto(sctp_packet(port, source, tag, answer, bytes(16)), (sender, 0))
        count -= 1


def sctp_ask(local, port, remote, remote_port, count):
    raw = sctp_socket(local)
    answered = 0
    for number in range(count):
        kind = INIT if number == 0 else DATA
        raw.sendto(sctp_packet(port, remote_port, number, kind, bytes(16)), (remote, 0))
        end = time.monotonic() + 2
        while (left := end - time.monotonic()) > 0 and select.select([raw], [], [], left)[0]:
            sender, source, destination, tag, _ = sctp_read(raw)
            if (sender, source, destination, tag) == (remote, remote_port, port, number):
                answered += 1
                break
    print("%d of %d answered" % (answered, count))
    raise SystemExit(answered != count)


def main():
    what, words = sys.argv[1], sys.argv[2:]
    if what == "tunnel":
        tunnel(*words)
    elif what == "sctp-serve":
        sctp_serve(words[0], int(words[1]), int(words[2]), words[3])
    elif what == "sctp-ask":
        sctp_ask(words[0], int(words[1]), words[2], int(words[3]), int(words[4]))
    else:
        sys.exit(__doc__)


main()
