"""frames: raw ones, as they are on the wire."""

import select
import socket
import struct
import time

SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6


def packet_socket(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((interface, 3))
    return sock


def receive_tagged(sock):
    """A frame, the tag that the kernel took off it as (TPID, TCI) or None, and whether it was sent from here."""
    frame, control, _, address = sock.recvmsg(1 << 17, 256)
    tag = None
    for level, kind, data in control:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                tag = (tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
    return frame, tag, address[2] == PACKET_OUTGOING


def listen(options):
    sock = packet_socket(options.interface)
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    open(options.ready, "w").close()
    end = time.monotonic() + options.seconds
    while (left := end - time.monotonic()) > 0:
        if not select.select([sock], [], [], left)[0]:
            break
        frame, tag, outgoing = receive_tagged(sock)
        if outgoing:
            continue
        if tag is not None:
            frame = frame[:12] + struct.pack("!HH", *tag) + frame[12:]
        print(frame.hex(), flush=True)


def send_frame(options):
    sock = packet_socket(options.interface)
    for _ in range(options.count):
        sock.send(bytes.fromhex(options.hex))


def macs(options):
    sock = packet_socket(options.interface)
    head, tail = mac(options.destination) + b"\x02\xee", b"\x88\xb6" + bytes(46)
    for number in range(options.count):
        sock.send(head + struct.pack("!I", number) + tail)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def arp(options):
    operation = 1 if options.kind == "request" else 2
    body = struct.pack("!HHBBH", options.hrd, 0x0800, 6, 4, operation)
    body += mac(options.sender_mac) + socket.inet_aton(options.sender)
    body += mac(options.target_mac) + socket.inet_aton(options.target)
    tag = b"" if options.vid is None else struct.pack("!HH", 0x8100, options.vid)
    head = mac(options.destination) + mac(options.source or options.sender_mac) + tag + b"\x08\x06"
    options.hex = (head + body).ljust(60, b"\0").hex()
    send_frame(options)
