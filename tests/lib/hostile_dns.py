#!/usr/bin/python3
"""hostile_dns ADDRESS PORT SEED: answers whatever comes over TCP with anything but a good answer, one a connection: loops
of pointers, counts without records, cut and endless messages, other ids, "done" without a signature, random bytes. Ends
when it is killed."""
import itertools
import random
import socket
import struct
import sys

address, port, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
generator = random.Random(seed)


def header(ident, flags, *counts):
    return struct.pack(">HHHHHH", ident, flags, *counts)


def answers(request):
    ident = struct.unpack(">H", request[:2])[0]
    zone = b"\x07example\x03net\x00\x00\x06\x00\x01"
    flags = 0xa800
    key = request[-90:]
    yield header(ident, flags, 1, 0, 0, 0) + b"\xc0\x0c\x00\x06\x00\x01"
    yield header(ident, flags, 1, 0, 0, 0) + b"\x01a\xc0\x0e\xc0\x0c\x00\x06\x00\x01"
    yield header(ident, flags, 1, 65535, 65535, 65535) + zone
    yield header(ident, flags, 0, 0, 0, 1) + b"\x00\x00\xfa\x00\xff\x00\x00\x00\x00\xff\xff"
    yield header(ident, flags, 1, 0, 0, 1) + zone + key
    yield header(ident, flags, 1, 0, 0, 0) + zone
    yield header(ident ^ 1, flags, 1, 0, 0, 0) + zone
    yield header(ident, flags | 0x0200, 1, 0, 0, 0) + zone
    yield header(ident, flags | 9, 1, 0, 0, 0) + b"\x07example\x03org\x00\x00\x06\x00\x01"
    yield request
    yield request[:2] + struct.pack(">H", flags) + request[4:]
    yield b""
    yield b"\xff" * 4096
    yield generator.randbytes(generator.randrange(1, 1200))


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((address, port))
listener.listen()
for turn in itertools.count():
    stream, _ = listener.accept()
    with stream:
        stream.settimeout(1)
        try:
            request = stream.recv(65535)[2:] or bytes(100)
            choices = list(answers(request))
            answer = choices[turn % len(choices)]
            stream.sendall(struct.pack(">H", generator.choice((len(answer), len(answer), 65535))) + answer)
            stream.recv(1)
        except OSError:
            pass
