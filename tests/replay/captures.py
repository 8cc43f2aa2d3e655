"""Captures as plain lists, read without libpcap: what the tests hold pearpd's reading against.

read(path) gives (records, link_types): records are (time_ns, wire_length, bytes) of Ethernet interfaces.
write(path, records) makes a nanosecond pcap of (time_ns, bytes).
"""
import struct

ETHERNET = 1
MODIFIED = 0xa1b2cd34  # record headers of 24 bytes
MAGICS = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1, MODIFIED: 1000}


class Unreadable(Exception):
    """Says which record (from 1) cannot be read; records before it are in .records."""

    def __init__(self, records, why):
        super().__init__(why)
        self.records = records


def read(path):
    data = open(path, "rb").read()
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        return read_pcapng(data)
    return read_pcap(data)


def read_pcap(data):
    if len(data) < 24:
        raise Unreadable([], "no file header")
    for order in "<>":
        magic, _, _, _, _, snaplen, link = struct.unpack(order + "IHHiIII", data[:24])
        if magic in MAGICS:
            break
    else:
        raise Unreadable([], "no capture")
    records, at, header = [], 24, 24 if magic == MODIFIED else 16
    while at < len(data):
        if at + header > len(data):
            raise Unreadable(records, "cut")
        seconds, fraction, caplen, length = struct.unpack(order + "IIII", data[at:at + 16])
        at += header
        if caplen > max(snaplen, 262144) or at + caplen > len(data):
            raise Unreadable(records, "cut or absurd")
        records.append((seconds * 10**9 + fraction * MAGICS[magic], length, data[at:at + caplen]))
        at += caplen
    return records, {link & 0xffff}


def read_pcapng(data):
    records, links, at, order = [], [], 0, "<"
    while at < len(data):
        if at + 12 > len(data):
            raise Unreadable(records, "cut")
        kind = struct.unpack("<I", data[at:at + 4])[0]
        if kind == 0x0a0d0d0a:
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, total = struct.unpack(order + "II", data[at:at + 8])
        if total < 12 or total % 4 or at + total > len(data):
            raise Unreadable(records, "cut")
        body = data[at + 8:at + total - 4]
        if kind == 1:
            link, _, snaplen = struct.unpack(order + "HHI", body[:8])
            interfaces.append((link, snaplen, resolution(body[8:], order)))
            links.append(link)
        elif kind in (2, 6):
            number, high, low, caplen, length = struct.unpack(order + "IIIII", body[:20])
            if kind == 2:
                number >>= 16
            units = interfaces[number][2]
            if interfaces[number][0] == ETHERNET:
                records.append(((high << 32 | low) * 10**9 // units, length, body[20:20 + caplen]))
        elif kind == 3:
            length = struct.unpack(order + "I", body[:4])[0]
            snaplen = interfaces[0][1] or length
            if interfaces[0][0] == ETHERNET:
                records.append((0, length, body[4:4 + min(length, snaplen)]))
        at += total
    return records, set(links)


def resolution(options, order):
    """Time units a second: if_tsresol."""
    while len(options) >= 4:
        code, length = struct.unpack(order + "HH", options[:4])
        if code == 0:
            break
        if code == 9:
            value = options[4]
            return 2 ** (value & 0x7f) if value & 0x80 else 10 ** value
        options = options[4 + (length + 3) // 4 * 4:]
    return 10**6


def write(path, records):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, ETHERNET))
        for time_ns, data in records:
            out.write(struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9, len(data), len(data)) + data)
