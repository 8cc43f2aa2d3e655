#!/usr/bin/python3
"""hostile_dns ADDRESS PORT SEED: answers whatever comes, over UDP and TCP, with anything but a good answer: loops of
pointers, counts without records, cut and endless messages, other ids, random bytes. Ends when it is killed."""
import random
import socket
import struct
import sys
import threading

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


def serve_udp(server):
    while True:
        request, client = server.recvfrom(65535)
        for answer in answers(request):
            server.sendto(answer, client)


def serve_tcp(listener):
    while True:
        stream, _ = listener.accept()
        with stream:
            request = stream.recv(65535)[2:]
            try:
                for answer in answers(request or b"\0" * 12):
                    stream.sendall(struct.pack(">H", generator.choice((len(answer), 0, 65535))) + answer)
            except OSError:
                pass


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((address, port))
tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
tcp.bind((address, port))
tcp.listen()
threading.Thread(target=serve_tcp, args=(tcp,), daemon=True).start()
serve_udp(udp)
