"""asking: a server is asked who it is."""

import socket

from talkers.patience import PATIENCE


def connect(address, port, timeout_s, source=0):
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(timeout_s * PATIENCE)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if source:
        connection.bind(("", source))
    connection.connect((address, port))
    return connection


def ask(options):
    if options.protocol == "tcp":
        connection = connect(options.address, options.port, options.timeout, options.source)
        lines = connection.makefile("rb")
        for _ in range(options.count):
            connection.sendall(b"who\n")
            print(lines.readline().decode().strip())
        return
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(options.timeout * PATIENCE)
    if options.source:
        sock.bind(("", options.source))
    sock.connect((options.address, options.port))
    for _ in range(options.count):
        sock.send(b"")
        print(sock.recv(65536).decode())
