"""transfers: much at once, and in pieces of all sizes."""

import os
import random
import socket
import sys
import time

from talkers.asking import connect
from talkers.patience import PATIENCE
from talkers.payload import CHUNK_BYTES, digest, random_bytes

SOL_UDP, UDP_SEGMENT = 17, 103


def receive(connection, count):
    while count > 0:
        chunk = connection.recv(min(count, CHUNK_BYTES))
        if not chunk:
            raise SystemExit("closed %d bytes early" % count)
        yield chunk
        count -= len(chunk)


def send(options):
    connection = connect(options.address, options.port, 60)
    seed = str(os.getpid())
    connection.sendall(b"take %d\n" % options.bytes)
    for chunk in random_bytes(options.bytes, seed):
        connection.sendall(chunk)
    seen = connection.makefile("rb").readline().decode().strip()
    compare(options.bytes, digest(random_bytes(options.bytes, seed)), seen)


def fetch(options):
    connection = connect(options.address, options.port, 60)
    seed = str(os.getpid())
    connection.sendall(b"give %d %s\n" % (options.bytes, seed.encode()))
    seen = digest(receive(connection, options.bytes))
    compare(options.bytes, digest(random_bytes(options.bytes, seed)), seen)


def compare(count, sent, seen):
    print("%d bytes, sha256 %s" % (count, seen))
    if sent != seen:
        raise SystemExit("sent was sha256 %s" % sent)


def sizes(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(3 * PATIENCE)
    sock.connect((options.address, options.port))
    for size in range(1, 1473 - 40):
        data = random.Random(size).randbytes(size)
        sock.send(data)
        head, _, body = sock.recv(65536).partition(b"\n")
        if body != data or head.split()[0] != options.name.encode():
            raise SystemExit("a datagram of %d bytes came back changed" % size)
    print("1 to %d bytes, each as sent" % size)


def segments(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(3 * PATIENCE)
    sock.setsockopt(SOL_UDP, UDP_SEGMENT, 1000)
    sock.connect((options.address, options.port))
    sock.send(random.Random(1).randbytes(30 * 1000))
    for _ in range(30):
        sock.recv(65536)


def train(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1 * PATIENCE)
    sock.setsockopt(SOL_UDP, UDP_SEGMENT, 1000)
    sock.connect((options.address, options.port))
    sock.send(random.Random(1).randbytes(options.count * 1000))
    answers = 0
    try:
        while answers < options.count:
            sock.recv(65536)
            answers += 1
    except OSError:
        pass
    print(answers)


def message(server, options, size):
    """One message to a server, or as such a server: prints how many of its bytes came."""
    server.settimeout(10 * PATIENCE)
    if not options.listen:
        server.connect((options.address, options.port))
        server.sendall(random.Random(1).randbytes(size))
        time.sleep(1)
        return
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((options.address, options.port))
    server.listen(1)
    print("ready", flush=True)
    connection, _ = server.accept()
    connection.settimeout(5 * PATIENCE)
    received = bytearray()
    try:
        while len(received) < size:
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
    except OSError:
        pass
    print(len(received) if received == random.Random(1).randbytes(len(received)) else -1, flush=True)


def sctp(options):
    try:
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    except OSError:
        sys.exit(3)
    message(server, options, 50000)


def bulk6(options):
    message(socket.socket(socket.AF_INET6, socket.SOCK_STREAM), options, 20000000)


def burst(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(options.count):
        sock.sendto(bytes(50), (options.address, options.port))
