#!/usr/bin/python3
"""pe_arp_send: one PE-ARP message, whatever it says: for tests of what pearpd and agents refuse.

  pe_arp_send.py INTERFACE KIND ADDRESS FIRST-LAST [-k ID=HEX] [-s SEQ] [-m MAC] [-w WINDOW]

KIND is a name of pe_arp_host.py, which encodes and signs it. MAC is the sender, the interface's own by default; SEQ is 0
or more, "now" for the wall clock, and is left out by default.
"""

import argparse
import fcntl
import os
import socket
import struct
import time

from pe_arp_host import (AR_PRO, AUTH, BROADCAST, HELLO, MAC_OCTETS, NAMES, NO_MAC, REQUEST, SEQ, SIOCGIFHWADDR, Message, PortAddress,
                         key_of, signed)


def tlvs_of(options):
    tlvs = []
    if options.seq is not None:
        tlvs.append((SEQ, struct.pack("!Q", int(time.time() * 1e6) if options.seq == "now" else int(options.seq))))
    if options.key:
        tlvs.append((AUTH, struct.pack("!I", options.key[0]) + bytes(MAC_OCTETS)))
    return tuple(tlvs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("interface")
    parser.add_argument("kind", choices=list(NAMES.values()))
    parser.add_argument("address")
    parser.add_argument("ports")
    parser.add_argument("-k", dest="key", type=key_of)
    parser.add_argument("-s", dest="seq")
    parser.add_argument("-m", dest="mac")
    parser.add_argument("-w", dest="window", type=int, default=0)
    options = parser.parse_args()

    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    packets.bind((options.interface, AR_PRO))
    own = fcntl.ioctl(packets, SIOCGIFHWADDR, struct.pack("16s24x", options.interface.encode()))[18:24]
    mac = bytes.fromhex(options.mac.replace(":", "")) if options.mac else own
    kind = next(number for number, name in NAMES.items() if name == options.kind)
    first, last = (int(word) for word in options.ports.split("-"))
    ports = PortAddress(options.address, 0, first, last)
    spa = PortAddress() if kind in (REQUEST, HELLO) else ports
    nonce = os.urandom(8) if kind in (REQUEST, HELLO) else bytes(8)
    payload = Message(kind, mac, spa, NO_MAC, ports, options.window, nonce, tlvs_of(options)).encode()
    if options.key:
        payload = signed(payload, options.key[1].secret)
    packets.send(BROADCAST + mac + struct.pack("!H", AR_PRO) + payload)


if __name__ == "__main__":
    main()
