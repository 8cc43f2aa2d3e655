#!/usr/bin/python3
"""web: a client of pearpd's web server, good and bad.

  web.py get AT PATH [-m METHOD] [-H NAME:VALUE]... [-s | -w NAME]   the body; with -s the status; with -w a header of the answer
  web.py garbage AT COUNT SEED   COUNT connections of random bytes, half requests, and requests that no server takes
  web.py crowd AT COUNT          COUNT connections, as many at once as there can be, that ask nothing; until all are closed
  web.py deaf AT PATH            asks and never reads, until it is ended
  web.py drip AT                 a header that never ends, a byte at a time: until the connection is closed
AT: ADDRESS:PORT or unix:PATH. Exit status 0: as it should be. Called by: live stories.
"""

import argparse
import http.client
import random
import resource
import select
import socket
import sys
import time

PATIENCE_S = 90


def connect(at, receive_bytes=None):
    kind = socket.AF_UNIX if at.startswith("unix:") else socket.AF_INET6 if at.startswith("[") else socket.AF_INET
    sock = socket.socket(kind, socket.SOCK_STREAM)
    sock.settimeout(PATIENCE_S)
    if receive_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    if kind == socket.AF_UNIX:
        sock.connect(at[5:])
    else:
        host, port = at.rsplit(":", 1)
        sock.connect((host.strip("[]"), int(port)))
    return sock


class Connection(http.client.HTTPConnection):
    def __init__(self, at):
        super().__init__("localhost")
        self.at = at

    def connect(self):
        self.sock = connect(self.at)


def get(arguments):
    connection = Connection(arguments.at)
    connection.request(arguments.method, arguments.path, headers=dict(h.split(":", 1) for h in arguments.header))
    answer = connection.getresponse()
    body = answer.read()
    if arguments.status:
        print(answer.status)
    elif arguments.what:
        print(answer.headers.get(arguments.what, ""))
    else:
        sys.stdout.buffer.write(body)
        return 0 if answer.status == 200 else 1
    return 0


def closed(sock, seconds=PATIENCE_S):
    """True once the server has closed it; what it says before does not matter."""
    end = time.monotonic() + seconds
    sock.settimeout(seconds)
    try:
        while time.monotonic() < end:
            if not sock.recv(65536):
                return True
    except socket.timeout:
        return False
    except OSError:
        return True
    return False


BAD = [b"GET", b"GET /metrics", b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n", b"\r\n\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
       b"GET \x00 HTTP/1.1\r\n\r\n", b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx",
       b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
       b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET http://[::1 HTTP/1.1\r\n\r\n", b"GET /%zz?%00 HTTP/1.1\r\nHost: \xff\r\n\r\n",
       b"GET / HTTP/1.1\r\nX: " + b"a" * 100000, b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
       b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000, b"GET /metrics HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
       b"GET /metrics HTTP/1.1\r\n\r\n" * 500, b"OPTIONS * HTTP/1.1\r\n\r\n", b"CONNECT localhost:22 HTTP/1.1\r\n\r\n"]


def garbage(arguments):
    chance = random.Random(arguments.seed)
    for number in range(arguments.count):
        text = BAD[number % len(BAD)]
        if number // len(BAD) % 2:
            text = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 300)))
        try:
            with connect(arguments.at) as sock:
                sock.sendall(text)
                if chance.random() < 0.5:
                    sock.shutdown(socket.SHUT_WR)
                    closed(sock)
        except OSError:
            pass  # it closed first
    return 0


def crowd(arguments):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = min(400, hard - 50)  # fewer than wait for a server to accept them: none is turned away
    made, there = 0, {}
    poll = select.poll()
    while made < arguments.count or there:
        while made < arguments.count and len(there) < most:
            try:
                sock = connect(arguments.at)
            except OSError:
                break
            there[sock.fileno()] = sock
            poll.register(sock.fileno(), select.POLLIN)
            made += 1
        events = poll.poll(PATIENCE_S * 1000)
        if not events:
            print("%d connections stay open" % len(there))
            return 1
        for fd, _ in events:
            poll.unregister(fd)
            there.pop(fd).close()
    return 0


def deaf(arguments):
    sock = connect(arguments.at, 2048)
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % arguments.path.encode())
    time.sleep(PATIENCE_S)
    return 0


def drip(arguments):
    sock = connect(arguments.at)
    sock.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
    end = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < end:
            sock.sendall(b"x")
            if select.select([sock], [], [], 0.2)[0]:
                return 0
    except OSError:
        return 0
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(required=True)
    for function in (get, garbage, crowd, deaf, drip):
        kind = kinds.add_parser(function.__name__)
        kind.set_defaults(function=function)
        kind.add_argument("at")
        if function in (get, deaf):
            kind.add_argument("path")
        if function in (garbage, crowd):
            kind.add_argument("count", type=int)
        if function is garbage:
            kind.add_argument("seed", type=int)
        if function is get:
            kind.add_argument("-m", dest="method", default="GET")
            kind.add_argument("-H", dest="header", action="append", default=[])
            kind.add_argument("-s", dest="status", action="store_true")
            kind.add_argument("-w", dest="what")
    arguments = parser.parse_args()
    return arguments.function(arguments)


if __name__ == "__main__":
    sys.exit(main())
