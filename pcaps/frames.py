"""The frames of the replay cases: addresses of the lab, and what builds each kind of frame to the byte."""
import struct

S = 10**9
START = 1000 * S


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(text):
    return bytes(int(part) for part in text.split("."))


BRIDGE, ROUTER = mac("02:50:45:00:00:01"), mac("00:12:7f:c4:38:d3")
A, B, M = mac("00:0c:29:9e:8c:ee"), mac("00:0c:29:39:44:ab"), mac("00:0c:29:66:66:66")
NEIGHBOUR, ALL, ZERO = mac("00:0c:29:00:00:09"), b"\xff" * 6, bytes(6)
SHARED, OTHER, GATEWAY = ip("192.35.162.2"), ip("192.35.162.3"), ip("192.35.162.1")
REMOTE, NEAR, NONE = ip("198.51.100.10"), ip("192.35.162.9"), bytes(4)
TCP, UDP, DCCP, SCTP, LITE = 6, 17, 33, 132, 136


def padded(frame):
    return frame + bytes(max(0, 60 - len(frame)))


def eth(to, source, ethertype, payload, tag=None):
    tags = b"" if tag is None else struct.pack(">HH", 0x8100, tag)
    return to + source + tags + struct.pack(">H", ethertype) + payload


def arp(to, source, operation, sha, spa, tha, tpa, tag=None, hardware=1):
    body = struct.pack(">HHBBH", hardware, 0x800, 6, 4, operation) + sha + spa + tha + tpa
    return eth(to, source, 0x806, body, tag)


def ask(source, spa, tpa, to=ALL, tag=None, hardware=1):
    return arp(to, source, 1, source, spa, ZERO, tpa, tag, hardware)


def reply(to, source, spa, tpa, tag=None, hardware=1):
    return arp(to, source, 2, source, spa, to, tpa, tag, hardware)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(to, source, sip, dip, protocol, body, options=b"", fragment=0, tag=None, tos=0, ident=0, ttl=64):
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH", 0x40 | words, tos, words * 4 + len(body), ident, fragment, ttl, protocol, 0)
    head += sip + dip + options
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return eth(to, source, 0x800, head + body, tag)


def packet(to, source, sip, sport, dip, dport, protocol=UDP, options=b"", tag=None):
    """A whole transport header: 24 bytes serve all five protocols."""
    return ipv4(to, source, sip, dip, protocol, struct.pack(">HHI", sport, dport, 0x180000) + bytes(range(16)),
                options, tag=tag)


def echo(to, source, sip, dip, kind, ident, sequence, data=b"abcdefgh", tag=None, fragment=0, flags=0, ipid=0):
    body = struct.pack(">BBHHH", kind, 0, 0, ident, sequence) + data
    body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
    return ipv4(to, source, sip, dip, 1, body, fragment=fragment | flags, tag=tag, ident=ipid)


REQUEST, REPLY, CLAIM, RELEASE, CONFLICT, HELLO = 1, 2, 3, 4, 5, 6


def port_address(address, first, last, protocol=0):
    return address + struct.pack(">BBHH", protocol, 0, first, last)


NO_PORTS = port_address(NONE, 0, 0)


def pe_arp(to, source, kind, spa, tha, tpa, nonce=0, lifetime=0, tlvs=b"", tag=None, ethertype=0x88b5):
    operation = 24 if kind in (REQUEST, HELLO) else 25
    body = struct.pack(">HHBBH", 1, 0x88b5, 6, 10, operation) + source + spa + tha + tpa
    body += struct.pack(">BBHQH", 1, kind, lifetime, nonce, len(tlvs)) + tlvs
    return eth(to, source, ethertype, body, tag)


def request(nonce, port, to=None, protocol=0, address=SHARED, tag=None, ethertype=0x88b5):
    """What the bridge asks: all hosts, or one."""
    target = port_address(address, port, port, protocol)
    return padded(pe_arp(to or ALL, BRIDGE, REQUEST, NO_PORTS, to or ZERO, target, nonce, tag=tag, ethertype=ethertype))


def claim(source, first, last, kind=CLAIM, tlvs=b"", tag=None, ethertype=0x88b5):
    held = port_address(SHARED, first, last)
    return pe_arp(ALL, source, kind, held, ZERO, held, tlvs=tlvs, tag=tag, ethertype=ethertype)


def holds(source, first, last, nonce, asked, protocol=0, lifetime=0, tlvs=b"", tag=None, ethertype=0x88b5):
    """A host's REPLY."""
    return pe_arp(BRIDGE, source, REPLY, port_address(SHARED, first, last), BRIDGE,
                  port_address(SHARED, asked, asked, protocol), nonce, lifetime, tlvs, tag, ethertype)


def hello(first=2000, last=9999, address=SHARED, gateway=None, tag=None, ethertype=0x88b5):
    tlvs = b"" if gateway is None else b"\x02\x0a" + gateway
    return padded(pe_arp(ALL, BRIDGE, HELLO, NO_PORTS, ZERO, port_address(address, first, last), 0, 5,
                         tlvs + b"\x04\x06" + BRIDGE, tag, ethertype))


def gratuitous(address=SHARED, tag=None):
    return padded(arp(ALL, BRIDGE, 1, BRIDGE, address, ZERO, address, tag))


def moved(frame, to=None, source=None):
    """The frame with other addresses, all else as it was."""
    return (to or frame[:6]) + (source or frame[6:12]) + frame[12:]


DISCOVER, OFFER, DREQUEST, DECLINE, ACK, NAK, DRELEASE, INFORM = range(1, 9)


def udp(to, source, sip, dip, sport, dport, data, tag=None, fragment=0):
    """UDP with its checksum."""
    head = struct.pack(">HHHH", sport, dport, 8 + len(data), 0)
    total = checksum(sip + dip + struct.pack(">BBH", 0, UDP, 8 + len(data)) + head + data)
    return ipv4(to, source, sip, dip, UDP, head[:6] + struct.pack(">H", total or 0xffff) + data, fragment=fragment, tag=tag)


def option(code, value):
    return bytes([code, len(value)]) + value


def address(code, text):
    return option(code, ip(text))


def port_params(offset, length, psid):
    return option(159, struct.pack(">BBH", offset, length, psid << 16 - length if length else 0))


def lease_time(seconds):
    return option(51, struct.pack(">I", seconds))


def boot(op, client, options, xid=0x3903f326, flags=0, ciaddr=NONE, yiaddr=NONE, giaddr=NONE, end=b"\xff", sname=b"", file=b""):
    """A DHCP message, padded to BOOTP's 300 bytes."""
    body = struct.pack(">BBBBIHH", op, 1, 6, 0, xid, 0, flags) + ciaddr + yiaddr + NONE + giaddr + client + bytes(10)
    body += sname.ljust(64, b"\0") + file.ljust(128, b"\0") + bytes.fromhex("63825363") + options + end
    return body.ljust(300, b"\0")


def from_server(kind, client, options=b"", to=ALL, source=ROUTER, sip=GATEWAY, dip=b"\xff" * 4, dport=68, tag=None, **more):
    """What the network's own server says to `client`."""
    body = boot(2, client, option(53, bytes([kind])) + option(54, sip) + options, **more)
    return udp(to, source, sip, dip, 67, dport, body, tag)


def from_client(kind, client, options=b"", to=ALL, source=None, sip=NONE, dip=b"\xff" * 4, tag=None, **more):
    """What `client` says."""
    return udp(to, source or client, sip, dip, 68, 67, boot(1, client, option(53, bytes([kind])) + options, **more), tag)
