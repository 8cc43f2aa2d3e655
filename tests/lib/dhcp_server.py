#!/usr/bin/python3
"""dhcp_server.py INTERFACE KEY=VALUE...: a small DHCP server, to try clients with answers that pearpd never gives.

Keys: address, server, router, dns, mtu, lease (seconds), ports (option 159, hexadecimal; empty: none),
hostname, domain (text as it is), count (leave after so many answers), log (a file that gets a line per message heard).
In: broadcasts and unicasts to port 67 on the interface. Out: an OFFER or ACK for each. Called by: tests."""
import binascii
import socket
import struct
import sys

COOKIE = b"\x63\x82\x53\x63"
KINDS = {1: "discover", 3: "request", 4: "decline", 7: "release", 8: "inform"}


def options_of(body):
    found, at = {}, 240
    while at + 1 < len(body) and body[at] != 255:
        if body[at] == 0:
            at += 1
            continue
        found[body[at]] = body[at + 2 : at + 2 + body[at + 1]]
        at += 2 + body[at + 1]
    return found


def option(code, value):
    return bytes([code, len(value)]) + value if value else b""


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return socket.inet_aton(text) if text else b""


def answer(asked, body, keys):
    kind = 2 if asked[53][0] == 1 else 5
    options = (
        option(53, bytes([kind]))
        + option(54, address(keys["server"]))
        + option(51, struct.pack("!I", int(keys["lease"])))
        + option(1, address("255.255.255.0"))
        + option(3, address(keys["router"]))
        + option(6, address(keys["dns"]))
        + option(26, struct.pack("!H", int(keys["mtu"])) if keys["mtu"] else b"")
        + option(12, keys["hostname"].encode())
        + option(15, keys["domain"].encode())
    )
    if 159 in asked.get(55, b""):
        options += option(159, binascii.unhexlify(keys["ports"]))
    reply = struct.pack("!BBBB", 2, 1, 6, 0) + body[4:8] + b"\0\0" + body[10:12] + body[12:16]
    reply += address(keys["address"]) + b"\0" * 8 + body[28:44] + b"\0" * 192 + COOKIE + options + b"\xff"
    return reply.ljust(300, b"\0")


def frame(own, body, reply, keys):
    udp = struct.pack("!HHHH", 67, 68, 8 + len(reply), 0) + reply
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, address(keys["server"]), address(keys["address"]))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return body[28:34] + own + b"\x08\x00" + ip + udp


def main():
    interface = sys.argv[1]
    keys = dict(address="192.35.162.2", server="192.35.162.1", router="192.35.162.1", dns="", mtu="", lease="3600",
                ports="0006 0800".replace(" ", ""), hostname="", domain="", count="0", log="/dev/null")
    keys.update(word.split("=", 1) for word in sys.argv[2:])
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    link.bind((interface, 0x0800))
    own = link.getsockname()[4]
    log = open(keys["log"], "a", buffering=1)
    answers = 0
    print("ready", flush=True)
    while True:
        got = link.recv(2048)
        ihl = (got[14] & 15) * 4
        if got[23] != 17 or got[14 + ihl + 2 : 14 + ihl + 4] != b"\0\x43":
            continue
        body = got[14 + ihl + 8 :]
        asked = options_of(body)
        if body[236:240] != COOKIE or 53 not in asked:
            continue
        cast = "broadcast" if got[0] & 1 else "unicast"
        log.write("%s %s from %s ciaddr %s wants %s\n" % (
            KINDS.get(asked[53][0], asked[53][0]), cast, socket.inet_ntoa(got[26:30]), socket.inet_ntoa(body[12:16]),
            ",".join(map(str, asked.get(55, b"")))))
        if asked[53][0] not in (1, 3):
            continue
        link.send(frame(own, body, answer(asked, body, keys), keys))
        answers += 1
        if answers == int(keys["count"]):
            return


main()
